/**
 * Renders src/flux/components/v2.9.json from the Flux controllers pinned in toolchain/go.mod: what `flux install` would
 * apply for source-, kustomize- and helm-controller, offline and in review form. `--check` only compares.
 * CRDs, Deployments and the Service are the controllers' own files; access rules, quota, policies and labels follow
 * fluxcd/flux2 manifests/{bases,rbac,policies} (Apache-2.0), bound to the three controllers installed here.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; [field: string]: unknown };
  [field: string]: unknown;
}

interface Container {
  image: string;
  args: string[];
  env: unknown[];
}

interface DeploymentSpec {
  template: { metadata: { labels: Record<string, string> }; spec: Record<string, unknown> & { containers: Container[] } };
}

const root = join(import.meta.dirname, '..');
const output = join(root, 'src/flux/components/v2.9.json');
const VERSION = 'v2.9';
const NAMESPACE = 'flux-system';
const LABELS = { 'app.kubernetes.io/instance': NAMESPACE, 'app.kubernetes.io/part-of': 'flux', 'app.kubernetes.io/version': VERSION };
const controllers = ['source-controller', 'kustomize-controller', 'helm-controller'] as const;
/** Beyond `flux install`: without it a commit that mends another waits until the health checks of the broken one time out. */
const EXTRA_ARGS: Readonly<Record<string, readonly string[]>> = {
  'kustomize-controller': ['--feature-gates=CancelHealthCheckOnNewRevision=true'],
};
const API_GROUPS = ['source', 'kustomize', 'helm', 'notification', 'image'].map((group) => `${group}.toolkit.fluxcd.io`);

function moduleOf(name: string): { dir: string; version: string } {
  const format = '{{.Dir}} {{.Version}}';
  const text = execFileSync('go', ['list', '-m', '-f', format, `github.com/fluxcd/${name}`], {
    cwd: join(root, 'toolchain'),
    encoding: 'utf8',
  }).trim();
  const [dir = '', version = ''] = text.split(' ');
  if (dir === '') throw new Error(`module of ${name} is not in the module cache: run go mod download in toolchain/`);
  return { dir, version };
}

function load(...path: string[]): Manifest {
  return parse(readFileSync(join(...path), 'utf8')) as Manifest;
}

/** The files a kustomization.yaml lists, in its order. */
function listed(...folder: string[]): Manifest[] {
  const { resources } = parse(readFileSync(join(...folder, 'kustomization.yaml'), 'utf8')) as { resources: string[] };
  return resources.map((file) => load(...folder, file));
}

function controller(name: string): Manifest[] {
  const { dir, version } = moduleOf(name);
  const crds = listed(dir, 'config/crd');
  const workloads = listed(dir, 'config/manager').map((object) =>
    object.kind === 'Deployment' ? deployment(object, name, version) : object,
  );
  const account: Manifest = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
  return [...crds, account, ...workloads].map((object) => labelled(object, { 'app.kubernetes.io/component': name }));
}

function deployment(object: Manifest, name: string, version: string): Manifest {
  const spec = object['spec'] as DeploymentSpec;
  const container = spec.template.spec.containers[0];
  if (!container?.args.includes('--watch-all-namespaces')) throw new Error(`${name}: the Deployment is not the one this script knows`);
  container.image = `ghcr.io/fluxcd/${name}:${version}`;
  // notification-controller is not installed: without the empty address events would be posted to nobody.
  container.args = [
    '--events-addr=',
    '--watch-all-namespaces=true',
    ...container.args.filter((arg) => arg !== '--watch-all-namespaces'),
  ].map((arg) => (arg.startsWith('--storage-adv-addr=') ? `--storage-adv-addr=${name}.$(RUNTIME_NAMESPACE).svc.cluster.local.` : arg));
  container.args.push(...(EXTRA_ARGS[name] ?? []));
  container.env.push({ name: 'GOMEMLIMIT', valueFrom: { resourceFieldRef: { containerName: 'manager', resource: 'limits.memory' } } });
  Object.assign(spec.template.spec, {
    serviceAccountName: name,
    priorityClassName: 'system-cluster-critical',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
  });
  Object.assign(spec.template.metadata.labels, LABELS, { 'app.kubernetes.io/component': name });
  return object;
}

function labelled(object: Manifest, labels: Record<string, string> = {}): Manifest {
  const isNamespaced = ['ServiceAccount', 'Deployment', 'Service', 'NetworkPolicy', 'ResourceQuota'].includes(object.kind);
  const metadata = {
    ...object.metadata,
    ...(isNamespaced && { namespace: NAMESPACE }),
    labels: { ...object.metadata.labels, ...LABELS, ...labels },
  };
  const { apiVersion, kind, metadata: _old, ...rest } = object;
  return { apiVersion, kind, metadata, ...rest };
}

const subjects = (names: readonly string[]): unknown[] => names.map((name) => ({ kind: 'ServiceAccount', name, namespace: NAMESPACE }));
const rbac = (
  kind: string,
  name: string,
  { labels, ...rest }: { labels?: Record<string, string>; [field: string]: unknown },
): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name: `${name}-${NAMESPACE}`, ...(labels && { labels }) },
  ...rest,
});
const aggregate = (...roles: string[]): Record<string, string> =>
  Object.fromEntries(roles.map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']));
const rule = (apiGroups: string[], resources: string[], verbs: string[]): unknown => ({ apiGroups, resources, verbs });

function accessRules(): Manifest[] {
  const groups = [...API_GROUPS, 'source.extensions.fluxcd.io'];
  const lifecycle = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
  const rules = [
    ...groups.map((group) => rule([group], ['*'], ['*'])),
    rule([''], ['namespaces', 'secrets', 'configmaps', 'serviceaccounts'], ['get', 'list', 'watch']),
    rule([''], ['events'], ['create', 'patch']),
    rule([''], ['configmaps'], lifecycle),
    rule([''], ['configmaps/status'], ['get', 'update', 'patch']),
    rule(['coordination.k8s.io'], ['leases'], lifecycle),
    rule([''], ['serviceaccounts/token'], ['create']),
    { nonResourceURLs: ['/livez/ping'], verbs: ['head'] },
  ];
  const toRole = (name: string): unknown => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name });
  return [
    rbac('ClusterRole', 'crd-controller', { rules }),
    rbac('ClusterRole', 'flux-edit', {
      rules: [rule(groups, ['*'], ['create', 'delete', 'deletecollection', 'patch', 'update'])],
      labels: aggregate('edit', 'admin'),
    }),
    rbac('ClusterRole', 'flux-view', {
      rules: [rule(groups, ['*'], ['get', 'list', 'watch'])],
      labels: aggregate('admin', 'edit', 'view'),
    }),
    rbac('ClusterRoleBinding', 'crd-controller', { roleRef: toRole(`crd-controller-${NAMESPACE}`), subjects: subjects(controllers) }),
    rbac('ClusterRoleBinding', 'cluster-reconciler', {
      roleRef: toRole('cluster-admin'),
      subjects: subjects(['kustomize-controller', 'helm-controller']),
    }),
  ];
}

function policies(): Manifest[] {
  const policy = (name: string, spec: unknown): Manifest => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name },
    spec,
  });
  const quota = {
    hard: { pods: '1000' },
    scopeSelector: {
      matchExpressions: [{ operator: 'In', scopeName: 'PriorityClass', values: ['system-node-critical', 'system-cluster-critical'] }],
    },
  };
  return [
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: `critical-pods-${NAMESPACE}` }, spec: quota },
    policy('allow-egress', {
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ podSelector: {} }] }],
      egress: [{}],
      podSelector: {},
    }),
    policy('allow-scraping', {
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ protocol: 'TCP', port: 8080 }] }],
      podSelector: {},
    }),
  ];
}

function render(): string {
  const namespace: Manifest = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: NAMESPACE,
      labels: { 'pod-security.kubernetes.io/warn': 'restricted', 'pod-security.kubernetes.io/warn-version': 'latest' },
    },
  };
  const items = [
    labelled(namespace),
    ...[...accessRules(), ...policies()].map((object) => labelled(object)),
    ...controllers.flatMap(controller),
  ];
  const versions = Object.fromEntries(controllers.map((name) => [name, moduleOf(name).version]));
  const header = 'Generated by scripts/generate-flux-components.ts from the modules pinned in toolchain/go.mod. Do not edit.';
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', metadata: { annotations: { header, flux: VERSION, ...versions } }, items }, undefined, 1)}\n`;
}

const text = render();
if (!process.argv.includes('--check')) writeFileSync(output, text);
else if (readFileSync(output, 'utf8') !== text) {
  console.error(`${output} is not what toolchain/go.mod gives: run node scripts/generate-flux-components.ts`);
  process.exitCode = 1;
}
