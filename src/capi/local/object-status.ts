/** Status of our objects: conditions with times and observed generations, written only when something changed. */
import { canonicalJson, type Json } from '../../core/digest.ts';
import { isoTime } from '../../engine/iso-time.ts';
import type { Host } from '../../host/host.ts';
import { type Condition, conditionsOf } from '../../kube/readiness-state.ts';
import { type KubeClient, type KubeObject, refOf } from '../../kube/types.ts';
import { PAUSED_CONDITION } from '../words.ts';

export interface ConditionWish {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message?: string;
}

export interface StatusWish {
  /** Fields of status beside the conditions; others stay. */
  readonly fields?: { readonly [name: string]: Json };
  /** Conditions of other types stay. */
  readonly conditions: readonly ConditionWish[];
}

/** Conditions as they should read; times change only with the status, as metav1.Condition wants. Pure. */
export function mergeConditions(object: KubeObject, wishes: readonly ConditionWish[], now: string): readonly Condition[] {
  const known = new Map(conditionsOf(object));
  for (const { type, status, reason, message = '' } of wishes) {
    const before = known.get(type);
    const since = before?.status === status ? before.lastTransitionTime : undefined;
    known.set(type, {
      type,
      status,
      reason,
      message,
      lastTransitionTime: since ?? now,
      ...(object.metadata.generation !== undefined && { observedGeneration: object.metadata.generation }),
    });
  }
  return [...known.values()];
}

export const pausedCondition = (because: string | undefined): ConditionWish =>
  because === undefined
    ? { type: PAUSED_CONDITION, status: 'False', reason: 'NotPaused' }
    : { type: PAUSED_CONDITION, status: 'True', reason: 'Paused', message: because };

export interface StatusOptions {
  readonly host: Host;
  readonly client: KubeClient;
  readonly signal: AbortSignal;
}

/** The object as it is afterwards. @throws SLW-KUB-008 when it changed meanwhile: look again */
export async function writeStatus<T extends KubeObject>(object: T, wish: StatusWish, { host, client, signal }: StatusOptions): Promise<T> {
  const now = isoTime(host.clock.now()).replace(/\.\d+Z$/, 'Z');
  const current = (object['status'] ?? {}) as { readonly [name: string]: Json };
  const wanted = { ...current, ...wish.fields, conditions: mergeConditions(object, wish.conditions, now) as unknown as Json };
  if (canonicalJson(wanted) === canonicalJson(current)) return object;
  const patch = {
    metadata: { resourceVersion: object.metadata.resourceVersion },
    status: { ...wish.fields, conditions: wanted.conditions },
  };
  return (await client.mergePatch(refOf(object), patch, { subresource: 'status', signal })) as T;
}
