/**
 * Deletes a set of objects in the reverse order of applying and waits, by watches, until they are gone. Never removes a
 * finalizer by itself: at the bound it says which one blocks and who would remove it.
 */
import { formatDuration } from '../core/duration.ts';
import { isSlipwayError, SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { neverAborted } from './abort.ts';
import { DEFAULT_PARALLEL } from './apply.ts';
import { finalizerOwner } from './finalizers.ts';
import { followObjects } from './follow.ts';
import { inPhases } from './phases.ts';
import { mapPool } from './pool.ts';
import { type Condition, conditionsOf, textAt, valueAt } from './readiness-state.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef, refOf } from './types.ts';

export interface DeleteRef extends ObjectRef {
  /** Delete only this very object; another of the same name is left alone (SLW-KUB-051). */
  readonly uid?: string;
}

export interface DeleteOptions {
  readonly host: Host;
  /** Bound of the whole. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly parallel?: number;
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan';
  /** What is still there and why, whenever that changes. */
  readonly onBlocked?: (remaining: readonly Remaining[]) => void;
}

export interface Remaining {
  readonly ref: ObjectRef;
  /** `finalizer x waits for y`, a namespace's own words, or `is being deleted`. */
  readonly reason: string;
}

const NAMESPACE_CONDITIONS = [
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionGroupVersionParsingFailure',
  'NamespaceDeletionContentFailure',
  'NamespaceFinalizersRemaining',
  'NamespaceContentRemaining',
];

/**
 * Objects that are not there count as deleted; safe to call again.
 * @throws SLW-KUB-050 at the bound, SLW-KUB-051 when an object is not the one meant
 */
export async function deleteObjects(client: KubeClient, refs: readonly DeleteRef[], options: DeleteOptions): Promise<void> {
  const signal = options.signal ?? neverAborted();
  signal.throwIfAborted();
  const bound = options.host.clock.timeout(options.timeoutMs);
  for (const phase of inPhases(refs).toReversed()) {
    const present = await mapPool(phase, { parallel: options.parallel ?? DEFAULT_PARALLEL, signal }, async (ref) =>
      (await deleteOne(client, ref, { ...options, signal })) ? ref : undefined,
    );
    await waitGone(
      client,
      present.filter((ref) => ref !== undefined),
      { ...options, signal, bound },
    );
  }
}

async function deleteOne(client: KubeClient, ref: DeleteRef, options: DeleteOptions & { readonly signal: AbortSignal }): Promise<boolean> {
  const { signal, propagation } = options;
  try {
    return await client.delete(ref, { signal, ...(propagation && { propagation }), ...(ref.uid !== undefined && { uid: ref.uid }) });
  } catch (error) {
    if (!isSlipwayError(error) || error.code !== 'SLW-KUB-008' || ref.uid === undefined) throw error;
    throw new SlipwayError('SLW-KUB-051', `${formatRef(ref)} is not the object with uid ${ref.uid} any more and was left alone`, {
      object: formatRef(ref),
      cause: error,
    });
  }
}

interface GoneOptions extends DeleteOptions {
  readonly signal: AbortSignal;
  readonly bound: AbortSignal;
}

async function waitGone(client: KubeClient, refs: readonly DeleteRef[], options: GoneOptions): Promise<void> {
  if (refs.length === 0) return;
  const left = new Map<DeleteRef, KubeObject | undefined>(refs.map((ref) => [ref, undefined]));
  await followObjects(client, refs, {
    signal: AbortSignal.any([options.signal, options.bound]),
    unservedIsAbsent: true,
    onState: (ref, object) => {
      if (isStill(ref, object)) left.set(ref, object);
      else left.delete(ref);
    },
    isDone: () => {
      options.onBlocked?.([...left.values()].flatMap((object) => (object ? [describe(object)] : [])));
      return left.size === 0;
    },
  });
  options.signal.throwIfAborted();
  if (left.size > 0) throw await blockedError(client, [...left.keys()], options);
}

/** An object of the same name without a deletion timestamp is a new one: what was deleted is gone. */
function isStill(ref: DeleteRef, object: KubeObject | undefined): boolean {
  if (!object) return false;
  if (ref.uid !== undefined) return object.metadata.uid === ref.uid;
  return object.metadata.deletionTimestamp !== undefined;
}

/** Why an object that is being deleted is still there. */
export function describe(object: KubeObject): Remaining {
  const ref = refOf(object);
  if (object.kind === 'Namespace') return { ref, reason: namespaceReason(object) };
  const finalizers = (object.metadata.finalizers ?? []).map(
    (finalizer) => `finalizer ${finalizer} waits for ${finalizerOwner(object, finalizer)}`,
  );
  return { ref, reason: finalizers.length > 0 ? finalizers.join(', ') : 'is being deleted' };
}

function namespaceReason(object: KubeObject): string {
  const words = NAMESPACE_CONDITIONS.flatMap((type) => trueMessage(conditionsOf(object).get(type)));
  if (words.length > 0) return words.join('; ');
  const list = valueAt(object, 'spec', 'finalizers');
  const finalizers = Array.isArray(list) ? (list as string[]) : [];
  if (textAt(object, 'status', 'phase') !== 'Terminating') return 'is not yet being deleted';
  const waits = finalizers.map((finalizer) => `finalizer ${finalizer} waits for ${finalizerOwner(object, finalizer)}`);
  return waits.length > 0 ? waits.join(', ') : 'is being deleted';
}

function trueMessage(condition: Condition | undefined): readonly string[] {
  return condition?.status === 'True' && condition.message ? [condition.message] : [];
}

/** Read anew, with a bound of its own: the caller's has just been reached. */
async function blockedError(client: KubeClient, refs: readonly DeleteRef[], options: GoneOptions): Promise<SlipwayError> {
  const signal = options.host.clock.timeout(5_000);
  const objects = await Promise.all(refs.slice(0, 20).map((ref) => client.get(ref, signal).catch(() => undefined)));
  const remaining = objects.flatMap((object) => (object ? [describe(object)] : []));
  const reasons = remaining.map((item) => ({ object: formatRef(item.ref), reason: item.reason }));
  const first = reasons[0] ?? { object: refs.slice(0, 1).map(formatRef).join(''), reason: 'the server no longer answers' };
  const more = refs.length > 1 ? `; ${refs.length - 1} more remain` : '';
  return new SlipwayError('SLW-KUB-050', `${first.object} is not gone after ${formatDuration(options.timeoutMs)}: ${first.reason}${more}`, {
    object: first.object,
    data: { remaining: reasons },
  });
}
