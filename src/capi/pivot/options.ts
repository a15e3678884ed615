/** What a caller gives to the pivot and gets from it. Shapes are API of this folder: fields are added, never changed. */
import type { Host } from '../../host/host.ts';
import type { KubeClient, ObjectRef } from '../../kube/types.ts';
import type { PivotNote, PivotPlan } from './plan.ts';

/** Stops, holds and starts everything that acts on the Cluster API objects of one cluster. All are safe to call again. */
export interface ControllerSwitch {
  /** Settles when no controller is left that could act. */
  stop(signal: AbortSignal): Promise<void>;
  /** Settles when no controller acts and their webhooks answer, until `start`. A pivot is right without it, and faster with it. */
  hold?(signal: AbortSignal): Promise<void>;
  /** Settles when controllers act and their webhooks answer again. */
  start(signal: AbortSignal): Promise<void>;
}

export interface PivotEnd {
  readonly client: KubeClient;
  /** What people call the cluster. */
  readonly name: string;
  readonly controllers: ControllerSwitch;
}

export type HookPoint = 'before-quiesce' | 'after-fence' | 'before-commit' | 'after-release' | 'after-retire';

/** Something of the caller's around the pivot. A hook that was begun and not finished is run again: it must be safe to repeat. */
export interface PivotHook {
  /** Unique and stable: it is recorded in both clusters. */
  readonly name: string;
  readonly at: HookPoint;
  run(signal: AbortSignal): Promise<void>;
  /** Called by a rollback for every hook that was begun, last first. */
  undo?(signal: AbortSignal): Promise<void>;
}

/** One write to one API server. */
export interface PivotWrite {
  /** Counts from 1 within one call of `runPivot`, `rollbackPivot` or `retirePivot`. */
  readonly ordinal: number;
  readonly end: 'source' | 'target';
  readonly verb: 'create' | 'update' | 'patch' | 'delete';
  readonly ref: ObjectRef;
  /** Imperative: `copy`, `pause`, `commit` … */
  readonly purpose: string;
}

export type PivotPhase =
  | 'preflight'
  | 'quiesce'
  | 'fence'
  | 'copy'
  | 'status'
  | 'verify'
  | 'commit'
  | 'release'
  | 'watch'
  | 'retire'
  | 'rollback'
  | 'reverse';

export type PivotEvent =
  | { readonly type: 'phase'; readonly phase: PivotPhase; readonly state: 'started' | 'done'; readonly runId: string; readonly ms?: number }
  | { readonly type: 'progress'; readonly phase: PivotPhase; readonly done: number; readonly total: number }
  | { readonly type: 'waiting'; readonly phase: PivotPhase; readonly object: string; readonly reason: string }
  | { readonly type: 'note'; readonly note: PivotNote };

/** A cache of the truth in the clusters, e.g. the engine's journal. */
export interface PivotJournal {
  record(entry: { readonly runId: string; readonly phase: string; readonly data?: Readonly<Record<string, unknown>> }): Promise<void>;
}

export interface PivotSelection {
  /** Namespaces on the source; default: all that hold Cluster API objects. */
  readonly namespaces?: readonly string[];
  /** `NAME` or `NAMESPACE/NAME`; default: all. What they share with others is copied and stays as well. */
  readonly clusters?: readonly string[];
}

export interface PivotOptions extends PivotSelection {
  readonly host: Host;
  readonly source: PivotEnd;
  readonly target: PivotEnd;
  /** The source ends with the pivot: its controllers are stopped, nothing is deleted one by one. */
  readonly disposableSource: boolean;
  /** Go on although some kinds do not tell whether they are paused; asked only when the source keeps living. */
  readonly acceptUnobservedPause?: boolean;
  readonly hooks?: readonly PivotHook[];
  /** Suspend Flux objects whose inventory holds what moves; default true. */
  readonly suspendFlux?: boolean;
  readonly signal: AbortSignal;
  /** Bound of each wait. */
  readonly timeoutMs: number;
  /** How long machines must neither come nor go after RELEASE; default 5000. */
  readonly watchMs?: number;
  /** Requests in flight to each API server; default 48. */
  readonly parallel?: number;
  /** From so many objects on controllers are held while they move, where they can be; default 200. */
  readonly holdFrom?: number;
  readonly report: (event: PivotEvent) => void;
  readonly journal?: PivotJournal;
  /** Called before and after each write; what it throws stops the pivot there. */
  readonly onWrite?: (write: PivotWrite, moment: 'before' | 'after') => void | Promise<void>;
}

/** How far a pivot is, as the clusters themselves tell. */
export type PivotStage =
  /** No pivot between the two, or a finished rollback. */
  | 'none'
  /** Before COMMIT: the source owns everything; `run` goes on, `rollback` takes back. */
  | 'preparing'
  /** After COMMIT: the target owns everything; `run` goes on, `rollback` is a reverse pivot. */
  | 'committed'
  /** RELEASE and WATCH are done. `retire` ends it. */
  | 'released'
  | 'retiring'
  /** The end. Going back is a new pivot. */
  | 'retired'
  /** A rollback was begun: only it can go on. */
  | 'rolling-back'
  | 'reversing';

export interface PivotStatus {
  readonly stage: PivotStage;
  readonly runId?: string;
  /** The last phase that was recorded. */
  readonly phase?: PivotPhase;
  readonly source?: { readonly name: string; readonly uid: string };
  readonly target?: { readonly name: string; readonly uid: string };
  readonly namespaces?: readonly string[];
  readonly clusters?: readonly string[];
  readonly disposableSource?: boolean;
  /** Objects that move or are copied, known from FENCE on. */
  readonly objects?: number;
  /** Clusters and others that this run paused at the source. */
  readonly paused: readonly ObjectRef[];
  readonly suspended: readonly ObjectRef[];
  /** What may be called next. */
  readonly next: readonly ('run' | 'rollback' | 'retire')[];
}

export interface PivotResult {
  readonly status: PivotStatus;
  readonly plan: PivotPlan | undefined;
  readonly notes: readonly PivotNote[];
  /** False when everything had been done before. */
  readonly changed: boolean;
}
