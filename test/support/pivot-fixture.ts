/** Two API servers with the kinds of Cluster API but no controllers, and small worlds to pivot between them. */
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { applyObjects } from '../../src/kube/apply.ts';
import { type KubeClient, type KubeObject, type ObjectRef, refOf } from '../../src/kube/types.ts';
import type { ControllerSwitch, PivotOptions, PivotWrite } from '../../src/capi/pivot/options.ts';
import { TRANSACTION_REF } from '../../src/capi/pivot/transaction.ts';
import { type ApiServer, startApiServer } from './api-server.ts';

const CORE = 'cluster.x-k8s.io/v1beta2';
const INFRA = 'infrastructure.cluster.x-k8s.io/v1beta2';
const BOOTSTRAP = 'bootstrap.cluster.x-k8s.io/v1beta2';
const CONTROL_PLANE = 'controlplane.cluster.x-k8s.io/v1beta2';
const ADDONS = 'addons.cluster.x-k8s.io/v1beta2';

const KINDS: readonly (readonly [apiVersion: string, kind: string, plural: string, scope?: 'Cluster'])[] = [
  [CORE, 'Cluster', 'clusters'],
  [CORE, 'ClusterClass', 'clusterclasses'],
  [CORE, 'MachineDeployment', 'machinedeployments'],
  [CORE, 'MachineSet', 'machinesets'],
  [CORE, 'Machine', 'machines'],
  [CONTROL_PLANE, 'KubeadmControlPlane', 'kubeadmcontrolplanes'],
  [BOOTSTRAP, 'KubeadmConfig', 'kubeadmconfigs'],
  [BOOTSTRAP, 'KubeadmConfigTemplate', 'kubeadmconfigtemplates'],
  [INFRA, 'DevCluster', 'devclusters'],
  [INFRA, 'DevMachine', 'devmachines'],
  [INFRA, 'DevMachineTemplate', 'devmachinetemplates'],
  [INFRA, 'DevClusterIdentity', 'devclusteridentities', 'Cluster'],
  [ADDONS, 'ClusterResourceSet', 'clusterresourcesets'],
];

export function definitions(): readonly KubeObject[] {
  return KINDS.map(([apiVersion, kind, plural, scope]) => {
    const [group = '', name = ''] = apiVersion.split('/');
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: scope ?? 'Namespaced',
        names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
        versions: [{ name, served: true, storage: true, schema, subresources: { status: {} } }],
      },
    };
  });
}

export interface Pair {
  readonly source: KubeClient;
  readonly target: KubeClient;
  readonly servers: readonly ApiServer[];
  stop(): Promise<void>;
}

export const host = createNodeHost();

export async function startPair(options: { readonly controllerManager?: boolean } = {}): Promise<Pair> {
  const servers = await Promise.all([startApiServer(options), startApiServer(options)]);
  const clients = await Promise.all(
    servers.map((server, index) => createKubeClient(host, { kubeconfig: server.kubeconfig, name: index === 0 ? 'old' : 'new' })),
  );
  const [source, target] = clients as [KubeClient, KubeClient];
  await Promise.all([source, target].map((client) => applyObjects(client, definitions(), { host })));
  return {
    source,
    target,
    servers,
    stop: async () => {
      await Promise.all([source.close(), target.close()]);
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** What `make` was given, with the owners named by objects that were made before. */
export interface Draft {
  readonly object: KubeObject;
  readonly owners?: readonly ObjectRef[];
}

/** Creates drafts in order on one side, with owners and status. */
export async function make(client: KubeClient, drafts: readonly Draft[]): Promise<void> {
  const uids = new Map<string, string>();
  for (const { object, owners = [] } of drafts) {
    const ownerReferences = owners.map((owner) => ({
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      name: owner.name,
      uid: uids.get(`${owner.kind}/${owner.name}`) ?? `unknown-${owner.name}`,
      controller: owners[0] === owner,
    }));
    const { status, ...rest } = object;
    const made = await client.create({
      ...rest,
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: { ...object.metadata, ...(ownerReferences.length > 0 && { ownerReferences }) },
    });
    uids.set(`${object.kind}/${object.metadata.name}`, made.metadata.uid ?? '');
    if (status !== undefined) await client.mergePatch(refOf(made), { status }, { subresource: 'status' });
  }
}

const ref = (apiVersion: string, kind: string, namespace: string, name: string): ObjectRef => ({ apiVersion, kind, namespace, name });

/** One Cluster with a control-plane machine, a worker and everything around them. */
export function clusterDrafts(
  namespace: string,
  name: string,
  options: { readonly class?: string; readonly identity?: string } = {},
): readonly Draft[] {
  const labels = { 'cluster.x-k8s.io/cluster-name': name };
  const object = (apiVersion: string, kind: string, objectName: string, rest: Readonly<Record<string, unknown>> = {}): KubeObject => ({
    apiVersion,
    kind,
    metadata: {
      name: objectName,
      namespace,
      labels,
      annotations: { 'example.com/kept': 'yes' },
      finalizers: [`${kind.toLowerCase()}.cluster.x-k8s.io`],
    },
    ...rest,
  });
  const secret = (suffix: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${name}-${suffix}`, namespace, labels },
    type: 'cluster.x-k8s.io/secret',
    data: { value: Buffer.from(`${name} ${suffix}`).toString('base64') },
  });
  const cluster = ref(CORE, 'Cluster', namespace, name);
  const controlPlane = ref(CONTROL_PLANE, 'KubeadmControlPlane', namespace, `${name}-cp`);
  const machines = (kind: 'cp' | 'md', owner: ObjectRef): readonly Draft[] => {
    const machine = ref(CORE, 'Machine', namespace, `${name}-${kind}-0`);
    const config = ref(BOOTSTRAP, 'KubeadmConfig', namespace, `${name}-${kind}-0`);
    return [
      {
        object: object(CORE, 'Machine', machine.name, {
          spec: {
            clusterName: name,
            bootstrap: {
              dataSecretName: `${name}-${kind}-0-data`,
              configRef: { apiGroup: 'bootstrap.cluster.x-k8s.io', kind: 'KubeadmConfig', name: config.name },
            },
            infrastructureRef: { apiGroup: 'infrastructure.cluster.x-k8s.io', kind: 'DevMachine', name: machine.name },
          },
          status: {
            nodeRef: { name: machine.name },
            observedGeneration: 1,
            conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', lastTransitionTime: '2026-01-01T00:00:00Z' }],
          },
        }),
        owners: [owner],
      },
      {
        object: object(BOOTSTRAP, 'KubeadmConfig', config.name, { spec: {}, status: { dataSecretName: `${name}-${kind}-0-data` } }),
        owners: [machine],
      },
      {
        object: object(INFRA, 'DevMachine', machine.name, { spec: { providerID: `dev:////${machine.name}` }, status: { addresses: [] } }),
        owners: [machine],
      },
      { object: secret(`${kind}-0-data`), owners: [config] },
    ];
  };
  return [
    {
      object: object(CORE, 'Cluster', name, {
        spec: {
          infrastructureRef: { apiGroup: 'infrastructure.cluster.x-k8s.io', kind: 'DevCluster', name },
          controlPlaneRef: { apiGroup: 'controlplane.cluster.x-k8s.io', kind: 'KubeadmControlPlane', name: `${name}-cp` },
          ...(options.class !== undefined && { topology: { classRef: { name: options.class } } }),
        },
        status: {
          initialization: { infrastructureProvisioned: true, controlPlaneInitialized: true },
          observedGeneration: 1,
          conditions: [
            { type: 'Available', status: 'True', reason: 'Available', observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00Z' },
          ],
        },
      }),
    },
    {
      object: object(INFRA, 'DevCluster', name, {
        spec: { ...(options.identity !== undefined && { identityRef: { kind: 'DevClusterIdentity', name: options.identity } }) },
      }),
      owners: [cluster],
    },
    {
      object: object(CONTROL_PLANE, 'KubeadmControlPlane', controlPlane.name, {
        spec: { replicas: 1 },
        status: { replicas: 1, upToDateReplicas: 1 },
      }),
      owners: [cluster],
    },
    {
      object: object(CORE, 'MachineDeployment', `${name}-md`, { spec: { clusterName: name, replicas: 1 }, status: { replicas: 1 } }),
      owners: [cluster],
    },
    {
      object: object(CORE, 'MachineSet', `${name}-md`, { spec: { clusterName: name, replicas: 1 }, status: { replicas: 1 } }),
      owners: [ref(CORE, 'MachineDeployment', namespace, `${name}-md`)],
    },
    ...machines('cp', controlPlane),
    ...machines('md', ref(CORE, 'MachineSet', namespace, `${name}-md`)),
    { object: secret('kubeconfig'), owners: [cluster] },
    { object: secret('ca') },
  ];
}

/** A class with a template, and a ClusterResourceSet with its ConfigMap. */
export function classDrafts(namespace: string, name: string): readonly Draft[] {
  const owner = ref(CORE, 'ClusterClass', namespace, name);
  const plain = (apiVersion: string, kind: string, objectName: string, rest: Readonly<Record<string, unknown>>): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name: objectName, namespace },
    ...rest,
  });
  return [
    {
      object: plain(CORE, 'ClusterClass', name, {
        spec: { infrastructure: { templateRef: { apiVersion: INFRA, kind: 'DevMachineTemplate', name } } },
      }),
    },
    { object: plain(INFRA, 'DevMachineTemplate', name, { spec: { template: { spec: {} } } }), owners: [owner] },
    {
      object: plain(ADDONS, 'ClusterResourceSet', `${name}-addons`, { spec: { resources: [{ kind: 'ConfigMap', name: `${name}-cni` }] } }),
    },
    { object: plain('v1', 'ConfigMap', `${name}-cni`, { data: { cni: 'yes' } }) },
    { object: plain('v1', 'Secret', 'unrelated', { stringData: { a: 'b' } }) },
  ];
}

export interface Killed {
  readonly write: PivotWrite;
  readonly moment: 'before' | 'after';
}

/** Stops everything at one write, as a kill would: nothing is written after it. */
export function killAt(
  ordinal: number,
  moment: 'before' | 'after',
): { readonly onWrite: NonNullable<PivotOptions['onWrite']>; readonly hit: () => Killed | undefined } {
  let dead: Killed | undefined;
  return {
    hit: () => dead,
    onWrite: (write, now) => {
      if (!dead && write.ordinal === ordinal && now === moment) dead = { write, moment };
      if (dead) throw new Error(`killed at write ${ordinal}`);
    },
  };
}

export interface Told {
  readonly end: 'source' | 'target';
  readonly verb: 'stop' | 'hold' | 'start';
}

/** Controllers of both ends that do nothing but tell what was asked of them. */
export function toldControllers(pair: Pair, tell: (told: Told) => void): Pick<PivotOptions, 'source' | 'target'> {
  const controllers = (end: Told['end']): Required<ControllerSwitch> => {
    const say = (verb: Told['verb']) => (): Promise<void> => Promise.resolve(tell({ end, verb }));
    return { stop: say('stop'), hold: say('hold'), start: say('start') };
  };
  return {
    source: { client: pair.source, name: 'old', controllers: controllers('source') },
    target: { client: pair.target, name: 'new', controllers: controllers('target') },
  };
}

export function pivotOptions(pair: Pair, more: Partial<PivotOptions> = {}): PivotOptions {
  const none = { stop: () => Promise.resolve(), start: () => Promise.resolve() };
  return {
    host,
    source: { client: pair.source, name: 'old', controllers: none },
    target: { client: pair.target, name: 'new', controllers: none },
    disposableSource: true,
    signal: new AbortController().signal,
    timeoutMs: 20_000,
    watchMs: 1,
    report: () => undefined,
    ...more,
  };
}

/** Everything of a namespace that means something, comparable between servers and namespaces. */
export async function worldOf(client: KubeClient, namespace: string): Promise<Readonly<Record<string, unknown>>> {
  const kinds = [
    ...KINDS.filter(([, , , scope]) => !scope).map(([apiVersion, kind]) => ({ apiVersion, kind })),
    { apiVersion: 'v1', kind: 'Secret' },
    { apiVersion: 'v1', kind: 'ConfigMap' },
  ];
  const lists = await Promise.all(kinds.map((kind) => client.list(kind, { namespace })));
  const objects = lists.flatMap(({ items }) => items).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const byUid = new Map(objects.map((object) => [object.metadata.uid ?? '', nameOf(object)]));
  return Object.fromEntries(objects.map((object) => [nameOf(object), strip(object, byUid)]));
}

const nameOf = (object: KubeObject): string => `${object.kind}/${object.metadata.name}`;

function strip(object: KubeObject, byUid: ReadonlyMap<string, string>): unknown {
  const { metadata, ...rest } = object;
  const { labels, annotations, finalizers, ownerReferences, deletionTimestamp, managedFields } = metadata;
  const owners = ownerReferences?.map(({ uid, kind, name, controller }) => ({
    owner: byUid.get(uid) ?? `nobody (${kind}/${name})`,
    controller,
  }));
  const managers = managedFields?.map((entry) => {
    const { manager, operation, subresource, fieldsV1 } = entry as Readonly<Record<string, unknown>>;
    return { manager, operation, subresource, fieldsV1: named(fieldsV1, byUid) };
  });
  managers?.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const world = { ...rest, metadata: { labels, annotations, finalizers, owners, deletionTimestamp, managers } };
  // Pausing and releasing a Cluster counts its generation up; without controllers nobody observes that.
  return object.kind === 'Cluster' ? withoutObserved(world) : world;
}

function withoutObserved(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (name, inner: unknown) => (name === 'observedGeneration' ? undefined : inner)));
}

function named(fields: unknown, byUid: ReadonlyMap<string, string>): unknown {
  return JSON.parse(JSON.stringify(fields).replaceAll(/\{\\"uid\\":\\"([^"\\]+)\\"\}/g, (_all, uid: string) => byUid.get(uid) ?? 'nobody'));
}

/** Where two worlds differ: `path: one | other`; empty when they are equal. */
export function differencesBetween(one: unknown, other: unknown, path = ''): readonly string[] {
  if (JSON.stringify(one) === JSON.stringify(other)) return [];
  const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  if (!isRecord(one) || !isRecord(other)) return [`${path}: ${JSON.stringify(one)} | ${JSON.stringify(other)}`.slice(0, 200)];
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return names.flatMap((name) => differencesBetween(one[name], other[name], `${path}.${name}`));
}

export async function transactionOn(client: KubeClient): Promise<KubeObject | undefined> {
  return client.get(TRANSACTION_REF);
}

/** Names of the Clusters of a namespace that somebody may act on. */
export async function unpausedClusters(client: KubeClient, namespace: string): Promise<readonly string[]> {
  const { items } = await client.list({ apiVersion: CORE, kind: 'Cluster' }, { namespace });
  return items.filter((item) => (item['spec'] as { readonly paused?: boolean }).paused !== true).map((item) => item.metadata.name);
}

/** A reference to an object of the fixture by its kind. */
export function refTo(kind: string, namespace: string, name: string): ObjectRef {
  const apiVersion = KINDS.find(([, known]) => known === kind)?.[0] ?? 'v1';
  return { apiVersion, kind, namespace, name };
}
