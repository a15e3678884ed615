/**
 * Taking GitOps off a cluster from the journal alone. Without --prune workloads stay: nothing that Flux applied is deleted.
 * With it, Kustomizations are deleted against their dependencies, each pruning what it applied.
 */
import type { Json } from '../core/digest.ts';
import { isSlipwayError, SlipwayError } from '../core/errors.ts';
import { stopProcess } from '../control-plane/processes.ts';
import type { Change, UndoContext, UndoHandler, UndoHandlers } from '../engine/step.ts';
import { deleteObjects } from '../kube/delete.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef, refOf } from '../kube/types.ts';
import { loadComponents } from './components.ts';
import { FLUX_KINDS } from './mirror.ts';
import { isOurs } from './ownership.ts';
import { ownedObjects } from './sources-step.ts';
import { FLUX_NAMESPACE } from './source.ts';
import { type ConnectForUndo, REMOVE_COMPONENTS, REMOVE_SOURCES, STOP_SERVER } from './step-options.ts';
import { dependenciesOf } from './units.ts';

interface ClusterRecord {
  readonly cluster: string;
  readonly owner: string;
  readonly keep?: readonly string[];
}

/** A controller that does not answer must not keep `down` from finishing when nothing is to be pruned. */
const ORPHAN_BOUND_MS = 15_000;

/** Handlers for all steps of this folder; `connect` finds the cluster of a record. */
export function fluxUndoHandlers(connect: ConnectForUndo): UndoHandlers {
  return new Map<string, UndoHandler>([
    [REMOVE_SOURCES, onCluster(connect, removeSources, 'remove sources and Kustomizations')],
    [REMOVE_COMPONENTS, onCluster(connect, removeComponents, 'remove Flux, leaving workloads')],
    [STOP_SERVER, stopServer],
  ]);
}

type Removal = (client: KubeClient, about: ClusterRecord, context: UndoContext) => Promise<void>;

function onCluster(connect: ConnectForUndo, remove: Removal, summary: string): UndoHandler {
  const recordOf = (context: UndoContext): ClusterRecord => (context.record.intent.undo?.data ?? {}) as unknown as ClusterRecord;
  return {
    plan: (context): Promise<Change> => Promise.resolve({ kind: 'delete', summary: context.options['prune'] === true ? `${summary}, with all they applied` : summary }),
    undo: async (context) => {
      const about = recordOf(context);
      const client = await connect(context, about.cluster);
      if (client !== undefined) await remove(client, about, context);
    },
  };
}

const stopServer: UndoHandler = {
  undo: async ({ host, record }) => {
    const { registerId, gitDir } = (record.intent.undo?.data ?? {}) as { readonly registerId?: Json; readonly gitDir?: string };
    if (typeof registerId === 'string') await stopProcess(host, { clusterId: registerId, component: 'git-server' });
    if (gitDir !== undefined) await host.files.remove(gitDir);
  },
};

async function removeSources(client: KubeClient, { owner }: ClusterRecord, context: UndoContext): Promise<void> {
  const { signal } = context;
  const owned = await ownedObjects(client, owner, signal);
  const units = owned.filter(({ kind }) => kind === 'Kustomization');
  if (context.options['prune'] === true) await pruneUnits(client, units, context);
  else await orphanUnits(client, units, context);
  await deleteObjects(client, owned.filter((object) => !units.includes(object)).map(refOf), limits(context));
}

/** Dependents first; a suspended Kustomization would skip pruning and is resumed. */
async function pruneUnits(client: KubeClient, units: readonly KubeObject[], context: UndoContext): Promise<void> {
  for (const wave of reverseWaves(units)) {
    for (const unit of wave) await client.mergePatch(refOf(unit), { spec: { prune: true, suspend: false, deletionPolicy: 'WaitForTermination' } }, { signal: context.signal }).catch(ignoreMissing);
    await deleteObjects(client, wave.map(refOf), limits(context)).catch((error: unknown) => {
      throw isSlipwayError(error) && error.code === 'SLW-KUB-050' ? new SlipwayError('SLW-FLX-013', error.message, { cause: error, ...(error.object !== undefined && { object: error.object }) }) : error;
    });
  }
}

/** Waves so that what depends on another goes before it; a cycle ends up in the last wave. */
export function reverseWaves(units: readonly KubeObject[]): readonly (readonly KubeObject[])[] {
  const waves: KubeObject[][] = [];
  let rest = [...units];
  while (rest.length > 0) {
    const needed = new Set(rest.flatMap((unit) => dependenciesOf(unit).map(formatRef)));
    const free = rest.filter((unit) => !needed.has(formatRef(refOf(unit))));
    const wave = free.length > 0 ? free : rest;
    waves.push(wave);
    rest = rest.filter((unit) => !wave.includes(unit));
  }
  return waves;
}

/** First told to orphan, then deleted: whoever removes the finalizer, nothing is pruned. */
async function orphanUnits(client: KubeClient, units: readonly KubeObject[], context: UndoContext): Promise<void> {
  const { signal } = context;
  for (const unit of units) await client.mergePatch(refOf(unit), { spec: { deletionPolicy: 'Orphan' } }, { signal }).catch(ignoreMissing);
  const refs = units.map(refOf);
  const timeoutMs = Math.min(ORPHAN_BOUND_MS, context.timeoutMs);
  await deleteObjects(client, refs, { ...limits(context), timeoutMs }).catch(async (error: unknown) => {
    if (!isSlipwayError(error) || error.code !== 'SLW-KUB-050') throw error;
    for (const ref of refs) await stripFinalizers(client, ref, signal);
  });
}

async function stripFinalizers(client: KubeClient, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  await client.mergePatch(ref, { metadata: { finalizers: null } }, { signal }).catch(ignoreMissing);
}

/** Controllers first, so that nobody acts on what goes away; then Flux objects without their finalizers; then the rest. */
async function removeComponents(client: KubeClient, { owner, keep = [] }: ClusterRecord, context: UndoContext): Promise<void> {
  const { host, signal } = context;
  const { objects } = await loadComponents(host);
  const live = await Promise.all(objects.map((object) => client.get(refOf(object), signal)));
  const ours = live.filter((object): object is KubeObject => object !== undefined && isOurs(object, owner) && !keep.includes(formatRef(refOf(object))));
  const deployments = ours.filter(({ kind }) => kind === 'Deployment').map(refOf);
  await deleteObjects(client, deployments, { ...limits(context), propagation: 'Foreground' });
  if (ours.some(({ kind }) => kind === 'CustomResourceDefinition')) await releaseAll(client, signal);
  const namespaces = ours.filter(({ kind }) => kind === 'Namespace');
  await deleteObjects(client, ours.filter(({ kind }) => kind !== 'Deployment' && kind !== 'Namespace').map(refOf), limits(context));
  const leftover = await foreignContent(client, owner, signal);
  if (leftover === undefined) await deleteObjects(client, namespaces.map(refOf), limits(context));
  else context.report({ type: 'finding', level: 'warning', message: `namespace ${FLUX_NAMESPACE} stays: it holds ${leftover}, which Slipway did not create` });
}

async function releaseAll(client: KubeClient, signal: AbortSignal): Promise<void> {
  for (const kind of FLUX_KINDS) {
    if (!(await client.serves(kind, signal))) continue;
    const { items } = await client.list(kind, { signal });
    for (const item of items) await stripFinalizers(client, refOf(item), signal);
  }
}

/** Something in flux-system that a person or another tool put there. */
async function foreignContent(client: KubeClient, owner: string, signal: AbortSignal): Promise<string | undefined> {
  for (const kind of ['ConfigMap', 'Secret']) {
    const { items } = await client.list({ apiVersion: 'v1', kind }, { namespace: FLUX_NAMESPACE, signal });
    const foreign = items.find((item) => !isOurs(item, owner) && item.metadata.name !== 'kube-root-ca.crt' && !isGenerated(item));
    if (foreign) return formatRef(refOf(foreign));
  }
  return undefined;
}

function isGenerated(object: KubeObject): boolean {
  return ['kubernetes.io/service-account-token', 'helm.sh/release.v1'].includes(String(object['type'] ?? ''));
}

function limits({ host, signal, timeoutMs, report }: UndoContext): Parameters<typeof deleteObjects>[2] {
  return {
    ...{ host, signal, timeoutMs },
    onBlocked: ([first]) => first && report({ type: 'waiting', object: formatRef(first.ref), reason: 'Terminating', message: first.reason, boundMs: timeoutMs }),
  };
}

function ignoreMissing(error: unknown): void {
  if (!isSlipwayError(error) || error.code !== 'SLW-KUB-006') throw error;
}
