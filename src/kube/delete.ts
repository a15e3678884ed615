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
import { inPhases } from './phases.ts';
import { mapPool } from './pool.ts';
import { conditionsOf, textAt, valueAt } from './readiness-state.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef } from './types.ts';

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

const NAMESPACE_CONDITIONS = ['NamespaceDeletionDiscoveryFailure', 'NamespaceDeletionGroupVersionParsingFailure', 'NamespaceDeletionContentFailure', 'NamespaceFinalizersRemaining', 'NamespaceContentRemaining'];

/**
 * Objects that are not there count as deleted; safe to call again.
 * @throws SLW-KUB-050 at the bound, SLW-KUB-051 when an object is not the one meant
 */
export async function deleteObjects(client: KubeClient, refs: readonly DeleteRef[], options: DeleteOptions): Promise<void> {
  const signal = options.signal ?? neverAborted();
  signal.throwIfAborted();
  const bound = options.host.clock.timeout(options.timeoutMs);
  for (const phase of inPhases(refs).toReversed()) {
    const present = await mapPool(phase, { parallel: options.parallel ?? DEFAULT_PARALLEL, signal }, async (ref) => ((await deleteOne(client, ref, { ...options, signal })) ? ref : undefined));
    await waitGone(client, present.filter((ref) => ref !== undefined), { ...options, signal, bound });
  }
}

async function deleteOne(client: KubeClient, ref: DeleteRef, options: DeleteOptions & { readonly signal: AbortSignal }): Promise<boolean> {
  const { signal, propagation } = options;
  try {
    return await client.delete(ref, { signal, ...(propagation && { propagation }), ...(ref.uid !== undefined && { uid: ref.uid }) });
  } catch (error) {
    if (!isSlipwayError(error) || error.code !== 'SLW-KUB-008' || ref.uid === undefined) throw error;
    throw new SlipwayError('SLW-KUB-051', `${formatRef(ref)} is not the object with uid ${ref.uid} any more and was left alone`, { object: formatRef(ref), cause: error });
  }
}

interface GoneOptions extends DeleteOptions {
  readonly signal: AbortSignal;
  readonly bound: AbortSignal;
}

async function waitGone(client: KubeClient, refs: readonly DeleteRef[], options: GoneOptions): Promise<void> {
  if (refs.length === 0) return;
  const remaining = new Map<string, KubeObject>();
  const left = new Set(refs.map(keyOf));
  const show = (): void => options.onBlocked?.([...remaining.values()].map(describe));
  const groups = [...Map.groupBy(refs, (ref) => `${ref.apiVersion}/${ref.kind}/${ref.namespace ?? ''}`).values()];
  await Promise.all(groups.map((group) => followGroup(client, group, { ...options, left, remaining, show })));
  options.signal.throwIfAborted();
  if (left.size > 0) throw await blockedError(client, refs.filter((ref) => left.has(keyOf(ref))), options);
}

interface GroupOptions extends GoneOptions {
  readonly left: Set<string>;
  readonly remaining: Map<string, KubeObject>;
  readonly show: () => void;
}

async function followGroup(client: KubeClient, group: readonly DeleteRef[], options: GroupOptions): Promise<void> {
  const [first] = group;
  if (!first) return;
  const wanted = new Map(group.map((ref) => [ref.name, ref]));
  const scope = { ...(first.namespace !== undefined && { namespace: first.namespace }), ...(group.length === 1 && { fieldSelector: `metadata.name=${first.name}` }) };
  const update = (name: string, object: KubeObject | undefined): void => {
    const ref = wanted.get(name);
    if (!ref) return;
    const key = keyOf(ref);
    if (!isStill(ref, object)) options.left.delete(key);
    if (object && options.left.has(key)) options.remaining.set(key, object);
    else options.remaining.delete(key);
  };
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, options.bound, stop.signal]);
  try {
    for await (const event of client.watch(first, { ...scope, signal })) {
      if (event.type === 'disconnected') continue;
      if (event.type === 'synced') {
        const found = new Map(event.items.map((item) => [item.metadata.name, item]));
        for (const name of wanted.keys()) update(name, found.get(name));
      } else update(event.object.metadata.name, event.type === 'deleted' ? undefined : event.object);
      options.show();
      if (group.every((ref) => !options.left.has(keyOf(ref)))) return;
    }
  } catch (error) {
    // Without its definition nothing of the kind is left.
    if (!isSlipwayError(error) || error.code !== 'SLW-KUB-012') throw error;
    for (const ref of group) update(ref.name, undefined);
  } finally {
    stop.abort();
  }
}

/** An object of the same name without a deletion timestamp is a new one: what was deleted is gone. */
function isStill(ref: DeleteRef, object: KubeObject | undefined): boolean {
  if (!object) return false;
  if (ref.uid !== undefined) return object.metadata.uid === ref.uid;
  return object.metadata.deletionTimestamp !== undefined;
}

/** Why an object that is being deleted is still there. */
export function describe(object: KubeObject): Remaining {
  const ref: ObjectRef = { apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, ...(object.metadata.namespace !== undefined && { namespace: object.metadata.namespace }) };
  if (object.kind === 'Namespace') return { ref, reason: namespaceReason(object) };
  const finalizers = (object.metadata.finalizers ?? []).map((finalizer) => `finalizer ${finalizer} waits for ${finalizerOwner(object, finalizer)}`);
  return { ref, reason: finalizers.length > 0 ? finalizers.join(', ') : 'is being deleted' };
}

function namespaceReason(object: KubeObject): string {
  const conditions = conditionsOf(object);
  const words = NAMESPACE_CONDITIONS.flatMap((type) => {
    const condition = conditions.get(type);
    return condition?.status === 'True' && condition.message ? [condition.message] : [];
  });
  if (words.length > 0) return words.join('; ');
  const finalizers = valueAt(object, 'spec', 'finalizers');
  const waits = Array.isArray(finalizers) && finalizers.length > 0 ? `finalizer ${finalizers.join(', ')} waits for ${finalizerOwner(object, String(finalizers[0]))}` : 'is being deleted';
  return textAt(object, 'status', 'phase') === 'Terminating' ? waits : 'is not yet being deleted';
}

/** Read anew, with a bound of its own: the caller's has just been reached. */
async function blockedError(client: KubeClient, refs: readonly DeleteRef[], options: GoneOptions): Promise<SlipwayError> {
  const signal = options.host.clock.timeout(5_000);
  const objects = await Promise.all(refs.slice(0, 20).map((ref) => client.get(ref, signal).catch(() => undefined)));
  const remaining = objects.flatMap((object) => (object ? [describe(object)] : []));
  const [first] = remaining;
  const name = first ? formatRef(first.ref) : refs[0] ? formatRef(refs[0]) : 'nothing';
  const more = refs.length > 1 ? `; ${refs.length - 1} more remain` : '';
  return new SlipwayError('SLW-KUB-050', `${name} is not gone after ${formatDuration(options.timeoutMs)}: ${first?.reason ?? 'the server no longer answers'}${more}`, {
    object: name,
    data: { remaining: remaining.map((item) => ({ object: formatRef(item.ref), reason: item.reason })) },
  });
}

function keyOf(ref: ObjectRef): string {
  return `${ref.apiVersion}/${formatRef(ref)}`;
}
