/** Cluster API objects for the pivot's suites and its benchmark: what a platform team has, small, by the v1beta2 contract. */
import type { KubeObject, ObjectRef } from '../../src/kube/types.ts';

const CORE = 'cluster.x-k8s.io/v1beta2';
const BOOTSTRAP = 'bootstrap.cluster.x-k8s.io/v1beta2';
const CONTROL_PLANE = 'controlplane.cluster.x-k8s.io/v1beta2';
const INFRASTRUCTURE = 'infrastructure.cluster.x-k8s.io/v1beta2';
const ADDONS = 'addons.cluster.x-k8s.io/v1beta2';
export const VERSION = 'v1.34.0';

export interface ClusterShape {
  readonly name: string;
  readonly namespace: string;
  readonly controlPlanes?: number;
  readonly workers?: number;
  readonly paused?: boolean;
  /** Name of a Secret whose key `token` every worker gets as a file: a plain reference, no owner, no label. */
  readonly fileSecret?: string;
}

const meta = (name: string, namespace: string, more: Readonly<Record<string, unknown>> = {}): KubeObject['metadata'] => ({
  name,
  namespace,
  ...more,
});

export const namespaceObject = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

const machineTemplate = (name: string, namespace: string): KubeObject => ({
  apiVersion: INFRASTRUCTURE,
  kind: 'DevMachineTemplate',
  metadata: meta(name, namespace),
  spec: { template: { spec: { backend: { inMemory: inMemoryMachine } } } },
});

const none = { provisioning: { startupDuration: '0s' } };
const inMemoryMachine = { vm: none, node: none, apiServer: none, etcd: none };

const kubeadmTemplate = (name: string, namespace: string, fileSecret?: string): KubeObject => {
  const joinConfiguration = { nodeRegistration: { criSocket: 'unix:///var/run/containerd/containerd.sock' } };
  const files = [{ path: '/etc/site/token', contentFrom: { secret: { name: fileSecret, key: 'token' } } }];
  return {
    apiVersion: BOOTSTRAP,
    kind: 'KubeadmConfigTemplate',
    metadata: meta(name, namespace),
    spec: { template: { spec: { joinConfiguration, ...(fileSecret !== undefined && { files }) } } },
  };
};

/** A Secret of the platform team's, with nothing on it that a tool could know it by. */
export const fileSecret = (name: string, namespace: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: meta(name, namespace),
  type: 'Opaque',
  stringData: { token: 'not-a-real-token' },
});

const kubeadmConfigSpec = { clusterConfiguration: { apiServer: { certSANs: ['localhost', '127.0.0.1'] } } };

/** ClusterClass `in-memory` with its templates. */
export function clusterClass(namespace: string): readonly KubeObject[] {
  const ref = (apiVersion: string, kind: string, name: string): unknown => ({ templateRef: { apiVersion, kind, name } });
  return [
    {
      apiVersion: INFRASTRUCTURE,
      kind: 'DevClusterTemplate',
      metadata: meta('in-memory-cluster', namespace),
      spec: { template: { spec: { backend: { inMemory: {} } } } },
    },
    {
      apiVersion: CONTROL_PLANE,
      kind: 'KubeadmControlPlaneTemplate',
      metadata: meta('in-memory-control-plane', namespace),
      spec: { template: { spec: { kubeadmConfigSpec } } },
    },
    machineTemplate('in-memory-control-plane', namespace),
    machineTemplate('in-memory-worker', namespace),
    kubeadmTemplate('in-memory-worker', namespace),
    {
      apiVersion: CORE,
      kind: 'ClusterClass',
      metadata: meta('in-memory', namespace),
      spec: {
        infrastructure: ref(INFRASTRUCTURE, 'DevClusterTemplate', 'in-memory-cluster'),
        controlPlane: {
          ...(ref(CONTROL_PLANE, 'KubeadmControlPlaneTemplate', 'in-memory-control-plane') as object),
          machineInfrastructure: ref(INFRASTRUCTURE, 'DevMachineTemplate', 'in-memory-control-plane'),
          healthCheck: { checks: healthChecks },
        },
        workers: {
          machineDeployments: [
            {
              class: 'default-worker',
              bootstrap: ref(BOOTSTRAP, 'KubeadmConfigTemplate', 'in-memory-worker'),
              infrastructure: ref(INFRASTRUCTURE, 'DevMachineTemplate', 'in-memory-worker'),
              healthCheck: { checks: healthChecks },
            },
          ],
        },
      },
    },
  ];
}

const healthChecks = { unhealthyNodeConditions: [{ type: 'Ready', status: 'Unknown', timeoutSeconds: 300 }] };

const clusterNetwork = {
  services: { cidrBlocks: ['10.128.0.0/12'] },
  pods: { cidrBlocks: ['192.168.0.0/16'] },
  serviceDomain: 'cluster.local',
};

const pausing = (paused: boolean | undefined): object => (paused ? { paused } : {});

/** A Cluster by the ClusterClass of its namespace. */
export function classCluster({ name, namespace, controlPlanes = 1, workers = 1, paused }: ClusterShape): readonly KubeObject[] {
  const machineDeployments = workers === 0 ? [] : [{ class: 'default-worker', name: 'md-0', replicas: workers }];
  return [
    {
      apiVersion: CORE,
      kind: 'Cluster',
      metadata: meta(name, namespace),
      spec: {
        ...pausing(paused),
        clusterNetwork,
        topology: {
          classRef: { name: 'in-memory', namespace },
          version: VERSION,
          controlPlane: { replicas: controlPlanes },
          workers: { machineDeployments },
        },
      },
    },
  ];
}

const apiGroup = (apiVersion: string): string => apiVersion.split('/')[0] ?? '';
const reference = (apiVersion: string, kind: string, name: string): object => ({ apiGroup: apiGroup(apiVersion), kind, name });

/** A Cluster of plain objects, with a MachineHealthCheck for its workers. */
export function plainCluster(shape: ClusterShape): readonly KubeObject[] {
  const { name, namespace, controlPlanes = 1, workers = 1, paused } = shape;
  return [
    {
      apiVersion: CORE,
      kind: 'Cluster',
      metadata: meta(name, namespace),
      spec: {
        ...pausing(paused),
        clusterNetwork,
        controlPlaneRef: reference(CONTROL_PLANE, 'KubeadmControlPlane', name),
        infrastructureRef: reference(INFRASTRUCTURE, 'DevCluster', name),
      },
    },
    {
      apiVersion: INFRASTRUCTURE,
      kind: 'DevCluster',
      // The in-memory backend writes into this map and panics where there is none.
      metadata: meta(name, namespace, { annotations: { 'example.com/team': 'ships' } }),
      spec: { backend: { inMemory: {} } },
    },
    machineTemplate(`${name}-control-plane`, namespace),
    {
      apiVersion: CONTROL_PLANE,
      kind: 'KubeadmControlPlane',
      metadata: meta(name, namespace),
      spec: {
        replicas: controlPlanes,
        version: VERSION,
        machineTemplate: { spec: { infrastructureRef: reference(INFRASTRUCTURE, 'DevMachineTemplate', `${name}-control-plane`) } },
        kubeadmConfigSpec,
      },
    },
    ...(workers === 0 ? [] : workerPool(shape)),
  ];
}

function workerPool({ name, namespace, workers = 1, fileSecret: secret }: ClusterShape): readonly KubeObject[] {
  const pool = `${name}-md-0`;
  return [
    machineTemplate(pool, namespace),
    kubeadmTemplate(pool, namespace, secret),
    {
      apiVersion: CORE,
      kind: 'MachineDeployment',
      metadata: meta(pool, namespace),
      spec: {
        clusterName: name,
        replicas: workers,
        selector: { matchLabels: { 'example.com/pool': pool } },
        template: {
          metadata: { labels: { 'example.com/pool': pool } },
          spec: {
            clusterName: name,
            version: VERSION,
            bootstrap: { configRef: reference(BOOTSTRAP, 'KubeadmConfigTemplate', pool) },
            infrastructureRef: reference(INFRASTRUCTURE, 'DevMachineTemplate', pool),
          },
        },
      },
    },
    {
      apiVersion: CORE,
      kind: 'MachineHealthCheck',
      metadata: meta(pool, namespace),
      spec: { clusterName: name, selector: { matchLabels: { 'example.com/pool': pool } }, checks: healthChecks },
    },
  ];
}

/** A ClusterResourceSet that puts a ConfigMap on every cluster with the label. */
export function resourceSet(namespace: string, label: Readonly<Record<string, string>>): readonly KubeObject[] {
  const inner = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'from-set', namespace: 'default' }, data: { made: 'once' } };
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('set-payload', namespace), data: { 'payload.yaml': JSON.stringify(inner) } },
    {
      apiVersion: ADDONS,
      kind: 'ClusterResourceSet',
      metadata: meta('set', namespace),
      spec: { clusterSelector: { matchLabels: label }, strategy: 'ApplyOnce', resources: [{ name: 'set-payload', kind: 'ConfigMap' }] },
    },
  ];
}

/** A kind of nobody's provider, as a secrets operator brings it. */
export const externalSecretDefinition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'externalsecrets.external-secrets.io' },
  spec: {
    group: 'external-secrets.io',
    names: { kind: 'ExternalSecret', plural: 'externalsecrets', singular: 'externalsecret', listKind: 'ExternalSecretList' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

export const externalSecret = (namespace: string): KubeObject => ({
  apiVersion: 'external-secrets.io/v1',
  kind: 'ExternalSecret',
  metadata: meta('cloud-credentials', namespace),
  spec: { secretStoreRef: { name: 'vault' } },
});

/** The Secret an ExternalSecret made: labelled for the move, owned from outside. */
export const credentials = (owner: KubeObject): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: meta('cloud-credentials', owner.metadata.namespace ?? 'default', {
    labels: { 'clusterctl.cluster.x-k8s.io/move': 'true' },
    ownerReferences: [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid ?? '' }],
  }),
  type: 'Opaque',
  stringData: { token: 'not-a-real-token' },
});

/** An owner that was deleted without garbage collection. */
export const DANGLING_OWNER = { apiVersion: 'v1', kind: 'Secret', name: 'shim-long-gone', uid: '00000000-0000-4000-8000-000000000000' };

export const clusterRef = (namespace: string, name: string): ObjectRef => ({ apiVersion: CORE, kind: 'Cluster', namespace, name });
