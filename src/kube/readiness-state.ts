/** The words of readiness and safe reading of loosely typed objects. */
import type { KubeObject } from './types.ts';

export interface Readiness {
  /** `failed`: it will not become ready without a change, or (with `retrying`) its controller tries again by itself. */
  readonly state: 'ready' | 'progressing' | 'failed' | 'suspended';
  /** A machine's word, CamelCase. */
  readonly reason: string;
  readonly message: string;
  readonly retrying?: true;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
}

export function ready(reason: string, message = ''): Readiness {
  return { state: 'ready', reason, message };
}

export function progressing(reason: string, message: string): Readiness {
  return { state: 'progressing', reason, message };
}

export function failed(reason: string, message: string): Readiness {
  return { state: 'failed', reason, message };
}

export function failing(reason: string, message: string): Readiness {
  return { state: 'failed', reason, message, retrying: true };
}

/** A condition with its gaps filled: `status` is undefined when nobody reported it. */
export interface Verdict {
  readonly status: string | undefined;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number | undefined;
}

/** The condition of that type; without it the fallback's words (default: the type as reason). */
export function verdictOf(
  object: KubeObject,
  type: string,
  fallback: { readonly reason?: string; readonly message?: string } = {},
): Verdict {
  const { status, reason, message, observedGeneration } = conditionsOf(object).get(type) ?? ({} as Partial<Condition>);
  return { status, reason: reason || fallback.reason || type, message: message ?? fallback.message ?? '', observedGeneration };
}

/** By type; the last of a type wins. */
export function conditionsOf(object: KubeObject): ReadonlyMap<string, Condition> {
  const list = valueAt(object, 'status', 'conditions');
  return new Map((Array.isArray(list) ? (list as Condition[]) : []).map((condition) => [condition.type, condition]));
}

export function valueAt(object: unknown, ...path: readonly string[]): unknown {
  let value = object;
  for (const key of path) value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return value;
}

export function numberAt(object: unknown, ...path: readonly string[]): number | undefined {
  const value = valueAt(object, ...path);
  return typeof value === 'number' ? value : undefined;
}

export function textAt(object: unknown, ...path: readonly string[]): string | undefined {
  const value = valueAt(object, ...path);
  return typeof value === 'string' ? value : undefined;
}

/** The status speaks of an older spec. */
export function staleGeneration(object: KubeObject, observed = numberAt(object, 'status', 'observedGeneration')): Readiness | undefined {
  const { generation } = object.metadata;
  if (observed === undefined || generation === undefined || observed >= generation) return undefined;
  return progressing('LatestGenerationNotObserved', `generation is ${generation}, its controller has seen ${observed}`);
}
