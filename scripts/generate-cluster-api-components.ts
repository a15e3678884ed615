/**
 * Renders the component manifests of the Cluster API providers from the Go modules pinned in toolchain/go.mod, as `config/default` of each
 * module has it, without cert-manager: `src/capi/components/PROVIDER.json`. Descriptions in schemas are left out: they are three
 * quarters of the size and say nothing to the API server (`kubectl explain` shows fields and types without prose).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { writePage } from './generated-page.ts';

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

interface Provider {
  readonly module: string;
  /** Folder of the provider in its module. */
  readonly folder: string;
  readonly prefix: string;
  /** Value of the label `cluster.x-k8s.io/provider`. */
  readonly label: string;
  readonly image: string;
  readonly hasContract: boolean;
  /** Only definitions and webhooks of these kinds. */
  readonly resources?: RegExp;
}

const root = join(import.meta.dirname, '..');
const CLUSTER_API = 'sigs.k8s.io/cluster-api';
const providers: Readonly<Record<string, Provider>> = {
  core: {
    module: CLUSTER_API,
    folder: 'core',
    prefix: 'capi-',
    label: 'cluster-api',
    image: 'registry.k8s.io/cluster-api/cluster-api-controller',
    hasContract: false,
  },
  'kubeadm-bootstrap': {
    module: CLUSTER_API,
    folder: 'bootstrap/kubeadm',
    prefix: 'capi-kubeadm-bootstrap-',
    label: 'bootstrap-kubeadm',
    image: 'registry.k8s.io/cluster-api/kubeadm-bootstrap-controller',
    hasContract: true,
  },
  'kubeadm-control-plane': {
    module: CLUSTER_API,
    folder: 'controlplane/kubeadm',
    prefix: 'capi-kubeadm-control-plane-',
    label: 'control-plane-kubeadm',
    image: 'registry.k8s.io/cluster-api/kubeadm-control-plane-controller',
    hasContract: true,
  },
  // Cluster API's own Dev* kinds; the Docker* kinds beside them end with v1.15.
  'in-memory': {
    module: `${CLUSTER_API}/test`,
    folder: 'infrastructure/docker',
    prefix: 'capd-',
    label: 'infrastructure-docker',
    image: 'slipway.dev/in-memory-provider',
    hasContract: true,
    resources: /^dev/,
  },
};

/** Beyond the defaults of the manifests: ClusterClass, which is off there. */
const VARIABLES: Readonly<Record<string, string>> = { CLUSTER_TOPOLOGY: 'true' };

function moduleOf(module: string): { dir: string; version: string } {
  const format = '{{.Dir}} {{.Version}}';
  const text = execFileSync('go', ['list', '-m', '-f', format, module], { cwd: join(root, 'toolchain'), encoding: 'utf8' }).trim();
  const [dir = '', version = ''] = text.split(' ');
  if (dir === '') throw new Error(`module ${module} is not in the module cache: run go mod download in toolchain/`);
  return { dir, version };
}

/** `${NAME:=default}` as clusterctl substitutes it. */
const substitute = (text: string): string =>
  text.replace(/\$\{(\w+):=([^}]*)\}/g, (_whole, name: string, fallback: string) => VARIABLES[name] ?? fallback);

function load(...path: string[]): Manifest[] {
  return parseAllDocuments(substitute(readFileSync(join(...path), 'utf8')))
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);
}

type Schema = Record<string, unknown>;

/** Walks by the grammar of structural schemas: a property may itself be called `description`. */
function withoutDescriptions(schema: Schema): Schema {
  const under = (value: unknown): unknown => (isMapping(value) ? withoutDescriptions(value) : value);
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
      if (key === 'description') return [];
      if (key === 'properties')
        return [[key, Object.fromEntries(Object.entries(value as Schema).map(([name, inner]) => [name, under(inner)]))]];
      if (['items', 'additionalProperties', 'not'].includes(key)) return [[key, under(value)]];
      if (['allOf', 'anyOf', 'oneOf'].includes(key)) return [[key, (value as unknown[]).map(under)]];
      return [[key, value]];
    }),
  );
}

const isMapping = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value);

interface Version {
  schema: { openAPIV3Schema: Schema };
  additionalPrinterColumns?: { description?: string }[];
}
interface Definition {
  names: { plural: string };
  versions: Version[];
  conversion?: unknown;
}

function definitions(dir: string, provider: Provider): Manifest[] {
  const folder = join(dir, provider.folder, 'config/crd/bases');
  const objects = readdirSync(folder)
    .sort()
    .flatMap((file) => load(folder, file))
    .filter((object) => provider.resources?.test((object['spec'] as Definition).names.plural) ?? true);
  return objects.map((object) => {
    const spec = object['spec'] as Definition;
    for (const version of spec.versions) {
      version.schema.openAPIV3Schema = withoutDescriptions(version.schema.openAPIV3Schema);
      for (const column of version.additionalPrinterColumns ?? []) delete column.description;
    }
    if (spec.versions.length > 1) spec.conversion = conversion(provider);
    const { 'controller-gen.kubebuilder.io/version': _generator, ...annotations } = object.metadata.annotations ?? {};
    const contract = { 'cluster.x-k8s.io/v1beta1': 'v1beta1', 'cluster.x-k8s.io/v1beta2': 'v1beta2' };
    const metadata = {
      name: object.metadata.name,
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ...(provider.hasContract && { labels: contract }),
    };
    return { apiVersion: object.apiVersion, kind: object.kind, metadata, spec };
  });
}

const namespaceOf = ({ prefix }: Provider): string => `${prefix}system`;
const serviceOf = (provider: Provider, path: string): unknown => ({
  service: { name: `${provider.prefix}webhook-service`, namespace: namespaceOf(provider), path },
});

const conversion = (provider: Provider): unknown => ({
  strategy: 'Webhook',
  webhook: { conversionReviewVersions: ['v1'], clientConfig: serviceOf(provider, '/convert') },
});

interface Webhook {
  clientConfig: { service: { path: string } };
  rules: { resources: string[] }[];
}

function admission(dir: string, provider: Provider): Manifest[] {
  return load(dir, provider.folder, 'config/webhook/manifests.yaml').map((object) => {
    const webhooks = (object['webhooks'] as Webhook[])
      .filter(({ rules }) => rules.every(({ resources }) => resources.every((resource) => provider.resources?.test(resource) ?? true)))
      .map((webhook) => ({ ...webhook, clientConfig: serviceOf(provider, webhook.clientConfig.service.path) }));
    return { ...object, metadata: { name: `${provider.prefix}${object.metadata.name}` }, webhooks };
  });
}

/** What `namespace` and `namePrefix` of kustomize do to roles, bindings and accounts. */
function access(dir: string, provider: Provider): Manifest[] {
  const { prefix } = provider;
  const folder = join(dir, provider.folder, 'config');
  const objects = readdirSync(join(folder, 'rbac'))
    .filter((file) => file !== 'kustomization.yaml')
    .sort()
    .flatMap((file) => load(folder, 'rbac', file));
  const patch = join(folder, 'default/manager_role_aggregation_patch.yaml');
  const patches = existsSync(patch) ? load(patch) : [];
  return objects.map((object) => {
    const change = patches.find(({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name);
    const merged: Manifest = { ...object, ...change, metadata: { ...object.metadata, ...change?.metadata } };
    const isNamespaced = ['ServiceAccount', 'Role', 'RoleBinding'].includes(merged.kind);
    const roleRef = merged['roleRef'] as { name: string } | undefined;
    return {
      ...merged,
      metadata: { ...merged.metadata, name: prefix + merged.metadata.name, ...(isNamespaced && { namespace: namespaceOf(provider) }) },
      ...(roleRef && {
        roleRef: { ...roleRef, name: prefix + roleRef.name },
        subjects: [{ kind: 'ServiceAccount', name: `${prefix}manager`, namespace: namespaceOf(provider) }],
      }),
    };
  });
}

interface Container {
  image: string;
  args: string[];
  env: { name: string }[];
  ports: unknown[];
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
  securityContext: unknown;
  [field: string]: unknown;
}
interface PodSpec {
  containers: Container[];
  serviceAccountName: string;
  volumes?: { name: string }[];
  [field: string]: unknown;
}

const RESTRICTED = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  privileged: false,
  runAsUser: 65532,
  runAsGroup: 65532,
};

function deployment(dir: string, provider: Provider, version: string): Manifest {
  const [object] = load(dir, provider.folder, 'config/manager/manager.yaml');
  const spec = object?.['spec'] as { selector: { matchLabels: object }; template: { metadata: { labels: object }; spec: PodSpec } };
  const pod = spec.template.spec;
  const container = pod.containers[0];
  if (!object || !container?.args.includes('--leader-elect'))
    throw new Error(`${provider.label}: the Deployment is not the one known here`);
  const label = { 'cluster.x-k8s.io/provider': provider.label };
  Object.assign(spec.selector.matchLabels, label);
  Object.assign(spec.template.metadata.labels, label);
  Object.assign(container, {
    image: `${provider.image}:${version}`,
    imagePullPolicy: 'IfNotPresent',
    // No container is started by this one: it needs neither Docker nor its rights.
    env: container.env.filter(({ name }) => name !== 'DOCKER_HOST'),
    securityContext: RESTRICTED,
    ports: [{ containerPort: 9443, name: 'webhook-server', protocol: 'TCP' }, ...container.ports],
    volumeMounts: [{ mountPath: '/tmp/k8s-webhook-server/serving-certs', name: 'cert', readOnly: true }],
  });
  Object.assign(pod, {
    serviceAccountName: `${provider.prefix}manager`,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    volumes: [{ name: 'cert', secret: { secretName: `${provider.prefix}webhook-service-cert` } }],
  });
  const metadata = { ...object.metadata, name: `${provider.prefix}controller-manager`, namespace: namespaceOf(provider) };
  return { ...object, metadata };
}

function service(provider: Provider): Manifest {
  const selector = { 'cluster.x-k8s.io/provider': provider.label };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${provider.prefix}webhook-service`, namespace: namespaceOf(provider) },
    spec: { ports: [{ port: 443, targetPort: 'webhook-server' }], selector },
  };
}

function labelled(object: Manifest, { label }: Provider): Manifest {
  const { apiVersion, kind, metadata, ...rest } = object;
  const labels = { ...metadata.labels, 'cluster.x-k8s.io/provider': label, 'clusterctl.cluster.x-k8s.io': '' };
  return { apiVersion, kind, metadata: { ...metadata, labels }, ...rest };
}

function render(provider: Provider): string {
  const { dir, version } = moduleOf(provider.module);
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespaceOf(provider), labels: { 'control-plane': 'controller-manager' } },
  };
  const items = [
    namespace,
    ...definitions(dir, provider),
    ...access(dir, provider),
    service(provider),
    deployment(dir, provider, version),
    ...admission(dir, provider),
  ];
  const header = 'Generated by scripts/generate-cluster-api-components.ts from the modules pinned in toolchain/go.mod. Do not edit.';
  const annotations = JSON.stringify({ header, module: provider.module, version });
  const lines = items.map((object) => linesOf(labelled(object, provider)));
  return `{"apiVersion": "v1", "kind": "List", "metadata": {"annotations": ${annotations}}, "items": [\n${lines.join(',\n')}\n]}\n`;
}

/** Indented, but each schema on one line: diffs stay readable and files small. */
function linesOf(object: Manifest): string {
  const schemas: string[] = [];
  const text = JSON.stringify(
    object,
    (key, value: unknown) => (key === 'openAPIV3Schema' ? `@${schemas.push(JSON.stringify(value)) - 1}@` : value),
    1,
  );
  return text.replace(/"@(\d+)@"/g, (_whole, index: string) => schemas[Number(index)] ?? '');
}

for (const [name, provider] of Object.entries(providers)) writePage(`src/capi/components/${name}.json`, render(provider));
