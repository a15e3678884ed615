/**
 * Makes a plan: observes every step, asks each what it would change, and orders the answers. Changes nothing; the plan is plain data,
 * bound by its digest to the project and to what was observed.
 */
import { digestOf, type Json } from '../core/digest.ts';
import { isAbort, messageOf, type SlipwayError, SlipwayErrors } from '../core/errors.ts';
import { defaultBackoff, type BackoffPolicy } from '../core/retry.ts';
import { attempting, type Failure, GivenUp } from './attempts.ts';
import { effectiveChange, isDestructive } from './consent.ts';
import { type ContextSource, stepContext, undoContext } from './contexts.ts';
import type { PlanData, PlannedStep } from './plan-data.ts';
import { toPlain } from './plain-data.ts';
import { schedule } from './scheduler.ts';
import { orderSteps, requireSubjects, runOrder, selectRecords, selectSteps } from './selection.ts';
import type { Change, ChangeKind, Step, StepId, StepRecord, UndoHandlers } from './step.ts';

export interface PlanRequest {
  readonly project: string;
  readonly verb: 'up' | 'down';
  /** All steps of the project; `down` needs none. */
  readonly steps: readonly Step[];
  readonly undoHandlers: UndoHandlers;
  /** `KIND/NAME`: up takes what they need along, down what depends on them. */
  readonly only?: readonly string[];
}

export interface PlanEnvironment extends ContextSource {
  readonly parallel?: number;
  readonly backoff?: BackoffPolicy;
}

interface Observation {
  readonly planned: PlannedStep;
  /** Digest of what was observed. */
  readonly seen: string;
}

/**
 * @throws SLW-ENG-001 to 004 for steps that make no graph or a selection of nothing; whatever the observing steps throw
 */
export async function makePlan(request: PlanRequest, environment: PlanEnvironment): Promise<PlanData> {
  const only = request.only ?? [];
  const steps = request.verb === 'up' ? orderSteps(request.steps) : [];
  const ids = new Set(steps.map((step) => step.id));
  const gone = [...environment.ledger.values()].filter((record) => !ids.has(record.step));
  requireSubjects(only, new Set([...steps, ...gone].map((entry) => entry.subject)));
  const ups = await observeSteps(selectSteps(steps, only), environment);
  const downs = await observeRecords(selectRecords(gone, only), request.undoHandlers, environment);
  return assemble(request, [...ups, ...downs], environment);
}

/** Default number of steps at a time. */
export function defaultParallel(cpus: number): number {
  return Math.max(1, Math.min(cpus * 2, 8));
}

async function observeSteps(steps: readonly Step[], environment: PlanEnvironment): Promise<readonly Observation[]> {
  const found = new Map<StepId, Observation>();
  const byId = new Map(steps.map((step) => [step.id, step]));
  const isUnknown = (id: StepId): boolean => hidesOutputs(found.get(id)?.planned.change);
  await eachOf(
    steps.map((step) => ({ id: step.id, after: step.needs })),
    environment,
    async (id) => {
      const step = byId.get(id) as Step;
      const observed = await persist(environment, () => step.observe(stepContext(environment, id, isUnknown)));
      const change = effectiveChange(step.change(observed), environment.ledger.get(id));
      found.set(id, {
        planned: { step: id, title: step.title, subject: step.subject, needs: step.needs, change, direction: 'up' },
        seen: digestOf(toPlain(observed, `what ${id} observed`)),
      });
    },
  );
  return steps.flatMap((step) => found.get(step.id) ?? []);
}

/** Outputs of what is lost with its name, or is undecided, are not known before the run. */
function hidesOutputs(change: Change | undefined): boolean {
  if (!change) return false;
  return change.kind === 'deferred' || change.kind === 'delete' || (change.kind === 'replace' && (change.destroys?.length ?? 0) > 0);
}

async function observeRecords(
  records: readonly StepRecord[],
  handlers: UndoHandlers,
  environment: PlanEnvironment,
): Promise<readonly Observation[]> {
  const found = new Map<StepId, Observation>();
  const byId = new Map(records.map((record) => [record.step, record]));
  await eachOf(
    records.map((record) => ({ id: record.step, after: [] })),
    environment,
    async (id) => {
      const record = byId.get(id) as StepRecord;
      const change = withLoss(await planUndo(record, handlers, environment), record);
      const title = record.intent.undo?.title ?? `forget ${id}`;
      found.set(id, {
        planned: { step: id, title, subject: record.subject, needs: record.needs, change, direction: 'down' },
        seen: digestOf(toPlain(record, id)),
      });
    },
  );
  return records.flatMap((record) => found.get(record.step) ?? []);
}

/** Going away must be plannable whatever the handler meets: what cannot be asked is planned as a delete, and said. */
async function planUndo(record: StepRecord, handlers: UndoHandlers, environment: PlanEnvironment): Promise<Change> {
  const undo = record.intent.undo;
  if (!undo) return { kind: 'none', summary: 'nothing to undo' };
  const fallback: Change = { kind: 'delete', summary: undo.title };
  const handler = handlers.get(undo.handler);
  if (!handler?.plan) return fallback;
  try {
    return await handler.plan(undoContext(environment, record));
  } catch (thrown) {
    if (environment.signal.aborted && isAbort(thrown)) throw thrown;
    const message = `could not look at what there is to undo: ${messageOf(thrown)}`;
    environment.report(record.step, { type: 'finding', level: 'warning', message });
    return fallback;
  }
}

function withLoss(change: Change, record: StepRecord): Change {
  const name = record.intent.undo?.destroys;
  if (change.kind === 'none' || name === undefined) return change;
  return { ...change, destroys: [...new Set([...(change.destroys ?? []), name])] };
}

function persist<T>(environment: PlanEnvironment, act: () => Promise<T>): Promise<T> {
  const { host, signal, timeoutMs, backoff } = environment;
  const options = {
    clock: host.clock,
    random: host.random,
    policy: backoff ?? defaultBackoff,
    boundMs: timeoutMs,
    signal,
    onRetry: () => Promise.resolve(),
  };
  return attempting(act, options);
}

/** Runs `act` for every node in order; afterwards throws all failures at once. */
async function eachOf(
  nodes: Parameters<typeof schedule>[0],
  environment: PlanEnvironment,
  act: (id: string) => Promise<void>,
): Promise<void> {
  const failures: Failure[] = [];
  const known = new Set(nodes.map((node) => node.id));
  const inner = nodes.map((node) => ({ id: node.id, after: [...new Set(node.after)].filter((id) => known.has(id)) }));
  const run = async (id: string): Promise<boolean> => {
    try {
      await act(id);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof GivenUp)) throw thrown;
      failures.push(thrown.failure);
      return false;
    }
  };
  await schedule(inner, { parallel: environment.parallel ?? defaultParallel(environment.host.env.cpus), signal: environment.signal, run });
  environment.signal.throwIfAborted();
  const errors = failures.flatMap((failure): readonly SlipwayError[] => (failure instanceof SlipwayErrors ? failure.errors : [failure]));
  if (errors.length > 1) throw new SlipwayErrors(errors);
  if (errors[0]) throw errors[0];
}

function assemble(request: PlanRequest, observations: readonly Observation[], environment: PlanEnvironment): PlanData {
  const byId = new Map(observations.map((observation) => [observation.planned.step, observation.planned]));
  const steps = runOrder([...byId.values()], environment.ledger).flatMap(({ id }) => byId.get(id) ?? []);
  const { project, verb } = request;
  return {
    format: '1.0',
    project,
    verb,
    steps,
    counts: countKinds(steps),
    destroys: namesLost(steps),
    digest: planDigest(request, observations),
  };
}

function countKinds(steps: readonly PlannedStep[]): PlanData['counts'] {
  const counts: Record<ChangeKind, number> = { create: 0, update: 0, replace: 0, delete: 0, deferred: 0, none: 0 };
  for (const step of steps) counts[step.change.kind]++;
  return counts;
}

function namesLost(steps: readonly PlannedStep[]): readonly string[] {
  const lossy = steps.filter((step) => isDestructive(step.change.kind));
  return [...new Set(lossy.flatMap((step) => step.change.destroys ?? []))].sort();
}

/** Independent of the order in which steps were given. */
function planDigest(request: PlanRequest, observations: readonly Observation[]): string {
  const entries = observations.map(({ planned, seen }) => ({ ...planned, seen }));
  entries.sort((a, b) => (a.step < b.step ? -1 : 1));
  return digestOf(toPlain({ project: request.project, verb: request.verb, entries }, 'the plan') as Json);
}

/** Whether a run of it would change anything. */
export function isEmptyPlan(plan: PlanData): boolean {
  return plan.steps.length === plan.counts.none;
}
