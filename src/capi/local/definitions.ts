/**
 * The kinds of the infrastructure `local` as Kubernetes objects. They follow the contracts InfraCluster and ControlPlane of
 * Cluster API, v1beta2 (cluster-api.sigs.k8s.io/developer/providers/contracts). Pure data.
 */
import type { KubeObject } from '../../kube/types.ts';
import { CONTRACT_LABEL, LOCAL_GROUP } from '../words.ts';

const VERSION = 'v1alpha1';

type Schema = Readonly<Record<string, unknown>>;

const text = (description: string, more: Schema = {}): Schema => ({ type: 'string', description, ...more });
const object = (description: string, properties: Schema, more: Schema = {}): Schema => ({
  type: 'object',
  description,
  properties,
  ...more,
});

const conditions: Schema = {
  type: 'array',
  description: 'Conditions as metav1.Condition.',
  maxItems: 32,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: object(
    'One condition.',
    {
      type: text('Type in CamelCase.', { maxLength: 316 }),
      status: text('True, False or Unknown.', { enum: ['True', 'False', 'Unknown'] }),
      reason: text('Reason in CamelCase.', { maxLength: 1024, minLength: 1 }),
      message: text('For people.', { maxLength: 32768 }),
      lastTransitionTime: text('When the status changed last.', { format: 'date-time' }),
      observedGeneration: { type: 'integer', format: 'int64', minimum: 0, description: 'Generation the condition was made from.' },
    },
    { required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'] },
  ),
};

const clusterSpec = object('What is wanted.', {
  controlPlaneEndpoint: object(
    'Where the API server listens; set by Slipway.',
    {
      host: text('Always loopback.', { minLength: 1, maxLength: 512 }),
      port: { type: 'integer', format: 'int32', minimum: 1, maximum: 65535, description: 'Chosen free and remembered.' },
    },
    { minProperties: 1 },
  ),
});

const clusterStatus = object('What is.', {
  initialization: object('Part of the contract.', {
    provisioned: { type: 'boolean', description: 'The endpoint is known.' },
  }),
  conditions,
});

/** No enum of versions: objects of an earlier Slipway must stay valid, also when a pivot creates them anew. Another version than the pinned one is refused in status. */
const kubernetesVersion = text('Kubernetes version, with v; the one of this Slipway.', {
  pattern: '^v(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)([-+].*)?$',
  maxLength: 256,
});

const controlPlaneSpec = object(
  'What is wanted.',
  {
    version: kubernetesVersion,
    clusterID: text(
      'Identity of the processes and of their folder; set by Slipway before anything is started. It goes along when the object is moved to another cluster, and its bearer adopts what runs.',
      { pattern: '^[0-9a-f]{20}$' },
    ),
  },
  {
    required: ['version'],
    'x-kubernetes-validations': [
      {
        rule: '!has(oldSelf.clusterID) || (has(self.clusterID) && self.clusterID == oldSelf.clusterID)',
        message: 'clusterID names processes that run and cannot change',
        fieldPath: '.clusterID',
      },
    ],
  },
);

const controlPlaneStatus = object('What is.', {
  initialization: object('Part of the contract.', {
    controlPlaneInitialized: { type: 'boolean', description: 'The API server has served.' },
  }),
  externalManagedControlPlane: { type: 'boolean', description: 'Always true: there are no Machines and no Nodes for it.' },
  version: text('Version that runs.', { maxLength: 256 }),
  versions: {
    type: 'array',
    description: 'Versions that run, oldest first.',
    maxItems: 100,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['version'],
    items: object('One version.', { version: text('With v.', { maxLength: 256 }) }, { required: ['version'] }),
  },
  conditions,
});

/** Metadata that a template gives to what is made from it. */
const templateMetadata = object('Labels and annotations of what is made from it.', {
  labels: { type: 'object', additionalProperties: { type: 'string' } },
  annotations: { type: 'object', additionalProperties: { type: 'string' } },
});

const templateSpec = (spec: Schema): Schema =>
  object(
    'What is wanted.',
    {
      template: object('What is made from it.', { metadata: templateMetadata, spec }, { required: ['spec'] }),
    },
    { required: ['template'] },
  );

interface Kind {
  readonly kind: string;
  readonly shortName: string;
  readonly description: string;
  readonly spec: Schema;
  readonly status?: Schema;
  readonly columns: readonly (readonly [name: string, jsonPath: string, type?: string])[];
}

const conditionPath = (type: string): string => `.status.conditions[?(@.type=="${type}")].status`;
const CLUSTER_COLUMN = ['Cluster', '.metadata.labels.cluster\\.x-k8s\\.io/cluster-name'] as const;
const AGE_COLUMN = ['Age', '.metadata.creationTimestamp', 'date'] as const;

const kinds: readonly Kind[] = [
  {
    kind: 'LocalCluster',
    shortName: 'lcl',
    description: 'What a Cluster of processes on this machine needs beside its control plane: an endpoint.',
    spec: clusterSpec,
    status: clusterStatus,
    columns: [
      CLUSTER_COLUMN,
      ['Ready', conditionPath('Ready')],
      ['Paused', conditionPath('Paused')],
      ['Host', '.spec.controlPlaneEndpoint.host'],
      ['Port', '.spec.controlPlaneEndpoint.port', 'integer'],
      AGE_COLUMN,
    ],
  },
  {
    kind: 'LocalClusterTemplate',
    shortName: 'lclt',
    description: 'Template of LocalCluster for a ClusterClass.',
    spec: templateSpec(object('Spec of the LocalCluster.', {})),
    columns: [AGE_COLUMN],
  },
  {
    kind: 'LocalControlPlane',
    shortName: 'lcp',
    description: 'etcd, kube-apiserver and kube-controller-manager as processes of this machine.',
    spec: controlPlaneSpec,
    status: controlPlaneStatus,
    columns: [
      CLUSTER_COLUMN,
      ['Available', conditionPath('Available')],
      ['Paused', conditionPath('Paused')],
      ['Version', '.status.version'],
      AGE_COLUMN,
    ],
  },
  {
    kind: 'LocalControlPlaneTemplate',
    shortName: 'lcpt',
    description: 'Template of LocalControlPlane for a ClusterClass, which gives the version.',
    spec: templateSpec(object('Spec of the LocalControlPlane.', {})),
    columns: [AGE_COLUMN],
  },
];

/** The name must be what `contract.CalculateCRDName` computes from group and kind, or Cluster API does not find the contract label. */
function definition({ kind, shortName, description, spec, status, columns }: Kind): KubeObject {
  const plural = `${kind.toLowerCase()}s`;
  const version = {
    name: VERSION,
    served: true,
    storage: true,
    ...(status && { subresources: { status: {} } }),
    additionalPrinterColumns: columns.map(([name, jsonPath, type = 'string']) => ({ name, type, jsonPath })),
    schema: {
      openAPIV3Schema: object(description, {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { type: 'object' },
        spec,
        ...(status && { status }),
      }),
    },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${LOCAL_GROUP}`, labels: { [CONTRACT_LABEL]: VERSION } },
    spec: {
      group: LOCAL_GROUP,
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames: [shortName], categories: ['cluster-api'] },
      versions: [version],
    },
  };
}

/** Lets the core controllers set owners and labels on our kinds; the contract asks for it because the group is not theirs. */
const coreMayWrite: KubeObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'slipway-local-infrastructure', labels: { 'cluster.x-k8s.io/aggregate-to-manager': 'true' } },
  rules: [
    {
      apiGroups: [LOCAL_GROUP],
      resources: kinds.map(({ kind }) => `${kind.toLowerCase()}s`),
      verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    },
    { apiGroups: [LOCAL_GROUP], resources: ['localclusters/finalizers', 'localcontrolplanes/finalizers'], verbs: ['update'] },
  ],
};

/** What the provider `local` puts on a cluster: definitions and a role. Its reconciler is Slipway itself. */
export function localProviderObjects(): readonly KubeObject[] {
  return [...kinds.map(definition), coreMayWrite];
}
