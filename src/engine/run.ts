/**
 * Runs a plan: its steps in parallel where the graph allows, its undoings in reverse, every word of it durable before it is shown.
 * A failed step stops what depends on it and nothing else. Under the lock, with the journal open.
 */
import type { Code } from '../core/codes.ts';
import { SlipwayErrors } from '../core/errors.ts';
import { createSortableId } from '../core/ids.ts';
import type { Redactor } from '../core/redaction.ts';
import { defaultBackoff, type BackoffPolicy } from '../core/retry.ts';
import type { Host } from '../host/host.ts';
import type { Failure } from './attempts.ts';
import { EventLog } from './event-log.ts';
import type { Emit, RunStatus } from './events.ts';
import type { JournalWriter } from './journal/journal.ts';
import type { PlanData, PlannedStep } from './plan-data.ts';
import { defaultParallel } from './plan.ts';
import { type ScheduleResult, schedule } from './scheduler.ts';
import { runOrder } from './selection.ts';
import type { Step, StepId, StepRecord, UndoHandlers } from './step.ts';
import { type RunScope, type StepOutcome, runStep, undoStep } from './step-run.ts';

export interface RunOptions {
  readonly host: Host;
  /** Version of Slipway, for the journal. */
  readonly slipway: string;
  readonly plan: PlanData;
  /** Steps of the project; at least those planned `up`. */
  readonly steps: readonly Step[];
  readonly undoHandlers: UndoHandlers;
  readonly journal: JournalWriter;
  /** Folded from that journal; kept up to date. */
  readonly ledger: Map<StepId, StepRecord>;
  readonly redactor: Redactor;
  readonly emit: Emit;
  /** Graceful end: nothing new begins, what runs is told and waited for. */
  readonly signal: AbortSignal;
  /** Gives up waiting for what runs. */
  readonly detach?: AbortSignal;
  readonly parallel?: number;
  /** Bound of each wait. */
  readonly timeoutMs: number;
  readonly backoff?: BackoffPolicy;
  /** Options of `down` for undo handlers, e.g. `prune`. */
  readonly undoOptions?: Readonly<Record<string, boolean>>;
}

interface StepFailure {
  readonly step: StepId;
  readonly failure: Failure;
}

export interface RunOutcome {
  readonly run: string;
  readonly status: RunStatus;
  readonly exit: number;
  readonly ms: number;
  /** Steps that changed the world, undoings included. */
  readonly changed: number;
  /** In the order of the plan; the first decides the exit. */
  readonly failures: readonly StepFailure[];
  /** Not done because something they depend on failed. */
  readonly skipped: readonly StepId[];
}

const HEARTBEAT_MS = 20_000;
const EXIT_SIGNAL = 130;
const EXIT_COME_AGAIN = 75;

/** Does what `plan` says and nothing that needs another consent. @throws what the journal throws: without it nothing may be done */
export function runUp(options: RunOptions): Promise<RunOutcome> {
  return execute(options);
}

/** Undoes what `plan` says, from the ledger alone. @throws what the journal throws */
export function runDown(options: Omit<RunOptions, 'steps'>): Promise<RunOutcome> {
  return execute({ ...options, steps: [] });
}

async function execute(options: RunOptions): Promise<RunOutcome> {
  const { host, plan, slipway, signal } = options;
  const run = createSortableId(host.clock.now(), host.random.bytes(10));
  const log = new EventLog({
    run,
    clock: host.clock,
    redactor: options.redactor,
    emit: options.emit,
    journal: options.journal,
    ledger: options.ledger,
  });
  const scope = createScope(options, log, AbortSignal.any([signal, log.broken]));
  const begin = host.clock.monotonic();
  await log.durable(
    { type: 'run.started', run, verb: plan.verb, project: plan.project, slipway, planDigest: plan.digest },
    { type: 'plan.made', plan },
  );
  const tally = new Tally(plan);
  const stop = host.clock.every(HEARTBEAT_MS, () =>
    log.transient({ type: 'heartbeat', running: tally.running(), ms: Math.round(host.clock.monotonic() - begin) }),
  );
  const work = runAll(options, scope, tally);
  const result = await orDetached(work, options.detach).finally(stop);
  if (result) await log.settle();
  const verdict = result ? tally.verdict(result, signal.aborted) : { status: 'detached' as const, exit: EXIT_SIGNAL };
  const ms = Math.round(host.clock.monotonic() - begin);
  await log.durable({ type: 'run.finished', run, ...verdict, ms, changed: tally.changed });
  log.close(new DOMException('the run is over', 'AbortError'));
  return { run, ...verdict, ms, changed: tally.changed, failures: tally.failures(), skipped: result?.skipped ?? [] };
}

function createScope(options: RunOptions, log: EventLog, signal: AbortSignal): RunScope {
  const { host, timeoutMs, ledger, redactor, undoHandlers, undoOptions } = options;
  const report: RunScope['report'] = (step, report) => log.report(step, report);
  return {
    host,
    signal,
    timeoutMs,
    ledger,
    redactor,
    undoHandlers,
    log,
    report,
    backoff: options.backoff ?? defaultBackoff,
    ...(undoOptions && { undoOptions }),
  };
}

async function runAll(options: RunOptions, scope: RunScope, tally: Tally): Promise<ScheduleResult> {
  const steps = new Map(options.steps.map((step) => [step.id, step]));
  const planned = new Map(options.plan.steps.map((entry) => [entry.step, entry]));
  const run = async (id: string): Promise<boolean> => {
    const entry = planned.get(id) as PlannedStep;
    tally.start(id);
    const outcome = await runOne(entry, steps.get(id), scope).finally(() => tally.end(id));
    tally.note(id, outcome);
    return outcome.status === 'done';
  };
  const onSkip = (id: string, failed: string): void => {
    if (!scope.signal.aborted) scope.log.transient({ type: 'step.skipped', step: id, reason: `${failed} failed` });
  };
  const parallel = options.parallel ?? defaultParallel(scope.host.env.cpus);
  const result = await schedule(runOrder(options.plan.steps, options.ledger), { parallel, signal: scope.signal, run, onSkip });
  if (scope.log.broken.aborted) throw scope.log.broken.reason;
  return result;
}

function runOne(entry: PlannedStep, step: Step | undefined, scope: RunScope): Promise<StepOutcome> {
  if (entry.direction === 'down') return undoStep(entry, scope);
  if (!step) throw new RangeError(`the plan has step ${entry.step}, the project has not`);
  return runStep(step, entry, scope);
}

/** Undefined when `detach` aborts first; what runs then goes on unheard until the process ends. */
function orDetached(work: Promise<ScheduleResult>, detach: AbortSignal | undefined): Promise<ScheduleResult | undefined> {
  if (!detach) return work;
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve(undefined);
    if (detach.aborted) leave();
    detach.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => detach.removeEventListener('abort', leave));
  });
}

/** What became of the steps so far. */
class Tally {
  changed = 0;
  #cancelled = false;
  readonly #plan: PlanData;
  readonly #running = new Set<StepId>();
  readonly #failed = new Map<StepId, Failure>();

  constructor(plan: PlanData) {
    this.#plan = plan;
  }

  start(id: StepId): void {
    this.#running.add(id);
  }

  end(id: StepId): void {
    this.#running.delete(id);
  }

  note(id: StepId, outcome: StepOutcome): void {
    if (outcome.status === 'failed') this.#failed.set(id, outcome.failure);
    if (outcome.status === 'cancelled') this.#cancelled = true;
    if (outcome.status === 'done' && outcome.changed) this.changed++;
  }

  running(): readonly StepId[] {
    return [...this.#running];
  }

  failures(): readonly StepFailure[] {
    return this.#plan.steps.flatMap(({ step }) => {
      const failure = this.#failed.get(step);
      return failure ? [{ step, failure }] : [];
    });
  }

  verdict(result: ScheduleResult, aborted: boolean): { readonly status: RunStatus; readonly exit: number } {
    const first = this.failures()[0]?.failure;
    if (this.#cancelled || result.left.length > 0 || (aborted && first)) return { status: 'cancelled', exit: EXIT_SIGNAL };
    if (!first) return { status: 'done', exit: 0 };
    return { status: waitsForUser(first) ? 'waiting' : 'failed', exit: first.exit };
  }
}

function waitsForUser(failure: Failure): boolean {
  const error = failure instanceof SlipwayErrors ? failure.errors[0] : failure;
  return error?.retry === 'after-user' && error.exit === EXIT_COME_AGAIN && !isNewConsent(error.code);
}

/** The plan ran out of consent: a failure of this run, not a wait for something outside. */
function isNewConsent(code: Code): boolean {
  return code === 'SLW-ENG-007';
}
