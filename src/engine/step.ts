/**
 * A step is the unit of plan and run. It knows how to observe its part of the world, to say what it would change,
 * to change it, and to prove it. The engine knows no provider, no Kubernetes and no tofu: only steps.
 */
import type { Json } from '../core/digest.ts';
import type { SourcePosition } from '../core/errors.ts';
import type { Host } from '../host/host.ts';

/** Something that a person should know. */
export interface Finding {
  readonly level: 'info' | 'warning';
  readonly code?: string;
  readonly message: string;
  readonly at?: SourcePosition;
}

/** What a step may say while it works; the engine adds step id and time. */
export type StepReport =
  | { readonly type: 'progress'; readonly message: string; readonly done?: number; readonly total?: number }
  | {
      readonly type: 'waiting';
      /** The deepest object that blocks, `Kind/namespace/name`. */
      readonly object: string;
      /** A machine's word: `HealthCheckFailed`, `DependencyNotReady`. */
      readonly reason: string;
      readonly message: string;
      readonly boundMs: number;
    }
  | ({ readonly type: 'finding' } & Finding)
  | { readonly type: 'log'; readonly source: string; readonly line: string };

/** `<area>/<verb-noun>/<name>`, stable for ever: ids live in journals. */
export type StepId = string;

/** What later steps may read. Plain data, durable in the journal, therefore never a secret (a path to a 0600 file instead). */
export type Outputs = Readonly<Record<string, Json>>;

export type ChangeKind = 'none' | 'create' | 'update' | 'replace' | 'delete' | 'deferred';

/** One line under a step in a plan: an object, a process, a file. */
export interface ChangeDetail {
  readonly object: string;
  readonly kind: Exclude<ChangeKind, 'none' | 'deferred'>;
  /** Why: the fields that differ, `process is not running`, `version v1 -> v2`. */
  readonly reason?: string;
}

export interface Change {
  readonly kind: ChangeKind;
  /** Lower case, no period: `start etcd 3.6.12`, `up to date`. */
  readonly summary: string;
  readonly details?: readonly ChangeDetail[];
  /** For `deferred`: what will be created, by type, e.g. `{ 'Kustomization': 2 }`; anything else needs a new consent. */
  readonly announces?: Readonly<Record<string, number>>;
  /** Names whose loss wants to be typed (a cluster, a network); only with `replace` and `delete`. */
  readonly destroys?: readonly string[];
}

/** All that undo needs without the project file. Durable before the act. Secrets only by reference (a path). */
export interface UndoRecord {
  /** Key of the undo handler in the registry given to the engine. */
  readonly handler: string;
  readonly data: Json;
  /** What is undone, for the plan of `down`: `stop etcd`, `remove Flux from demo`. */
  readonly title: string;
  /** Name to be typed before this is undone, e.g. the cluster's; absent when nothing is lost by it. */
  readonly destroys?: string;
}

/** What becomes durable before `apply` acts: names, ports, tokens chosen now, so that a re-run uses the same. */
export interface Intent {
  readonly undo?: UndoRecord;
  /** Choices that `apply` must use and a re-run must find again (ports, ids, idempotency tokens). Never a secret. */
  readonly choices?: Outputs;
}

/** The last durable word about a step, from the journal. */
export interface StepRecord {
  readonly step: StepId;
  /** `intended`: the act may have happened in part or whole. */
  readonly state: 'intended' | 'applied';
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly intent: Intent;
  readonly outputs: Outputs;
}

export interface StepContext {
  readonly host: Host;
  /** Aborts when the run is cancelled or the step's bound is reached; everything that waits takes it. */
  readonly signal: AbortSignal;
  /** Bound of each wait in ms (`--timeout`). */
  readonly timeoutMs: number;
  /** Outputs of another step: of this run, else of its last apply; undefined while unknown. */
  outputs(step: StepId): Outputs | undefined;
  /** What this very step did before, if anything. */
  readonly record: StepRecord | undefined;
  /** Progress, waiting-on and findings of this step. Cheap; may be called often. */
  report(report: StepReport): void;
}

export interface ApplyContext<O> extends StepContext {
  /** Observed again just before the act. */
  readonly observed: O;
  readonly change: Change;
  /** As returned by `intent`, durable by now. */
  readonly intent: Intent;
}

export interface Step<O = unknown> {
  readonly id: StepId;
  /** Imperative, lower case: `start the control plane of demo`. */
  readonly title: string;
  /** The document of the project it serves, `Cluster/demo`; `--only` selects by it. */
  readonly subject: string;
  readonly needs: readonly StepId[];
  /** Reads the world, changes nothing. Must not throw because something does not exist yet. */
  observe(context: StepContext): Promise<O>;
  /** Pure: from what was observed to what would be done. */
  change(observed: O): Change;
  /** Decides what must be durable before `apply`; called only when the change is not `none`. */
  intent?(observed: O, change: Change, context: StepContext): Promise<Intent>;
  /** Acts. Must be safe to call again after dying anywhere inside it. */
  apply(context: ApplyContext<O>): Promise<Outputs>;
  /** Proves that the world is as promised; runs also when nothing changed. Throws with the cause; waits with a bound. */
  verify?(context: StepContext): Promise<void>;
}

export interface UndoContext {
  readonly host: Host;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Journal record of the step that is undone. */
  readonly record: StepRecord;
  /** Records of all other steps still in the ledger. */
  records(): ReadonlyMap<StepId, StepRecord>;
  report(report: StepReport): void;
  /** Options of the verb, e.g. `prune`. */
  readonly options: Readonly<Record<string, boolean>>;
}

/** Undoes what one kind of step did, from its record alone; must be safe to call again. */
export interface UndoHandler {
  /** What it would do, for the plan of `down`. Reads only. */
  plan?(context: UndoContext): Promise<Change>;
  undo(context: UndoContext): Promise<void>;
}

export type UndoHandlers = ReadonlyMap<string, UndoHandler>;

/** Types a step literal by what its `observe` returns, then forgets the type. */
export function defineStep<O>(step: Step<O>): Step {
  return step as Step;
}
