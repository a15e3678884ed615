/** The plan of a pivot: every object with its verdict and a reason. Pure data: printable, hashable. */
import type { ObjectRef } from '../../kube/types.ts';
import type { RefusalReason } from './refusals.ts';

/** `copies`: created on the target and kept on the source, because others use it too. */
export type Verdict = 'moves' | 'copies' | 'stays';

export interface PlannedObject {
  readonly ref: ObjectRef;
  /** On the source. */
  readonly uid: string;
  readonly verdict: Verdict;
  /** Why: `belongs to Cluster/fleet/shop`, `Secret that DevCluster/fleet/shop refers to`. */
  readonly reason: string;
  /** Owners that are not in the set and are left out on the target. */
  readonly droppedOwners?: readonly string[];
  /** Order of creation on the target; undefined for what stays. */
  readonly level?: number;
}

export interface Refusal {
  readonly reason: RefusalReason;
  readonly object?: string;
  readonly message: string;
}

/** Something a person should know; nothing is done about it. */
export interface PivotNote {
  readonly reason: string;
  readonly object?: string;
  readonly message: string;
}

export interface PivotPlan {
  readonly source: { readonly name: string; readonly uid: string };
  readonly target: { readonly name: string; readonly uid: string };
  readonly namespaces: readonly string[];
  readonly clusters: readonly string[];
  readonly disposableSource: boolean;
  readonly objects: readonly PlannedObject[];
  readonly counts: { readonly moves: number; readonly copies: number; readonly stays: number };
  /** Clusters that would be paused. */
  readonly pauses: readonly ObjectRef[];
  /** Flux objects that would be suspended. */
  readonly suspends: readonly ObjectRef[];
  readonly notes: readonly PivotNote[];
  /** Empty: the pivot may run. */
  readonly refusals: readonly Refusal[];
  /** Of what moves and where from and to; the same for the same world. */
  readonly digest: string;
}
