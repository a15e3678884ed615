/**
 * The pivot: moves Cluster API objects from one API server to another as one transaction (docs/design/pivot.md).
 * Knows Kubernetes and Cluster API, no project, no engine. Invariants: the truth is the transaction object in both clusters, so
 * two clients are enough to go on; never two live owners; one resourceVersion-guarded update on the target is the COMMIT.
 */
import { SlipwayError } from '../../core/errors.ts';
import { buildPlan } from './build-plan.ts';
import { annotationOf, TOMBSTONE_ANNOTATION } from './marks.ts';
import { currentOf, type Opened, openPivot, readBoth } from './opening.ts';
import type { PivotOptions, PivotResult, PivotStage, PivotStatus } from './options.ts';
import type { PivotPlan } from './plan.ts';
import { prepare } from './prepare.ts';
import { readInventory } from './inventory.ts';
import { release } from './release.ts';
import { retire } from './retire.ts';
import { reverse } from './reverse.ts';
import { rollBack } from './rollback.ts';
import type { Session } from './session.ts';
import { readStanding } from './target-checks.ts';
import { isFinished, type Transaction } from './transaction.ts';
import { watchRelease } from './watch-release.ts';
import { readWorld } from './world.ts';
import { readDefinitions } from './definitions.ts';
import { isOfClusterApi, movingKinds } from './kinds.ts';

/** What `runPivot` would do. Reads both clusters, writes nothing; refusals are data. */
export async function planPivot(options: PivotOptions): Promise<PivotPlan> {
  const opened = await openPivot(options);
  const current = opened.current && !isFinished(opened.current) ? opened.current : undefined;
  const world = await readWorld(await opened.ground(), current ?? options, options.signal);
  const standing = await readStanding(world, options.signal);
  return buildPlan(options, { world, standing, current });
}

/**
 * Moves everything up to and including WATCH; goes on where an earlier call ended, wherever that was. Does not retire.
 * @throws SLW-PIV-001 refused (SlipwayErrors for several reasons), SLW-PIV-032 a rollback was begun, and the codes of each phase
 */
export async function runPivot(options: PivotOptions): Promise<PivotResult> {
  const opened = await openPivot(options);
  const stage = opened.current?.stage ?? 'none';
  if (stage === 'rolling-back' || stage === 'reversing')
    throw new SlipwayError('SLW-PIV-032', `the pivot from ${options.source.name} to ${options.target.name} is being rolled back`);
  if (await isOver(opened, stage)) return resultOf(opened.session, undefined);
  const fresh = stage === 'retired' ? { ...opened, current: undefined } : opened;
  const plan = stage === 'committed' ? undefined : await prepare(fresh);
  await finish(opened);
  return resultOf(opened.session, plan);
}

async function isOver(opened: Opened, stage: PivotStage): Promise<boolean> {
  return stage === 'released' || stage === 'retiring' || (stage === 'retired' && !(await hasNewClusters(opened)));
}

/** RELEASE and WATCH; the target alone is enough. */
async function finish({ session, ground, isSourceReachable }: Opened): Promise<void> {
  const { client } = session.options.target;
  const source = isSourceReachable ? await ground() : undefined;
  const definitions = source?.to.definitions ?? (await readDefinitions(client, session.signal)).filter(isOfClusterApi);
  const kinds = movingKinds(definitions, definitions);
  const target = await readInventory({
    ...{ client, kinds, namespaces: undefined, signal: session.signal, withoutData: true },
    metadataOnly: ({ role }) => role !== 'cluster',
  });
  await session.phase('release', () => release(session, source, target));
  await session.phase('watch', () => watchRelease(session, target));
  await session.save({ stage: 'released' });
}

/** After RETIRE the same two clusters may pivot again, but never what was given up. */
async function hasNewClusters({ ground, session, isSourceReachable }: Opened): Promise<boolean> {
  if (!isSourceReachable) return false;
  const world = await readWorld(await ground(), session.options, session.signal);
  return world.going.some(
    ({ object, verdict }) =>
      verdict === 'moves' && world.inventory.kindOf(object).role === 'cluster' && annotationOf(object, TOMBSTONE_ANNOTATION) === undefined,
  );
}

/** Reads only, both clusters; works with the source gone once the target owns everything. */
export async function pivotStatus(options: Pick<PivotOptions, 'source' | 'target' | 'signal'>): Promise<PivotStatus> {
  return statusOf(await currentOf(options, await readBoth(options)));
}

/** Before COMMIT: discards the target's copies and gives the source back as it was. From COMMIT to RETIRE: a reverse pivot. @throws SLW-PIV-030 after it */
export async function rollbackPivot(options: PivotOptions): Promise<PivotResult> {
  const opened = await openPivot(options);
  const { session, current, stored } = opened;
  if (!current && stored.source && !isFinished(stored.source.transaction)) {
    await session.writes.delete('source', stored.source.object, 'forget');
    return resultOf(session, undefined, 'none');
  }
  const stage = current?.stage ?? 'none';
  if (!NEXT[stage].includes('rollback'))
    throw new SlipwayError('SLW-PIV-030', `there is no pivot from ${options.source.name} to ${options.target.name} to roll back`, {
      data: { stage },
    });
  const ground = await opened.ground();
  if (stage === 'preparing' || stage === 'rolling-back') await session.phase('rollback', () => rollBack(session, ground));
  else await session.phase('reverse', () => reverse(session, ground));
  return resultOf(session, undefined, 'none');
}

/** Ends a released pivot. A disposable source is only recorded as done with; from any other the moved objects are removed. @throws SLW-PIV-031 not released */
export async function retirePivot(options: PivotOptions): Promise<PivotResult> {
  const opened = await openPivot(options);
  const { session, current, ground } = opened;
  if (current?.stage === 'retired') {
    await endMirror(opened);
    return resultOf(session, undefined);
  }
  if (current?.stage !== 'released' && current?.stage !== 'retiring')
    throw new SlipwayError(
      'SLW-PIV-031',
      `the pivot from ${options.source.name} to ${options.target.name} is not released (${current?.stage ?? 'none'})`,
    );
  await session.phase('retire', () => retire(session, ground));
  return resultOf(session, undefined);
}

/** Killed between the two writes of the end, it would forbid every other pivot of the source. */
async function endMirror({ session, stored }: Opened): Promise<void> {
  if (stored.source && !isFinished(stored.source.transaction)) await session.save({});
}

function resultOf(session: Session, plan: PivotPlan | undefined, stage?: 'none'): PivotResult {
  const status = statusOf(stage === 'none' ? undefined : session.transaction);
  return { status, plan, notes: session.notes, changed: session.writes.count > 0 };
}

const NEXT: Readonly<Record<PivotStage, PivotStatus['next']>> = {
  none: ['run'],
  preparing: ['run', 'rollback'],
  committed: ['run', 'rollback'],
  released: ['retire', 'rollback'],
  retiring: ['retire'],
  retired: [],
  'rolling-back': ['rollback'],
  reversing: ['rollback'],
};

function statusOf(transaction: Transaction | undefined): PivotStatus {
  if (!transaction) return { stage: 'none', paused: [], suspended: [], next: NEXT.none };
  const { runId, stage, phase, source, target, namespaces, clusters, disposableSource, sealed, pauses, suspends } = transaction;
  return {
    stage,
    runId,
    phase,
    source,
    target,
    disposableSource,
    ...(namespaces && { namespaces }),
    ...(clusters && { clusters }),
    ...(sealed && { objects: sealed.length }),
    paused: pauses.map(({ way: _way, before: _before, ...ref }) => ref),
    suspended: suspends.map(({ before: _before, ...ref }) => ref),
    next: NEXT[stage],
  };
}
