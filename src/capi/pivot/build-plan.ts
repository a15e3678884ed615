/** From the two worlds to a plan: verdicts, order, notes, and every reason not to begin. */
import { digestOf } from '../../core/digest.ts';
import { formatRef, refOf } from '../../kube/types.ts';
import { findSuspends } from './flux-suspend.ts';
import type { Inventory } from './inventory.ts';
import type { PivotOptions } from './options.ts';
import type { PivotNote, PivotPlan, PlannedObject, Refusal } from './plan.ts';
import { pausesFor } from './quiesce.ts';
import { checkSource, unobservedKinds } from './source-checks.ts';
import { checkTarget } from './target-checks.ts';
import type { Transaction } from './transaction.ts';
import type { World } from './world.ts';

export interface PlanContext {
  readonly world: World;
  readonly standing: Inventory;
  /** Of the pivot that is under way. */
  readonly current: Transaction | undefined;
}

export async function buildPlan(options: PivotOptions, context: PlanContext): Promise<PivotPlan> {
  const { world } = context;
  const objects = plannedObjects(world);
  const count = (verdict: PlannedObject['verdict']): number => objects.filter((object) => object.verdict === verdict).length;
  const [refusals, suspends] = await Promise.all([
    findRefusals(options, context),
    options.suspendFlux === false ? [] : findSuspends(world, options.signal),
  ]);
  return {
    source: { name: world.from.name, uid: world.from.uid },
    target: { name: world.to.name, uid: world.to.uid },
    namespaces: world.namespaces,
    clusters: clusterNames(world),
    disposableSource: options.disposableSource,
    objects,
    counts: { moves: count('moves'), copies: count('copies'), stays: count('stays') },
    pauses: pausesFor(world.going, world.inventory).map(({ way: _way, before: _before, ...ref }) => ref),
    suspends: suspends.map(({ before: _before, ...ref }) => ref),
    notes: notesOf(world),
    refusals,
    digest: planDigest(world),
  };
}

export function planDigest(world: World): string {
  return digestOf({
    from: world.from.uid,
    to: world.to.uid,
    objects: world.going.map(({ object, verdict }) => `${verdict} ${object.metadata.uid ?? ''} ${formatRef(refOf(object))}`).sort(),
  });
}

async function findRefusals(options: PivotOptions, { world, standing, current }: PlanContext): Promise<readonly Refusal[]> {
  const own = checkSelection(options, world);
  if (own.length > 0) return own;
  const isPausedByUs = (current?.pauses.length ?? 0) > 0;
  const there = await checkTarget(world, { standing, sealed: new Set(current?.sealed) }, options.signal);
  return [...checkSource(world, { isPausedByUs }), ...there, ...checkFence(options, world)];
}

function checkSelection(options: PivotOptions, world: World): readonly Refusal[] {
  if (world.from.uid === world.to.uid)
    return [{ reason: 'same-cluster', message: `${world.from.name} and ${world.to.name} are the same cluster (uid ${world.from.uid})` }];
  const names = clusterNames(world);
  const unknown = (options.clusters ?? []).filter((wanted) => !names.some((name) => name === wanted || name.endsWith(`/${wanted}`)));
  if (unknown.length > 0)
    return unknown.map((name) => ({
      reason: 'unknown-cluster',
      object: `Cluster/${name}`,
      message: `${world.from.name} has no Cluster ${name} in the selection`,
    }));
  if (world.going.some(({ verdict }) => verdict === 'moves')) return [];
  return [{ reason: 'nothing-to-move', message: `${world.from.name} has no Cluster API objects in the selection` }];
}

function checkFence(options: PivotOptions, world: World): readonly Refusal[] {
  if (options.disposableSource || options.acceptUnobservedPause) return [];
  return unobservedKinds(world).map((kind) => ({
    reason: 'unobserved-pause',
    object: kind,
    message: `${kind} does not tell whether its controller observes the pause, and ${world.from.name} keeps its controllers`,
  }));
}

export function clusterNames(world: World): readonly string[] {
  return world.going
    .filter(({ object, verdict }) => verdict === 'moves' && world.inventory.kindOf(object).role === 'cluster')
    .map(({ object }) => `${object.metadata.namespace ?? ''}/${object.metadata.name}`)
    .sort();
}

function plannedObjects(world: World): readonly PlannedObject[] {
  const going = new Map(world.going.map((entry) => [entry.object, entry]));
  return world.selected.map(({ object, verdict, reason }) => {
    const entry = going.get(object);
    const dropped = entry?.droppedOwners.map(({ kind, name }) => `${kind}/${name}`) ?? [];
    return {
      ref: refOf(object),
      uid: object.metadata.uid ?? '',
      verdict,
      reason,
      ...(entry && { level: entry.level }),
      ...(dropped.length > 0 && { droppedOwners: dropped }),
    };
  });
}

function notesOf(world: World): readonly PivotNote[] {
  return world.going.flatMap(({ object, droppedOwners }) =>
    droppedOwners.map(({ kind, name }) => ({
      reason: 'owner-dropped',
      object: formatRef(refOf(object)),
      message: `${formatRef(refOf(object))} names ${kind}/${name} as an owner, which does not move; the copy is made without it`,
    })),
  );
}
