/**
 * Takes the providers off a cluster again, from the journal alone: what carries our mark, nothing that others made. Refused while objects
 * stand that only the managers can remove, because machines behind them would be left without anybody who knows them.
 */
import { formatDuration } from '../../core/duration.ts';
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import { readCluster } from '../../control-plane/local-cluster.ts';
import { asPod, type Pod, POD } from '../../control-plane/runtime/pod.ts';
import { endPod } from '../../control-plane/runtime/run-pod.ts';
import { NODE_NAME } from '../../control-plane/runtime/virtual-node.ts';
import type { UndoContext, UndoHandler } from '../../engine/step.ts';
import { currentObjects } from '../../kube/current.ts';
import { deleteObjects } from '../../kube/delete.ts';
import { foreignContent } from '../../kube/namespace-content.ts';
import { isOurs, MANAGED_BY, OWNER } from '../../kube/ownership.ts';
import { formatRef, type GroupKind, type KubeClient, type KubeObject, type ObjectRef, refOf } from '../../kube/types.ts';
import { PROVIDER_LABEL, SLIPWAY_NAMESPACE } from '../words.ts';
import { certificateSecrets } from './certificates.ts';
import { isAdmission, isDefinition, loadProviders, type ProviderComponents } from './components.ts';
import type { ConnectForUndo } from './options.ts';
import { type ProviderName, providerTable } from './provider.ts';

interface ProvidersRecord {
  readonly cluster: string;
  readonly owner: string;
  readonly keep?: readonly string[];
  readonly providers?: readonly ProviderName[];
  /** Folder of the local cluster whose runtime runs the managers. */
  readonly clusterDir?: string;
}

export function removeProvidersHandler(connect: ConnectForUndo): UndoHandler {
  const recordOf = ({ record }: UndoContext): ProvidersRecord => (record.intent.undo?.data ?? {}) as unknown as ProvidersRecord;
  return {
    plan: () => Promise.resolve({ kind: 'delete', summary: 'remove Cluster API, its definitions and what is left of their objects' }),
    undo: async (context) => {
      const about = recordOf(context);
      const client = await connect(context, about.cluster);
      if (client !== undefined) await removeProviders(client, about, context);
    },
  };
}

async function removeProviders(client: KubeClient, about: ProvidersRecord, context: UndoContext): Promise<void> {
  const { keep = [], owner } = about;
  const components = await loadProviders(context.host, about.providers ?? (Object.keys(providerTable) as ProviderName[]));
  const owned = await ownedObjects(client, components, { owner, context });
  const ours = owned.filter((object) => !keep.includes(formatRef(refOf(object))));
  const refs = (isWanted: (object: KubeObject) => boolean): readonly ObjectRef[] => ours.filter(isWanted).map(refOf);
  await refuseHeldObjects(client, ours.filter(isDefinition), context.signal);
  await deleteObjects(client, refs(isAdmission), limits(context));
  await deleteObjects(client, refs(isDeployment), limits(context));
  await awaitPods(client, components, { about, context });
  await deleteObjects(client, refs(isDefinition), limits(context));
  await deleteObjects(
    client,
    refs((object) => ![isAdmission, isDeployment, isDefinition, isNamespace].some((is) => is(object))),
    limits(context),
  );
  await removeNamespaces(client, refs(isNamespace), { owner, context });
  for (const object of owned) if (!ours.includes(object)) await handBack(client, refOf(object), context.signal);
}

const isDeployment = ({ kind }: KubeObject): boolean => kind === 'Deployment';
const isNamespace = ({ kind }: KubeObject): boolean => kind === 'Namespace';

interface Owned {
  readonly owner: string;
  readonly context: UndoContext;
}

/** By the mark, so that what an older version installed is found as well. */
async function ownedObjects(
  client: KubeClient,
  components: readonly ProviderComponents[],
  { owner, context }: Owned,
): Promise<readonly KubeObject[]> {
  const { signal } = context;
  const kinds = new Map(components.flatMap(({ objects }) => objects).map(({ apiVersion, kind }) => [kind, { apiVersion, kind }]));
  const labelSelector = `${OWNER}=${owner},${PROVIDER_LABEL}`;
  const lists = await Promise.all(
    [...kinds.values()].map(async (of) => (await client.list(of, { labelSelector, signal })).items.map((item) => ({ ...item, ...of }))),
  );
  const candidates = [...certificateSecrets(components), { apiVersion: 'v1', kind: 'Namespace', name: SLIPWAY_NAMESPACE }];
  const more = await Promise.all(candidates.map((ref) => client.get(ref, signal)));
  return [...lists.flat(), ...more.flatMap((object) => (object && isOurs(object, owner) ? [object] : []))];
}

interface DefinitionSpec {
  readonly group: string;
  readonly names: { readonly kind: string };
  readonly versions: readonly { readonly name: string; readonly storage: boolean }[];
}

/** What has a finalizer waits for a manager to remove what it stands for. @throws SLW-CAP-006 */
async function refuseHeldObjects(client: KubeClient, definitions: readonly KubeObject[], signal: AbortSignal): Promise<void> {
  const lists = await Promise.all(
    definitions.map(async (definition) => {
      const kind = storedKind(definition['spec'] as DefinitionSpec);
      if (!(await client.serves(kind, signal))) return [];
      return (await client.list(kind, { signal })).items.map((item) => ({ ...item, ...kind }));
    }),
  );
  const [first, ...more] = lists.flat().filter(({ metadata }) => (metadata.finalizers ?? []).length > 0);
  if (first === undefined) return;
  const others = more.length === 0 ? '' : ` and ${more.length} more`;
  const object = formatRef(refOf(first));
  throw new SlipwayError('SLW-CAP-006', `${object}${others} on ${client.server} would be lost with the definitions of Cluster API`, {
    object,
  });
}

const storedKind = ({ group, names, versions }: DefinitionSpec): GroupKind => ({
  apiVersion: `${group}/${versions.find(({ storage }) => storage)?.name ?? ''}`,
  kind: names.kind,
});

interface Removal {
  readonly about: ProvidersRecord;
  readonly context: UndoContext;
}

/** Until the last pod of a manager is gone; beside a local cluster, where nobody else does a kubelet's work now, its process is ended here. */
async function awaitPods(client: KubeClient, components: readonly ProviderComponents[], { about, context }: Removal): Promise<void> {
  const { host, timeoutMs } = context;
  const bound = host.clock.timeout(timeoutMs);
  const signal = AbortSignal.any([context.signal, bound]);
  const cluster = about.clusterDir === undefined ? undefined : await readCluster(host, about.clusterDir);
  const namespaces = new Set(components.map(({ facts }) => facts.namespace));
  let left: readonly Pod[] = [];
  try {
    for await (const objects of currentObjects(client, POD, { labelSelector: PROVIDER_LABEL, signal })) {
      left = objects.map(asPod).filter(({ metadata }) => namespaces.has(metadata.namespace ?? ''));
      if (left.length === 0) return;
      if (cluster) await Promise.all(left.filter(isEnding).map((pod) => endPod({ host, client, cluster, signal }, pod)));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  context.signal.throwIfAborted();
  const [pod] = left;
  const object = pod ? formatRef(refOf(pod)) : 'a manager of Cluster API';
  throw new SlipwayError('SLW-CAP-004', `${object} is still there ${formatDuration(timeoutMs)} after its Deployment was deleted`, {
    object,
  });
}

const isEnding = ({ metadata, spec }: Pod): boolean => metadata.deletionTimestamp !== undefined && spec.nodeName === NODE_NAME;

async function removeNamespaces(client: KubeClient, refs: readonly ObjectRef[], { owner, context }: Owned): Promise<void> {
  for (const ref of refs) {
    const leftover = await foreignContent(client, ref.name, { owner, signal: context.signal });
    if (leftover === undefined) await deleteObjects(client, [ref], limits(context));
    else {
      const message = `namespace ${ref.name} stays: it holds ${leftover}, which Slipway did not create`;
      context.report({ type: 'finding', level: 'warning', message });
      await handBack(client, ref, context.signal);
    }
  }
}

/** What stays is nobody's or somebody else's now: the next project must not take it for its own. */
async function handBack(client: KubeClient, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  try {
    await client.mergePatch(ref, { metadata: { labels: { [OWNER]: null, [MANAGED_BY]: null } } }, { signal });
  } catch (error) {
    if (!isSlipwayError(error) || error.code !== 'SLW-KUB-006') throw error;
  }
}

function limits({ host, signal, timeoutMs, report }: UndoContext): Parameters<typeof deleteObjects>[2] {
  return {
    ...{ host, signal, timeoutMs },
    onBlocked: ([first]) =>
      first && report({ type: 'waiting', object: formatRef(first.ref), reason: 'Terminating', message: first.reason, boundMs: timeoutMs }),
  };
}
