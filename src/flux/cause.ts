/** A cause: the deepest object that keeps units from being ready, and why. Pure data. */
import type { ObjectRef } from '../kube/types.ts';

export type CauseKind =
  /** Its controller tried and failed, or it cannot go on without a change. */
  | 'failed'
  /** A pod that no kubelet of this cluster will ever run. */
  | 'cannot-run'
  | 'suspended'
  /** On its way, as far as can be seen. */
  | 'waiting';

export interface Cause {
  readonly kind: CauseKind;
  /** `source` and `auth`: fetching failed; `unit`: building or applying; `object`: what was applied is not ready. */
  readonly area: 'source' | 'auth' | 'unit' | 'object';
  /** `Kind/namespace/name`. */
  readonly object: string;
  readonly ref: ObjectRef;
  /** A machine's word. */
  readonly reason: string;
  readonly message: string;
  /** From the declared unit down to the object. */
  readonly chain: readonly string[];
  /** The unit that would apply or fetch it; where its file is looked for. */
  readonly unit: ObjectRef;
  /** All units that wait for it. */
  readonly blocks: readonly string[];
  /** Position of the object or of the fault in the source, where it can be read here. */
  readonly file?: string;
}

const RANK: Readonly<Record<CauseKind, number>> = { failed: 0, 'cannot-run': 1, suspended: 2, waiting: 3 };

/** One entry for each object and reason; failures first, then what blocks most, then the deepest. */
export function rankCauses(causes: readonly Cause[]): readonly Cause[] {
  const merged = new Map<string, Cause>();
  for (const cause of causes) {
    const key = `${cause.object} ${cause.reason}`;
    const known = merged.get(key);
    if (!known) merged.set(key, cause);
    else merged.set(key, { ...deeper(known, cause), blocks: [...new Set([...known.blocks, ...cause.blocks])] });
  }
  return [...merged.values()].sort(
    (a, b) => RANK[a.kind] - RANK[b.kind] || b.blocks.length - a.blocks.length || b.chain.length - a.chain.length,
  );
}

function deeper(a: Cause, b: Cause): Cause {
  return b.chain.length > a.chain.length ? b : a;
}
