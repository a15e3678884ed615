/**
 * Runs one step: observe again, decide, make the intent durable, act, make the outputs durable, prove. And undoes one ledger entry.
 * Whatever the instant of death, the journal holds enough for the next run to finish or to undo it.
 */
import { canonicalJson, type Json } from '../core/digest.ts';
import { SlipwayError, type ErrorRecord, toErrorRecords } from '../core/errors.ts';
import type { BackoffPolicy } from '../core/retry.ts';
import type { Redactor } from '../core/redaction.ts';
import { attempting, type Failure, GivenUp } from './attempts.ts';
import { effectiveChange, requireConsent } from './consent.ts';
import { type ContextSource, stepContext, undoContext } from './contexts.ts';
import type { EventLog } from './event-log.ts';
import type { PlannedStep } from './plan-data.ts';
import { toPlain } from './plain-data.ts';
import type { Change, Intent, Outputs, Step, StepRecord, UndoHandlers } from './step.ts';

export interface RunScope extends ContextSource {
  readonly log: EventLog;
  readonly redactor: Redactor;
  readonly backoff: BackoffPolicy;
  readonly undoHandlers: UndoHandlers;
}

export type StepOutcome =
  | { readonly status: 'done'; readonly changed: boolean }
  | { readonly status: 'failed'; readonly failure: Failure }
  | { readonly status: 'cancelled' };

type Phase = 'observe' | 'apply' | 'verify' | 'undo';

/** Never throws, except when the journal failed. */
export async function runStep(step: Step, planned: PlannedStep, scope: RunScope): Promise<StepOutcome> {
  const turn = new Turn(planned, scope);
  return turn.outcome(async () => {
    const changed = await turn.persist(() => converge(step, turn));
    await turn.persist(() => prove(step, turn));
    return changed;
  });
}

/** Never throws, except when the journal failed. */
export async function undoStep(planned: PlannedStep, scope: RunScope): Promise<StepOutcome> {
  const turn = new Turn(planned, scope);
  return turn.outcome(() => turn.persist(() => undo(turn)));
}

/** One step's turn in a run: its phase, its time, its failures. */
class Turn {
  readonly planned: PlannedStep;
  readonly scope: RunScope;
  /** This turn made an intent durable; what it finds half done from then on is its own doing. */
  intended = false;
  #phase: Phase = 'observe';
  #since = 0;

  constructor(planned: PlannedStep, scope: RunScope) {
    this.planned = planned;
    this.scope = scope;
  }

  get id(): string {
    return this.planned.step;
  }

  get record(): StepRecord | undefined {
    return this.scope.ledger.get(this.id);
  }

  begin(phase: Phase): void {
    this.scope.signal.throwIfAborted();
    this.#phase = phase;
    this.#since = this.scope.host.clock.monotonic();
    this.scope.log.transient({ type: 'step.started', step: this.id, title: this.planned.title, subject: this.planned.subject, phase });
  }

  elapsedMs(): number {
    return Math.round(this.scope.host.clock.monotonic() - this.#since);
  }

  persist<T>(act: () => Promise<T>): Promise<T> {
    const { host, backoff, timeoutMs, signal } = this.scope;
    const onRetry = (failure: Failure, attempt: number, delayMs: number): Promise<void> => this.#tell(failure, attempt, delayMs);
    return attempting(act, { clock: host.clock, random: host.random, policy: backoff, boundMs: timeoutMs, signal, onRetry });
  }

  async outcome(act: () => Promise<boolean>): Promise<StepOutcome> {
    const { broken } = this.scope.log;
    try {
      return { status: 'done', changed: await act() };
    } catch (thrown) {
      if (broken.aborted) throw broken.reason;
      if (!(thrown instanceof GivenUp)) return { status: 'cancelled' };
      await this.#tell(thrown.failure, thrown.attempt);
      return { status: 'failed', failure: thrown.failure };
    }
  }

  async #tell(failure: Failure, attempt: number, retryInMs?: number): Promise<void> {
    const entry = (error: ErrorRecord) =>
      ({ type: 'step.failed', step: this.id, phase: this.#phase, error, attempt, ...(retryInMs !== undefined && { retryInMs }) }) as const;
    await this.scope.log.durable(...toErrorRecords(failure).map(entry));
  }
}

/** Gives whether the world was changed. Safe to call again after a failure anywhere inside. */
async function converge(step: Step, turn: Turn): Promise<boolean> {
  const { scope, record } = turn;
  const context = stepContext(scope, step.id);
  turn.begin('observe');
  const observed = await step.observe(context);
  const raw = step.change(observed);
  requireConsent(turn.intended ? asPlannedUpdate(turn.planned) : turn.planned, raw);
  const change = effectiveChange(raw, record);
  if (change.kind === 'none') return leave(step, change, turn);
  const intent = mergeIntent(record?.intent, await step.intent?.(observed, change, context));
  await intend(turn, { change, intent, needs: step.needs });
  turn.begin('apply');
  const outputs = await step.apply({ ...context, observed, change, intent });
  await scope.log.durable({ type: 'step.applied', step: step.id, outputs: keepable(outputs, turn), ms: turn.elapsedMs() });
  return true;
}

/** A second attempt may find half of its own work, so what was announced as a creation may go on as an update. */
function asPlannedUpdate(planned: PlannedStep): PlannedStep {
  return planned.change.kind === 'deferred' ? { ...planned, change: { ...planned.change, kind: 'update' } } : planned;
}

/** Nothing to do; only the ledger's word about needs is brought up to date, in one commit, so that it never looks half done. */
async function leave(step: Step, change: Change, turn: Turn): Promise<boolean> {
  const { record, scope } = turn;
  scope.log.transient({ type: 'step.unchanged', step: step.id });
  if (!record || (record.subject === step.subject && isEqual(record.needs, step.needs))) return false;
  await scope.log.durable(
    { type: 'step.intended', step: step.id, subject: step.subject, title: step.title, needs: step.needs, change, intent: record.intent },
    { type: 'step.applied', step: step.id, outputs: record.outputs, ms: 0 },
  );
  return false;
}

async function prove(step: Step, turn: Turn): Promise<void> {
  if (!step.verify) return;
  turn.begin('verify');
  await step.verify(stepContext(turn.scope, step.id));
  await turn.scope.log.durable({ type: 'step.verified', step: step.id, ms: turn.elapsedMs() });
}

async function undo(turn: Turn): Promise<boolean> {
  const { record, scope, planned } = turn;
  if (!record) return false;
  turn.begin('undo');
  const wanted = record.intent.undo;
  if (!wanted) {
    await scope.log.durable({ type: 'step.forgotten', step: turn.id, reason: 'nothing to undo' });
    return false;
  }
  const handler = scope.undoHandlers.get(wanted.handler);
  if (!handler)
    throw new SlipwayError('SLW-ENG-009', `nobody here knows how to undo ${turn.id}: its handler is ${wanted.handler}`, {
      object: turn.id,
    });
  await intend(turn, { change: planned.change, intent: record.intent, needs: record.needs });
  scope.signal.throwIfAborted();
  await handler.undo(undoContext(scope, scope.ledger.get(turn.id) ?? record));
  await scope.log.durable({ type: 'step.undone', step: turn.id, ms: turn.elapsedMs() });
  return planned.change.kind !== 'none';
}

async function intend(
  turn: Turn,
  wanted: { readonly change: Change; readonly intent: Intent; readonly needs: readonly string[] },
): Promise<void> {
  const { step, subject, title } = turn.planned;
  await turn.scope.log.durable({ type: 'step.intended', step, subject, title, ...wanted, intent: keepable(wanted.intent, turn) });
  turn.intended = true;
}

/** What was recorded before stays known unless the step says something newer, so that nothing made under it is forgotten. */
function mergeIntent(before: Intent | undefined, now: Intent | undefined): Intent {
  const undo = now?.undo ?? before?.undo;
  const choices = { ...before?.choices, ...now?.choices };
  return { ...(undo && { undo }), ...(Object.keys(choices).length > 0 && { choices }) };
}

/** A masked record would be useless for the next run, so a secret in it stops the step. @throws SLW-ENG-010, SLW-ENG-012 */
function keepable<T extends Intent | Outputs>(data: T, turn: Turn): T {
  const plain = toPlain(data, `the record of ${turn.id}`);
  if (isEqual(plain, turn.scope.redactor.redactData(plain))) return plain as T;
  throw new SlipwayError('SLW-ENG-010', `the record of ${turn.id} contains a secret value`, { object: turn.id });
}

function isEqual(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
