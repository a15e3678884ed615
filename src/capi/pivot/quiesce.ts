/** QUIESCE: what is not paused is recorded, then paused; then every controller that tells has told that it leaves its objects alone. */
import { SlipwayError } from '../../core/errors.ts';
import { mapPool } from '../../kube/pool.ts';
import { formatRef, type KubeObject, refOf } from '../../kube/types.ts';
import { fieldAt, keyOf, kindKey, refKey } from './fields.ts';
import { findSuspends, suspendFlux } from './flux-suspend.ts';
import { holdStill, wantsHold } from './hold.ts';
import { runHooks } from './hooks.ts';
import { type Inventory, readInventory } from './inventory.ts';
import { annotationOf, BLOCK_MOVE_ANNOTATION } from './marks.ts';
import type { Ordered } from './order.ts';
import { actingObjects, asksForTime, isClusterKind, isPaused, observedPause, pausePatch, pauseWayOf } from './pausing.ts';
import type { Session } from './session.ts';
import { tombstone } from './tombstones.ts';
import type { Pause } from './transaction.ts';
import { untilAll } from './until.ts';
import type { Ground, World } from './world.ts';
import type { End } from './writes.ts';

/** @throws SLW-PIV-010, SLW-PIV-011 */
export async function quiesce(session: Session, ground: Ground, world: World): Promise<void> {
  await runHooks(session, 'before-quiesce');
  const wasHeld = session.transaction.held === true;
  await recordIntent(session, world);
  await suspendFlux(session);
  await holdStill(session, world, wasHeld);
  await pauseAll(session, world);
  if (needsConfirmation(session, world)) await confirmed(session, ground, world);
}

/**
 * Controllers that are stopped afterwards end what they are at first, and are gone then: a stronger proof than their word. Only a provider
 * that asks for time needs them alive. Source: https://cluster-api.sigs.k8s.io/developer/providers/contracts/clusterctl (block-move)
 */
function needsConfirmation({ transaction }: Session, world: World): boolean {
  return !transaction.disposableSource || asksForTime(world);
}

/** With the controllers running: who is stopped says nothing. */
export async function confirmed(session: Session, ground: Ground, world: World): Promise<void> {
  await wakeSource(session);
  await pauseConfirmed(session, 'source', { objects: actingObjects(world), ground });
}

/** Durable in both clusters before the first pause: a rollback restores exactly this. */
async function recordIntent(session: Session, world: World): Promise<void> {
  const { transaction, options } = session;
  const known = new Set(transaction.pauses.map(refKey));
  const fresh = pausesFor(world.going, world.inventory).filter((pause) => !known.has(refKey(pause)));
  const suspended = new Set(transaction.suspends.map(refKey));
  const suspends =
    options.suspendFlux === false ? [] : (await findSuspends(world, session.signal)).filter((ref) => !suspended.has(refKey(ref)));
  const held = await wantsHold(session, world);
  await session.save({
    phase: 'quiesce',
    held,
    pauses: [...transaction.pauses, ...fresh],
    suspends: [...transaction.suspends, ...suspends],
  });
}

/** What is to be paused: what moves, has an actor and is not paused by somebody else. */
export function pausesFor(going: readonly Ordered[], inventory: Inventory): readonly Pause[] {
  return going.flatMap(({ object, verdict }) => {
    const way = pauseWayOf(object, inventory);
    if (way === undefined || verdict !== 'moves' || isPaused(object)) return [];
    const before = fieldAt(object, 'spec', 'paused');
    return [{ ...refOf(object), way, ...(way === 'field' && typeof before === 'boolean' && { before }) }];
  });
}

async function pauseAll(session: Session, world: World): Promise<void> {
  const open = session.transaction.pauses.filter((pause) => {
    const object = world.inventory.byKey(refKey(pause));
    return object && !isPaused(object);
  });
  if (open.length > 0) await wakeSource(session);
  await mapPool(open, session.pool, async (pause) => {
    const object = world.inventory.byKey(refKey(pause)) as KubeObject;
    // In one write: each write to a Cluster wakes the controllers of everything that belongs to it.
    const patch = isClusterKind(object) ? { ...pausePatch(object, pause.way), ...tombstone(session) } : pausePatch(object, pause.way);
    await session.writes.patch({ end: 'source', ref: refOf(object) }, patch, { purpose: 'pause' });
  });
}

/** Stopped controllers serve no webhooks; what is paused stays paused when they come back. */
async function wakeSource(session: Session): Promise<void> {
  if (!session.transaction.controllersStopped) return;
  await session.options.source.controllers.start(session.signal);
  await session.save({ controllersStopped: false });
}

export interface Confirmation {
  readonly objects: readonly KubeObject[];
  readonly ground: Pick<Ground, 'kinds'>;
}

/** Waits until each actor that tells has told that it leaves its object alone, and none asks for time. @throws SLW-PIV-010, SLW-PIV-011 */
export async function pauseConfirmed(session: Session, end: End, { objects, ground }: Confirmation): Promise<void> {
  const { host, timeoutMs, report, signal } = session.options;
  const keys = new Set(objects.map(keyOf));
  const used = new Set(objects.map(kindKey));
  const namespaces = [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))];
  const kinds = ground.kinds.filter((kind) => used.has(kindKey(kind)));
  const now = await readInventory({ client: session.options[end].client, kinds, namespaces, signal, withoutData: true });
  const leaving = now.objects.filter((object) => keys.has(keyOf(object)));
  const pending = await untilAll(leaving, {
    host,
    client: session.options[end].client,
    signal,
    timeoutMs,
    isDone: (object) => observedPause(object) !== 'not-yet' && annotationOf(object, BLOCK_MOVE_ANNOTATION) === undefined,
    onWaiting: (waiting) => {
      for (const object of waiting.slice(0, 5))
        report({ type: 'waiting', phase: 'quiesce', object: formatRef(refOf(object)), reason: reasonOf(object) });
    },
  });
  const [first] = pending;
  if (!first) return;
  const blocked = annotationOf(first, BLOCK_MOVE_ANNOTATION) !== undefined;
  const name = formatRef(refOf(first));
  const rest = pending.length > 1 ? `, and ${pending.length - 1} more` : '';
  throw new SlipwayError(blocked ? 'SLW-PIV-011' : 'SLW-PIV-010', `${name}: ${reasonOf(first)}${rest}`, {
    object: name,
    data: { pending: pending.map((object) => formatRef(refOf(object))) },
  });
}

function reasonOf(object: KubeObject): string {
  if (annotationOf(object, BLOCK_MOVE_ANNOTATION) !== undefined) return 'its controller asks not to move it yet (block-move)';
  return 'its controller has not confirmed the pause';
}

/** Keys of Clusters on the source that are not paused now. */
export function awakeClusters(world: World): readonly KubeObject[] {
  return world.going
    .filter(({ object, verdict }) => verdict === 'moves' && world.inventory.kindOf(object).role === 'cluster' && !isPaused(object))
    .map(({ object }) => object);
}
