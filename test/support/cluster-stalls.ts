/** Clusters that cannot become available, each for one reason that was put there on purpose, and the cause that must be named first. */
import type { KubeObject } from '../../src/kube/types.ts';
import { plainCluster, VERSION } from './capi-fixtures.ts';

export interface ClusterStall {
  readonly name: string;
  readonly what: string;
  readonly namespace?: string;
  /** Applied in this order. */
  readonly objects: readonly KubeObject[];
  /** `Kind/namespace/name` or its beginning. */
  readonly object: string;
  readonly reason?: string;
  readonly message?: RegExp;
}

type Draft = { -readonly [K in keyof KubeObject]: KubeObject[K] } & { spec: Record<string, unknown> };

/** A small cluster with one object spoilt; undefined drops it. */
function spoilt(name: string, kind: string, spoil: (object: Draft) => void, workers = 0): readonly KubeObject[] {
  return plainCluster({ name, namespace: 'stalls', controlPlanes: 1, workers }).map((object) => {
    const copy = structuredClone(object) as Draft;
    if (object.kind === kind) spoil(copy);
    return copy;
  });
}

const without = (objects: readonly KubeObject[], kind: string): readonly KubeObject[] => objects.filter((object) => object.kind !== kind);

const annotated = (object: Draft, annotations: Readonly<Record<string, string>>): void => {
  object.metadata = { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } };
};

function startsNever(object: Draft, part: 'vm' | 'node'): void {
  const template = (object.spec['template'] as { spec: { backend: { inMemory: Record<string, unknown> } } }).spec.backend.inMemory;
  template[part] = { provisioning: { startupDuration: '100h' } };
}

const GIZMO = { apiVersion: 'infrastructure.cluster.x-k8s.io/v1', kind: 'GizmoCluster' };

/** An infrastructure kind that does not say which contract it keeps. */
export const gizmoDefinition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gizmoclusters.infrastructure.cluster.x-k8s.io' },
  spec: {
    group: 'infrastructure.cluster.x-k8s.io',
    scope: 'Namespaced',
    names: { kind: 'GizmoCluster', plural: 'gizmoclusters', singular: 'gizmocluster', listKind: 'GizmoClusterList' },
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

const refTo = (apiGroup: string, kind: string, name: string): Readonly<Record<string, string>> => ({ apiGroup, kind, name });
const INFRASTRUCTURE = 'infrastructure.cluster.x-k8s.io';

const gizmo: KubeObject = {
  ...GIZMO,
  metadata: { name: 'contractless', namespace: 'stalls' },
  spec: { controlPlaneEndpoint: { host: '127.0.0.1', port: 1 } },
  status: { initialization: { provisioned: true }, ready: true },
};

/** They need nothing but time: all may stand side by side. */
export const stalls: readonly ClusterStall[] = [
  {
    name: 'paused',
    what: 'it is paused',
    objects: plainCluster({ name: 'paused', namespace: 'stalls', workers: 0, paused: true }),
    object: 'Cluster/stalls/paused',
    reason: 'Paused',
  },
  {
    name: 'infra-paused',
    what: 'its infrastructure carries the pause annotation',
    objects: spoilt('infra-paused', 'DevCluster', (object) => annotated(object, { 'cluster.x-k8s.io/paused': 'true' })),
    object: 'DevCluster/stalls/infra-paused',
    reason: 'Paused',
  },
  {
    name: 'no-infra',
    what: 'its infrastructure object was never made',
    objects: without(plainCluster({ name: 'no-infra', namespace: 'stalls', workers: 0 }), 'DevCluster'),
    object: 'DevCluster/stalls/no-infra',
    reason: 'NotFound',
  },
  {
    name: 'no-provider',
    what: 'nobody serves the kind of its control plane',
    objects: without(
      spoilt(
        'no-provider',
        'Cluster',
        (object) => (object.spec['controlPlaneRef'] = refTo('controlplane.cluster.x-k8s.io', 'TalosControlPlane', 'no-provider')),
      ),
      'KubeadmControlPlane',
    ),
    object: 'TalosControlPlane/stalls/no-provider',
    reason: 'ProviderMissing',
  },
  {
    name: 'contractless',
    what: 'its infrastructure kind names no contract',
    objects: [
      gizmo,
      ...spoilt(
        'contractless',
        'Cluster',
        (object) => (object.spec['infrastructureRef'] = refTo(INFRASTRUCTURE, 'GizmoCluster', 'contractless')),
      ),
    ],
    object: 'CustomResourceDefinition/gizmoclusters.infrastructure.cluster.x-k8s.io',
    reason: 'ContractMissing',
  },
  {
    name: 'no-template',
    what: 'the template of its control-plane machines is missing',
    objects: without(plainCluster({ name: 'no-template', namespace: 'stalls', workers: 0 }), 'DevMachineTemplate'),
    object: 'KubeadmControlPlane/stalls/no-template',
    message: /DevMachineTemplate|no-template-control-plane/,
  },
  {
    name: 'vm-never',
    what: 'its machine is never provisioned',
    objects: spoilt('vm-never', 'DevMachineTemplate', (object) => startsNever(object, 'vm')),
    object: 'DevMachine/stalls/vm-never-',
    message: /VM|startup/i,
  },
  {
    name: 'node-never',
    what: 'its machine never becomes a node',
    objects: spoilt('node-never', 'DevMachineTemplate', (object) => startsNever(object, 'node')),
    object: 'DevMachine/stalls/node-never-',
    message: /Node|startup/i,
  },
  {
    name: 'no-class',
    what: 'its ClusterClass does not exist',
    objects: [
      {
        apiVersion: 'cluster.x-k8s.io/v1beta2',
        kind: 'Cluster',
        metadata: { name: 'no-class', namespace: 'stalls' },
        spec: {
          clusterNetwork: { pods: { cidrBlocks: ['192.168.0.0/16'] } },
          topology: { classRef: { name: 'nowhere' }, version: VERSION, controlPlane: { replicas: 1 } },
        },
      },
    ],
    object: 'ClusterClass/stalls/nowhere',
    reason: 'NotFound',
  },
];

/** On clusters whose control plane works. */
export const workerStalls: readonly ClusterStall[] = [
  {
    name: 'too-new',
    what: 'its workers are newer than its control plane',
    objects: spoilt(
      'too-new',
      'MachineDeployment',
      (object) => ((object.spec['template'] as { spec: Record<string, unknown> }).spec['version'] = 'v1.39.0'),
      1,
    ),
    object: 'MachineSet/stalls/too-new-md-0-',
    message: /version/i,
  },
  {
    name: 'no-bootstrap',
    what: 'the bootstrap template of its workers is missing',
    objects: without(plainCluster({ name: 'no-bootstrap', namespace: 'stalls', workers: 1 }), 'KubeadmConfigTemplate'),
    object: 'Machine',
    message: /no-bootstrap-md-0|KubeadmConfigTemplate/,
  },
  {
    name: 'worker-never',
    what: 'a worker is never provisioned',
    objects: spoilt(
      'worker-never',
      'DevMachineTemplate',
      (object) => object.metadata.name.endsWith('md-0') && startsNever(object, 'vm'),
      1,
    ),
    object: 'DevMachine/stalls/worker-never-md-0-',
    message: /VM|startup/i,
  },
  {
    name: 'pool-paused',
    what: 'its workers carry the pause annotation',
    objects: spoilt('pool-paused', 'MachineDeployment', (object) => annotated(object, { 'cluster.x-k8s.io/paused': '' }), 1),
    object: 'MachineDeployment/stalls/pool-paused-md-0',
    reason: 'Paused',
  },
];

/** A webhook that nobody serves, for the Machines of one namespace. */
export const deadWebhook = (namespace: string): KubeObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: `dead-${namespace}` },
  webhooks: [
    {
      name: 'dead.example.com',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Fail',
      timeoutSeconds: 2,
      clientConfig: { url: 'https://127.0.0.1:1/validate' },
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      rules: [{ apiGroups: ['cluster.x-k8s.io'], apiVersions: ['*'], operations: ['CREATE'], resources: ['machines'] }],
    },
  ],
});
