/**
 * Rollback from COMMIT to RETIRE: a pivot back onto the frozen originals. The target is paused and fenced by it, what changed there is
 * carried back, one guarded write gives everything to the source again, then the target's copies go.
 */
import { mapPool } from '../../kube/pool.ts';
import { type OwnerReference, refOf } from '../../kube/types.ts';
import { Copying } from './copy.ts';
import { keyOf } from './fields.ts';
import { freeTarget } from './hold.ts';
import { movingKinds } from './kinds.ts';
import { removeMadeNamespaces } from './namespaces.ts';
import { orderObjects } from './order.ts';
import { actingObjects, isPaused, pausePatch, pauseWayOf } from './pausing.ts';
import { pauseConfirmed } from './quiesce.ts';
import { removeObjects } from './remove.ts';
import { restoreSource } from './rollback.ts';
import type { Selected } from './selection.ts';
import type { Session } from './session.ts';
import { copyStatuses, sealCopies } from './status-copy.ts';
import { readStanding } from './target-checks.ts';
import { shortUid } from './transaction.ts';
import { verify } from './verify.ts';
import { type Ground, readWorld, type World } from './world.ts';

export async function reverse(session: Session, ground: Ground): Promise<void> {
  if (session.transaction.stage !== 'reversing') await session.save({ stage: 'reversing', phase: 'reverse' }, 'reverse');
  if (!session.transaction.reversed) await carryBack(session, ground);
  await restoreSource(session, await readWorld(ground, session.transaction, session.signal));
  await discardTarget(session, ground);
  await session.forget();
}

async function carryBack(session: Session, ground: Ground): Promise<void> {
  // Its webhooks must answer; its Clusters are paused, so it does not act.
  if (session.transaction.controllersStopped) await session.options.source.controllers.start(session.signal);
  const originals = await readWorld(ground, session.transaction, session.signal);
  const back = (): Promise<World> => readBackWorld(session, ground, originals);
  await freeTarget(session);
  await pauseTarget(session, await back());
  const world = await back();
  const standing = await readStanding(world, session.signal);
  const took = new Set(originals.going.map(({ object }) => object.metadata.uid));
  const isForeignOwner = ({ uid }: OwnerReference): boolean => !took.has(uid);
  const copying = new Copying({ session, to: 'source', inventory: world.inventory, standing, isReverse: true, isForeignOwner });
  await copying.copy(world.going, (done) =>
    session.options.report({ type: 'progress', phase: 'reverse', done, total: world.going.length }),
  );
  await removeVanished(session, originals, world);
  const options = { session, to: 'source' as const, world, copying, isReverse: true };
  await copyStatuses(options);
  await sealCopies(options);
  await verify(session, { world, copying, expectations: new Map(), reread: back });
  await session.save({ reversed: true }, 'commit the reversal');
}

/** What is on the target of the Clusters that moved, and every copy. What was only copied stays as the source has it. */
async function readBackWorld(session: Session, ground: Ground, originals: World): Promise<World> {
  const { transaction, signal } = session;
  const backGround: Ground = { from: ground.to, to: ground.from, kinds: movingKinds(ground.to.definitions, ground.from.definitions) };
  const world = await readWorld(backGround, { clusters: transaction.moved }, signal);
  const sealed = new Set(transaction.sealed);
  const kept = new Set(originals.going.filter(({ verdict }) => verdict === 'copies').map(({ object }) => keyOf(object)));
  const selected = world.selected.map((entry): Selected => {
    if (kept.has(keyOf(entry.object))) return { ...entry, verdict: 'stays', reason: 'is still on the source' };
    const isCopy = sealed.has(shortUid(entry.object.metadata.uid ?? ''));
    return isCopy ? { ...entry, verdict: 'moves', reason: 'came with the pivot' } : entry;
  });
  return { ...world, selected, going: orderObjects(selected, world.inventory) };
}

async function pauseTarget(session: Session, world: World): Promise<void> {
  await mapPool(world.going, session.pool, async ({ object, verdict }) => {
    const way = pauseWayOf(object, world.inventory);
    if (way === undefined || verdict !== 'moves' || isPaused(object)) return;
    await session.writes.patch({ end: 'target', ref: refOf(object) }, pausePatch(object, way), { purpose: 'pause' });
  });
  await pauseConfirmed(session, 'target', { objects: actingObjects(world), ground: world });
}

/** Originals whose copies were deleted on the target in the ordinary way are gone for good. */
async function removeVanished(session: Session, originals: World, world: World): Promise<void> {
  const there = new Set(world.going.map(({ object }) => keyOf(object)));
  const gone = originals.going
    .filter(({ object, verdict }) => verdict === 'moves' && !there.has(keyOf(object)))
    .map(({ object }) => object);
  await removeObjects(session, 'source', { objects: gone, inventory: originals.inventory });
}

async function discardTarget(session: Session, ground: Ground): Promise<void> {
  const originals = await readWorld(ground, session.transaction, session.signal);
  const world = await readBackWorld(session, ground, originals);
  const sealed = new Set(session.transaction.sealed);
  const moved = new Set(world.going.filter(({ verdict }) => verdict === 'moves').map(({ object }) => keyOf(object)));
  const objects = world.inventory.objects.filter((object) => sealed.has(shortUid(object.metadata.uid ?? '')) || moved.has(keyOf(object)));
  await removeObjects(session, 'target', { objects, inventory: world.inventory });
  await removeMadeNamespaces(session);
}
