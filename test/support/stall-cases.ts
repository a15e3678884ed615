/** Injected stalls: what a fleet holds, what is done to the cluster, and the true cause that must be named first. */
import { expect, vi } from 'vitest';
import type { ResolvedKustomization, ResolvedRepository } from '../../src/config/resolved-gitops.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { kustomization } from './flux-world.ts';

export interface StallCase {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** Applied and waited for before `files` take their place. */
  readonly before?: Readonly<Record<string, string>>;
  readonly units?: readonly ResolvedKustomization[];
  /** Instead of the folder. */
  readonly source?: ResolvedRepository['source'];
  readonly prepare?: (client: KubeClient) => Promise<void>;
  readonly object: RegExp;
  readonly reason: RegExp;
  /** Part of the message. */
  readonly says?: RegExp;
  readonly code?: string;
  readonly file?: RegExp;
  readonly withoutNodes?: boolean;
}

export const configMap = (name: string, more = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default}\ndata: {a: b}\n${more}`;
const nested = (name: string, spec: string): string =>
  `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: ${name}, namespace: flux-system}\nspec: {interval: 10m, prune: true, timeout: 5s, wait: true, ${spec}}\n`;
const FLEET = 'sourceRef: {kind: GitRepository, name: fleet}';
const release = (spec: string): string =>
  `apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop, namespace: flux-system}\nspec: {interval: 10m, timeout: 5s, targetNamespace: default, install: {remediation: {retries: 0}}, ${spec}}\n`;
const chart = (path: string): string => `chart: {spec: {chart: ${path}, reconcileStrategy: Revision, ${FLEET}}}`;

/** The pretended kubelet puts pods into the state that the annotation names. */
const deployment = (name: string, state: string, spec = ''): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: default}\nspec:\n  selector: {matchLabels: {app: ${name}}}\n  template:\n    metadata: {labels: {app: ${name}}, annotations: {test/state: ${state}}}\n    spec: {containers: [{name: main, image: example.invalid/${name}:1}]${spec}}\n`;

const remote = (url: string, more: object = {}): ResolvedRepository['source'] => ({
  type: 'git',
  address: { kind: 'http', url },
  ref: { branch: 'main' },
  interval: '1m',
  timeout: '5s',
  auth: undefined,
  caBundle: undefined,
  ...more,
});
const quick = (more: Partial<ResolvedKustomization> = {}): readonly ResolvedKustomization[] => [
  kustomization('app', { timeout: '4s', retryInterval: '5s', ...more }),
];

export function stallCases(addresses: { readonly locked: string; readonly open: string }): readonly StallCase[] {
  return [...buildCases, ...applyCases, ...graphCases, ...releaseCases, ...healthCases, ...sourceCases(addresses)];
}

const buildCases: readonly StallCase[] = [
  {
    name: 'YAML that does not parse',
    files: { 'app/web.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n bad: [\n' },
    object: /^Kustomization\/flux-system\/app$/,
    reason: /InvalidYaml|BuildFailed/,
    file: /app\/web\.yaml:4/,
  },
  {
    name: 'a resource file that is missing',
    files: { 'app/kustomization.yaml': 'resources: [gone.yaml]\n' },
    object: /^Kustomization\/flux-system\/app$/,
    reason: /PathMissing|BuildFailed/,
    says: /gone\.yaml/,
  },
  {
    name: 'a variable that is not set',
    files: { 'app/web.yaml': configMap('web').replace('{a: b}', '{a: "${colour}"}') },
    units: quick({ substitute: new Map([['size', { kind: 'literal', text: 'big' }]]) }),
    object: /web|Kustomization\/flux-system\/app/,
    reason: /SubstitutionFailed/,
    says: /colour/,
  },
  {
    name: 'an encrypted Secret without a key',
    files: {
      'app/web.yaml':
        'apiVersion: v1\nkind: Secret\nmetadata: {name: sealed, namespace: default}\ndata: {a: "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"}\nsops:\n  mac: "ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]"\n  version: 3.9.0\n',
    },
    object: /sealed/,
    reason: /DecryptionFailed/,
    file: /app\/web\.yaml:1:1/,
  },
  {
    name: 'two objects of one name',
    files: { 'app/a.yaml': configMap('web'), 'app/b.yaml': configMap('web') },
    object: /^Kustomization\/flux-system\/app$/,
    reason: /DuplicateObject|BuildFailed/,
    says: /web/,
  },
];

const policy = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: 'no-forbidden' },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }] },
    validations: [{ expression: "object.metadata.name != 'forbidden'", message: 'this name is taken by the law' }],
  },
};
const binding = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name: 'no-forbidden' },
  spec: { policyName: 'no-forbidden', validationActions: ['Deny'] },
};
/** A policy is in force some time after it was accepted; a case that begins before sees it obeyed by nobody. */
async function forbid(client: KubeClient): Promise<void> {
  await client.apply(policy);
  await client.apply(binding);
  const forbidden = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'forbidden', namespace: 'default' } };
  await vi.waitFor(() => expect(client.create(forbidden, { dryRun: true })).rejects.toThrow(/taken by the law/), {
    timeout: 60_000,
    interval: 200,
  });
}

const webhook = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'dead' },
  webhooks: [
    {
      name: 'dead.example.com',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Fail',
      timeoutSeconds: 1,
      clientConfig: { url: 'https://127.0.0.1:1/' },
      objectSelector: { matchLabels: { guarded: 'yes' } },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
    },
  ],
};

const applyCases: readonly StallCase[] = [
  {
    name: 'a field of the wrong type',
    files: { 'app/web.yaml': configMap('web').replace('{a: b}', '{a: {b: c}}') },
    object: /^ConfigMap\/default\/web$/,
    reason: /InvalidManifest/,
    file: /app\/web\.yaml:1:1/,
  },
  {
    name: 'a value the API refuses',
    files: { 'app/web.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: default}\nspec: {ports: [{port: 99999}]}\n' },
    object: /^Service\/default\/web$/,
    reason: /InvalidManifest/,
    says: /99999|port/,
  },
  {
    name: 'a kind that is not served',
    files: { 'app/web.yaml': 'apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: web, namespace: default}\n' },
    object: /Gadget/,
    reason: /KindNotServed/,
  },
  {
    name: 'a namespace that does not exist',
    files: { 'app/web.yaml': configMap('web').replace('namespace: default', 'namespace: nowhere') },
    object: /^ConfigMap\/nowhere\/web$/,
    reason: /NamespaceMissing/,
  },
  {
    name: 'an immutable field',
    before: { 'app/web.yaml': deployment('fixed', 'Running') },
    files: { 'app/web.yaml': deployment('fixed', 'Running').replaceAll('app: fixed', 'app: moved') },
    object: /^Deployment\/default\/fixed$/,
    reason: /ImmutableField/,
  },
  {
    name: 'a policy that denies',
    prepare: forbid,
    files: { 'app/web.yaml': configMap('forbidden') },
    object: /^ConfigMap\/default\/forbidden$/,
    reason: /DeniedByAdmission/,
    says: /taken by the law/,
  },
  {
    name: 'a webhook that does not answer',
    prepare: async (client) => void (await client.apply(webhook as never)),
    files: { 'app/web.yaml': configMap('guarded').replace('namespace: default', 'namespace: default, labels: {guarded: "yes"}') },
    object: /^ConfigMap\/default\/guarded$/,
    reason: /WebhookUnreachable/,
  },
  {
    name: 'a service account that may not',
    files: { 'app/web.yaml': configMap('web') },
    units: quick({ serviceAccountName: 'nobody' }),
    object: /ConfigMap\/default\/web|Kustomization\/flux-system\/app/,
    reason: /Forbidden/,
  },
];

const graphCases: readonly StallCase[] = [
  {
    name: 'a dependency that does not exist',
    files: { 'app/inner.yaml': nested('inner', `path: ./inner, dependsOn: [{name: ghost}], ${FLEET}`), 'inner/x.yaml': configMap('inner') },
    object: /^Kustomization\/flux-system\/inner$/,
    reason: /DependencyMissing/,
    says: /ghost/,
  },
  {
    name: 'dependencies in a circle',
    files: {
      'app/inner.yaml': `${nested('one', `path: ./inner, dependsOn: [{name: two}], ${FLEET}`)}---\n${nested('two', `path: ./inner, dependsOn: [{name: one}], ${FLEET}`)}`,
      'inner/x.yaml': configMap('inner'),
    },
    object: /^Kustomization\/flux-system\/(one|two)$/,
    reason: /DependencyCycle/,
  },
  {
    name: 'the path of a nested unit that is missing',
    files: { 'app/inner.yaml': nested('inner', `path: ./gone, ${FLEET}`) },
    object: /^Kustomization\/flux-system\/inner$/,
    reason: /PathMissing/,
    file: /app\/inner\.yaml:1:1/,
  },
  {
    name: 'the source of a nested unit that is missing',
    files: { 'app/inner.yaml': nested('inner', 'path: ./inner, sourceRef: {kind: GitRepository, name: ghost}') },
    object: /^Kustomization\/flux-system\/inner$/,
    reason: /SourceMissing/,
    says: /ghost/,
  },
  {
    name: 'a fault three units down',
    files: {
      'app/inner.yaml': nested('inner', `path: ./inner, ${FLEET}`),
      'inner/deep.yaml': nested('deep', `path: ./deep, ${FLEET}`),
      'deep/x.yaml': configMap('deep').replace('{a: b}', '{a: [b]}'),
    },
    object: /^ConfigMap\/default\/deep$/,
    reason: /InvalidManifest/,
    file: /deep\/x\.yaml:1:1/,
  },
];

const releaseCases: readonly StallCase[] = [
  {
    name: 'a chart that is missing',
    files: { 'app/release.yaml': release(chart('./charts/gone')) },
    object: /^HelmChart\/flux-system\/flux-system-shop$/,
    reason: /ChartPullError|InvalidChartReference|NoSource|ChartPull|Failed/,
  },
  {
    name: 'a template that does not render',
    files: {
      'app/release.yaml': release(chart('./charts/shop')),
      'charts/shop/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
      'charts/shop/templates/x.yaml': '{{ required "colour is needed" .Values.colour }}\n',
    },
    object: /^HelmRelease\/flux-system\/shop$/,
    reason: /InstallFailed/,
    says: /colour is needed/,
  },
  {
    name: 'values that are missing',
    files: {
      'app/release.yaml': release(`valuesFrom: [{kind: ConfigMap, name: ghost}], ${chart('./charts/shop')}`),
      'charts/shop/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
      'charts/shop/templates/x.yaml': '# nothing\n',
    },
    object: /^HelmRelease\/flux-system\/shop$/,
    reason: /ValuesError/,
    says: /ghost/,
  },
  {
    name: 'a workload of a release that cannot start',
    files: {
      'app/release.yaml': release(chart('./charts/shop')),
      'charts/shop/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
      'charts/shop/templates/x.yaml': deployment('shop', 'ImagePullBackOff'),
    },
    object: /^Pod\/default\/shop-/,
    reason: /ImagePullBackOff/,
  },
];

const widget = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec: {group: example.com, scope: Namespaced, names: {kind: Widget, plural: widgets}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {status: {type: object, x-kubernetes-preserve-unknown-fields: true, default: {conditions: [{type: Ready, status: "False", reason: NoPower, message: it is unplugged}]}}}}}}]}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w, namespace: default}
`;

const healthCases: readonly StallCase[] = [
  {
    name: 'an image that cannot be pulled',
    files: { 'app/web.yaml': deployment('pull', 'ImagePullBackOff') },
    units: quick(),
    object: /^Pod\/default\/pull-/,
    reason: /ImagePullBackOff/,
  },
  {
    name: 'a container that crashes',
    files: { 'app/web.yaml': deployment('crash', 'CrashLoopBackOff') },
    units: quick(),
    object: /^Pod\/default\/crash-/,
    reason: /CrashLoopBackOff/,
    says: /exit code 3/,
  },
  {
    name: 'a pod that no node takes',
    files: { 'app/web.yaml': deployment('big', 'Unschedulable') },
    units: quick(),
    object: /^Pod\/default\/big-/,
    reason: /Unschedulable/,
    says: /Insufficient/,
  },
  {
    name: 'a quota that is used up',
    files: {
      'app/web.yaml': `apiVersion: v1\nkind: Namespace\nmetadata: {name: poor}\n---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {name: none, namespace: poor}\nspec: {hard: {pods: "0"}}\n---\n${deployment('beggar', 'Running').replace('namespace: default', 'namespace: poor')}`,
    },
    units: quick(),
    object: /^ReplicaSet\/poor\/beggar-/,
    reason: /QuotaExceeded/,
    says: /exceeded quota/,
  },
  {
    name: 'a claim without a storage class',
    files: {
      'app/web.yaml': `apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: disk, namespace: default}\nspec: {accessModes: [ReadWriteOnce], storageClassName: ghost, resources: {requests: {storage: 1Gi}}}\n---\n${deployment('keeper', 'Pending', ', volumes: [{name: d, persistentVolumeClaim: {claimName: disk}}]')}`,
    },
    units: quick(),
    object: /^PersistentVolumeClaim\/default\/disk$/,
    reason: /ProvisioningFailed|Pending/,
    says: /ghost/,
  },
  {
    name: 'a custom resource that says why',
    files: { 'app/web.yaml': widget },
    units: quick(),
    object: /^Widget\/default\/w$/,
    reason: /NoPower/,
    says: /unplugged/,
  },
  {
    name: 'pods on a cluster without nodes',
    files: { 'app/web.yaml': deployment('idle', 'Pending') },
    units: quick({ timeout: '10m' }),
    withoutNodes: true,
    object: /^Pod\/default\/idle-/,
    reason: /CannotRunHere/,
    code: 'SLW-FLX-003',
  },
];

function sourceCases({ locked, open }: { readonly locked: string; readonly open: string }): readonly StallCase[] {
  return [
    {
      name: 'a token that is refused',
      files: {},
      source: remote(locked),
      object: /^GitRepository\/flux-system\/fleet$/,
      reason: /AuthenticationFailed|GitOperationFailed/,
      code: 'SLW-FLX-005',
    },
    {
      name: 'a remote that does not answer',
      files: {},
      source: remote('http://127.0.0.1:1/fleet.git'),
      object: /^GitRepository\/flux-system\/fleet$/,
      reason: /GitOperationFailed/,
      code: 'SLW-FLX-004',
      says: /refused/,
    },
    {
      name: 'a branch that does not exist',
      files: {},
      source: remote(open, { ref: { branch: 'gone' } }),
      object: /^GitRepository\/flux-system\/fleet$/,
      reason: /GitOperationFailed/,
      code: 'SLW-FLX-004',
      says: /gone|reference not found|couldn't find/,
    },
    {
      name: 'a repository that does not exist',
      files: {},
      source: remote(open.replace('fleet.git', 'ghost.git')),
      object: /^GitRepository\/flux-system\/fleet$/,
      reason: /GitOperationFailed|AuthenticationFailed/,
    },
  ];
}
