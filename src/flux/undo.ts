/**
 * Taking GitOps off a cluster from the journal alone. Without --prune workloads stay: nothing that Flux applied is deleted.
 * With it, Kustomizations are deleted against their dependencies, each pruning what it applied.
 */
import type { Json } from '../core/digest.ts';
import { isSlipwayError, SlipwayError } from '../core/errors.ts';
import { stopProcess } from '../control-plane/processes.ts';
import type { Change, UndoContext, UndoHandler, UndoHandlers } from '../engine/step.ts';
import { deleteObjects } from '../kube/delete.ts';
import { foreignContent } from '../kube/namespace-content.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef, refOf } from '../kube/types.ts';
import { loadComponents } from './components.ts';
import { DEFINED_KINDS, foreignFluxObjects } from './foreign.ts';
import { MANAGED_BY, OWNER } from '../kube/ownership.ts';
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
    // Workloads are lost with --prune: that wants the cluster's name.
    plan: (context): Promise<Change> => {
      if (context.options['prune'] !== true) return Promise.resolve({ kind: 'delete', summary });
      return Promise.resolve({ kind: 'delete', summary: `${summary}, with all they applied`, destroys: [recordOf(context).cluster] });
    },
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
  const sources = owned.filter((object) => !units.includes(object)).map(refOf);
  await deleteOrRelease(client, sources, context);
}

/** Dependents first; a suspended Kustomization would skip pruning and is resumed. */
async function pruneUnits(client: KubeClient, units: readonly KubeObject[], context: UndoContext): Promise<void> {
  for (const wave of reverseWaves(units)) {
    for (const unit of wave)
      await client
        .mergePatch(
          refOf(unit),
          { spec: { prune: true, suspend: false, deletionPolicy: 'WaitForTermination' } },
          { signal: context.signal },
        )
        .catch(ignoreMissing);
    await deleteObjects(client, wave.map(refOf), limits(context)).catch((error: unknown) => {
      throw isSlipwayError(error) && error.code === 'SLW-KUB-050'
        ? new SlipwayError('SLW-FLX-013', error.message, { cause: error, ...(error.object !== undefined && { object: error.object }) })
        : error;
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

/**
 * First told to orphan, then deleted: whoever removes the finalizer, nothing is pruned. `prune` says it to a Flux of others that is too
 * old to know `deletionPolicy`.
 */
async function orphanUnits(client: KubeClient, units: readonly KubeObject[], context: UndoContext): Promise<void> {
  const { signal } = context;
  for (const unit of units)
    await client.mergePatch(refOf(unit), { spec: { deletionPolicy: 'Orphan', prune: false } }, { signal }).catch(ignoreMissing);
  await deleteOrRelease(client, units.map(refOf), context);
}

/** Finalizers of what prunes nothing (orphaning units, sources) only tidy the controller's own storage. */
async function deleteOrRelease(client: KubeClient, refs: readonly ObjectRef[], context: UndoContext): Promise<void> {
  const timeoutMs = Math.min(ORPHAN_BOUND_MS, context.timeoutMs);
  await deleteObjects(client, refs, { ...limits(context), timeoutMs }).catch(async (error: unknown) => {
    if (!isSlipwayError(error) || error.code !== 'SLW-KUB-050') throw error;
    for (const ref of refs) await stripFinalizers(client, ref, context.signal);
  });
}

async function stripFinalizers(client: KubeClient, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  await client.mergePatch(ref, { metadata: { finalizers: null } }, { signal }).catch(ignoreMissing);
}

/** Controllers first, so that nobody acts on what goes away; then Flux objects without their finalizers; then the rest. */
async function removeComponents(client: KubeClient, { owner, keep = [] }: ClusterRecord, context: UndoContext): Promise<void> {
  const { signal } = context;
  const owned = await ownedComponents(client, context, owner);
  const ours = owned.filter((object) => !keep.includes(formatRef(refOf(object))));
  const of = (...kinds: readonly string[]): readonly ObjectRef[] => ours.filter(({ kind }) => kinds.includes(kind)).map(refOf);
  await deleteObjects(client, of('Deployment'), { ...limits(context), propagation: 'Foreground' });
  await removeDefinitions(client, of('CustomResourceDefinition'), { owner, context });
  await deleteObjects(
    client,
    ours.map(refOf).filter(({ kind }) => !['Deployment', 'CustomResourceDefinition', 'Namespace'].includes(kind)),
    limits(context),
  );
  await removeNamespaces(client, of('Namespace'), { owner, context });
  for (const object of owned) if (!ours.includes(object)) await handBack(client, refOf(object), signal);
}

/** By the mark, so that what an older version installed is found as well. */
async function ownedComponents(client: KubeClient, { host, signal }: UndoContext, owner: string): Promise<readonly KubeObject[]> {
  const { objects } = await loadComponents(host);
  const kinds = new Map(objects.map(({ apiVersion, kind }) => [kind, { apiVersion, kind }]));
  const lists = await Promise.all(
    [...kinds.values()].map(async (of) =>
      (await client.list(of, { labelSelector: `${OWNER}=${owner}`, signal })).items.map((item) => ({ ...item, ...of })),
    ),
  );
  return lists.flat();
}

interface Owned {
  readonly owner: string;
  readonly context: UndoContext;
}

/** A definition takes its objects along: while others keep some, all definitions stay. */
async function removeDefinitions(client: KubeClient, refs: readonly ObjectRef[], { owner, context }: Owned): Promise<void> {
  if (refs.length === 0) return;
  const { signal } = context;
  const [first, ...more] = await foreignFluxObjects(client, owner, signal);
  if (first !== undefined) {
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    context.report({
      type: 'finding',
      level: 'warning',
      message: `the definitions of Flux stay: ${formatRef(refOf(first))}${others}, which Slipway did not create, would go with them`,
    });
    for (const ref of refs) await handBack(client, ref, signal);
    return;
  }
  await releaseAll(client, signal);
  await deleteObjects(client, refs, limits(context));
}

async function removeNamespaces(client: KubeClient, refs: readonly ObjectRef[], { owner, context }: Owned): Promise<void> {
  if (refs.length === 0) return;
  const leftover = await foreignContent(client, FLUX_NAMESPACE, { owner, signal: context.signal });
  if (leftover === undefined) return deleteObjects(client, refs, limits(context));
  context.report({
    type: 'finding',
    level: 'warning',
    message: `namespace ${FLUX_NAMESPACE} stays: it holds ${leftover}, which Slipway did not create`,
  });
  for (const ref of refs) await handBack(client, ref, context.signal);
}

/** What stays is nobody's or somebody else's now: the next project must not take it for its own. */
async function handBack(client: KubeClient, ref: ObjectRef, signal: AbortSignal): Promise<void> {
  await client.mergePatch(ref, { metadata: { labels: { [OWNER]: null, [MANAGED_BY]: null } } }, { signal }).catch(ignoreMissing);
}

async function releaseAll(client: KubeClient, signal: AbortSignal): Promise<void> {
  for (const kind of DEFINED_KINDS) {
    if (!(await client.serves(kind, signal))) continue;
    const { items } = await client.list(kind, { signal });
    for (const item of items) await stripFinalizers(client, refOf(item), signal);
  }
}

function limits({ host, signal, timeoutMs, report }: UndoContext): Parameters<typeof deleteObjects>[2] {
  return {
    ...{ host, signal, timeoutMs },
    onBlocked: ([first]) =>
      first && report({ type: 'waiting', object: formatRef(first.ref), reason: 'Terminating', message: first.reason, boundMs: timeoutMs }),
  };
}

function ignoreMissing(error: unknown): void {
  if (!isSlipwayError(error) || error.code !== 'SLW-KUB-006') throw error;
}
