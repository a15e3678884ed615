/** FENCE: every Cluster has a tombstone, then the source's controllers are stopped; a source that lives on is fenced by its pauses alone. */
import { SlipwayError } from '../../core/errors.ts';
import { digestOf } from '../../core/digest.ts';
import { formatRef, refOf } from '../../kube/types.ts';
import { runHooks } from './hooks.ts';
import { conditionOf } from './fields.ts';
import { asksForTime } from './pausing.ts';
import { awakeClusters, confirmed } from './quiesce.ts';
import type { Session } from './session.ts';
import { writeTombstones } from './tombstones.ts';
import { type Ground, readWorld, type World } from './world.ts';

/** Gives the world as it stands still; its digest is recorded in both clusters. */
export async function fence(session: Session, ground: Ground, quiet: World): Promise<World> {
  await writeTombstones(session, quiet);
  await stopSource(session);
  await runHooks(session, 'after-fence');
  let world = await readWorld(ground, session.transaction, session.signal);
  while (session.transaction.disposableSource && asksForTime(world)) {
    await confirmed(session, ground, world);
    await stopSource(session);
    world = await readWorld(ground, session.transaction, session.signal);
  }
  requireAsleep(world);
  await session.save({ phase: 'copy', snapshot: snapshotOf(world), ...clustersOf(world) });
  return world;
}

/** A source that lives on is fenced by its pauses alone. */
async function stopSource(session: Session): Promise<void> {
  if (!session.transaction.disposableSource) return;
  // Recorded before: a rollback starts them again, also after dying right here.
  if (!session.transaction.controllersStopped) await session.save({ phase: 'fence', controllersStopped: true });
  await session.options.source.controllers.stop(session.signal);
}

/** A Cluster that was made, or woken, since the others were paused. */
function requireAsleep(world: World): void {
  const [awake] = awakeClusters(world);
  if (!awake) return;
  const object = formatRef(refOf(awake));
  throw new SlipwayError('SLW-PIV-013', `${object} on ${world.from.name} was made or unpaused after the others were paused`, { object });
}

/** Equal as long as nobody writes to anything that goes. */
export function snapshotOf(world: World): string {
  return digestOf(world.going.map(({ object }) => `${object.metadata.uid ?? ''}@${object.metadata.resourceVersion ?? ''}`).sort());
}

function clustersOf(world: World): { readonly moved: readonly string[]; readonly available: readonly string[] } {
  const clusters = world.going.filter(({ object, verdict }) => verdict === 'moves' && world.inventory.kindOf(object).role === 'cluster');
  const name = ({ object }: (typeof clusters)[number]): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
  return {
    moved: clusters.map(name).sort(),
    available: clusters
      .filter(({ object }) => conditionOf(object, 'Available')?.status === 'True')
      .map(name)
      .sort(),
  };
}
