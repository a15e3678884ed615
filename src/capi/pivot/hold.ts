/**
 * Controllers hold still while a fleet moves: those of a source that ends would tell of each object that it is paused, those of the target
 * the same of each copy, and then that it is not. Nothing depends on it: what moves is paused, and a source that ends is stopped.
 */
import { keyOf } from './fields.ts';
import { listClusters } from './inventory.ts';
import { asksForTime } from './pausing.ts';
import type { Session } from './session.ts';
import type { World } from './world.ts';

/** Starting the managers anew costs about as much as so many objects do when nobody holds still. */
const DEFAULT_HOLD_FROM = 200;

/** To be recorded before `holdStill`, so that whoever goes on ends it. False when it does not pay, or the target has Clusters of its own. */
export async function wantsHold(session: Session, { going, kinds }: World): Promise<boolean> {
  const { options, transaction, signal } = session;
  if (transaction.held) return true;
  if (!options.target.controllers.hold || going.length < (options.holdFrom ?? DEFAULT_HOLD_FROM)) return false;
  const ours = new Set(going.map(({ object }) => keyOf(object)));
  const there = await listClusters(options.target.client, kinds, signal);
  return there.every((cluster) => ours.has(keyOf(cluster)));
}

/**
 * A source that lives on must tell of each pause; so must one whose providers ask for time, which may have been held by the attempt before
 * (`wasHeld`).
 */
export async function holdStill({ transaction, options, signal }: Session, world: World, wasHeld: boolean): Promise<void> {
  if (!transaction.held) return;
  const { source, target } = options;
  const isSourceAsked = asksForTime(world);
  if (isSourceAsked && wasHeld && transaction.disposableSource) await source.controllers.start(signal);
  const ends = transaction.disposableSource && !isSourceAsked ? [target, source] : [target];
  await Promise.all(ends.map(({ controllers }) => controllers.hold?.(signal)));
}

/** To be recorded by the caller as `held: false`. Safe to call again. */
export async function freeTarget({ transaction, options, signal }: Session): Promise<void> {
  if (transaction.held) await options.target.controllers.start(signal);
}
