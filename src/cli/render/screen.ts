/**
 * What a screen knows about a run, reduced from the event stream alone. Pure: equal events give equal state,
 * whether they come live or from a journal.
 */
import type { ErrorRecord, SourcePosition } from '../../core/errors.ts';
import type { RunStatus, SlipwayEvent, Verb } from '../../engine/events.ts';
import type { PlanData } from '../../engine/plan-data.ts';
import type { StepId } from '../../engine/step.ts';

export type StepState = 'planned' | 'running' | 'waiting' | 'retrying' | 'done' | 'unchanged' | 'undone' | 'failed' | 'skipped';

export interface Waiting {
  readonly object: string;
  readonly reason: string;
  readonly message: string;
  readonly forMs: number;
  readonly boundMs: number;
}

export interface Finding {
  readonly level: 'info' | 'warning';
  readonly code?: string;
  readonly message: string;
  readonly at?: SourcePosition;
}

export interface StepView {
  readonly id: StepId;
  readonly title: string;
  readonly subject: string;
  readonly state: StepState;
  /** Event time at which it began; 0 when only its end was seen. */
  readonly sinceMs: number;
  readonly tookMs?: number;
  readonly progress?: string;
  readonly waiting?: Waiting;
  readonly error?: ErrorRecord;
  readonly reason?: string;
  readonly findings: readonly Finding[];
}

export interface Screen {
  readonly verb?: Verb;
  readonly project?: string;
  readonly plan?: PlanData;
  readonly steps: ReadonlyMap<StepId, StepView>;
  readonly findings: readonly Finding[];
  readonly errors: readonly ErrorRecord[];
  readonly startedMs?: number;
  /** Time of the last event. */
  readonly nowMs: number;
  readonly status?: RunStatus;
  readonly tookMs?: number;
  readonly changed?: number;
}

export const emptyScreen: Screen = { steps: new Map(), findings: [], errors: [], nowMs: 0 };

type Handlers = { readonly [T in SlipwayEvent['type']]?: (screen: Screen, event: Extract<SlipwayEvent, { type: T }>) => Screen };

const handlers: Handlers = {
  'run.started': (screen, event) => {
    const before: Screen = screen.startedMs === undefined ? screen : { ...emptyScreen, steps: new Map() };
    return { ...before, verb: event.verb, project: event.project, startedMs: screen.nowMs };
  },
  'plan.made': (screen, event) => {
    const steps = new Map(screen.steps);
    for (const { step: id, title, subject } of event.plan.steps) {
      if (!steps.has(id)) steps.set(id, { id, title, subject, state: 'planned', sinceMs: screen.nowMs, findings: [] });
    }
    return { ...screen, steps, plan: event.plan, project: event.plan.project };
  },
  'step.intended': (screen, event) => withStep(screen, event.step, { title: event.title, subject: event.subject, state: 'running' }),
  'step.started': (screen, event) => withStep(screen, event.step, { title: event.title, subject: event.subject, state: 'running' }),
  'step.progress': (screen, event) => withStep(screen, event.step, { state: 'running', progress: progressText(event), waiting: undefined }),
  'step.waiting': (screen, event) => {
    const { object, reason, message, forMs, boundMs } = event;
    return withStep(screen, event.step, { state: 'waiting', waiting: { object, reason, message, forMs, boundMs } });
  },
  'step.applied': (screen, event) => withStep(screen, event.step, { state: 'done', tookMs: event.ms, ...settled }),
  'step.verified': (screen, event) => withStep(screen, event.step, verified(screen.steps.get(event.step), event.ms)),
  'step.unchanged': (screen, event) => withStep(screen, event.step, { state: 'unchanged', ...settled }),
  'step.skipped': (screen, event) => withStep(screen, event.step, { state: 'skipped', reason: event.reason, ...settled }),
  'step.undone': (screen, event) => withStep(screen, event.step, { state: 'undone', tookMs: event.ms, ...settled }),
  'step.forgotten': (screen, event) => withStep(screen, event.step, { state: 'skipped', reason: event.reason, ...settled }),
  'step.failed': (screen, event) =>
    withStep(screen, event.step, {
      state: event.retryInMs === undefined ? 'failed' : 'retrying',
      error: event.error,
      progress: undefined,
      waiting: undefined,
    }),
  'step.finding': (screen, event) => {
    const known = screen.steps.get(event.step)?.findings ?? [];
    return withStep(screen, event.step, { findings: addFinding(known, toFinding(event)) });
  },
  finding: (screen, event) => ({ ...screen, findings: addFinding(screen.findings, toFinding(event)) }),
  error: (screen, event) => ({ ...screen, errors: [...screen.errors, event.error] }),
  'run.finished': (screen, event) => ({ ...screen, status: event.status, tookMs: event.ms, changed: event.changed }),
};

const settled = { progress: undefined, waiting: undefined, error: undefined } as const;

/** The next state; unknown event types (of a newer version) only move the time. */
export function reduceScreen(screen: Screen, event: SlipwayEvent): Screen {
  return reduceAll(screen, [event]);
}

/** Many events at once for the price of one copy: what a frame of the live tree takes in. */
export function reduceAll(screen: Screen, events: Iterable<SlipwayEvent>): Screen {
  let draft: Screen = { ...screen, steps: new Map(screen.steps) };
  for (const event of events) {
    const parsed = Date.parse(event.time);
    const nowMs = Number.isNaN(parsed) ? draft.nowMs : parsed;
    const handler = handlers[event.type] as ((screen: Screen, event: SlipwayEvent) => Screen) | undefined;
    const timed = { ...draft, nowMs };
    draft = { ...(handler?.(timed, event) ?? timed), nowMs };
  }
  return draft;
}

type StepPatch = { readonly [K in keyof StepView]?: StepView[K] | undefined };

/** Changes the draft's own map, which reduceAll has copied. */
function withStep(draft: Screen, id: StepId, patch: StepPatch): Screen {
  const known = draft.steps.get(id) ?? { id, title: id, subject: '', state: 'planned', sinceMs: draft.nowMs, findings: [] };
  const sinceMs = known.state === 'planned' ? draft.nowMs : known.sinceMs;
  const merged = Object.fromEntries(Object.entries({ ...known, sinceMs, ...patch }).filter(([, value]) => value !== undefined));
  (draft.steps as Map<StepId, StepView>).set(id, merged as unknown as StepView);
  return draft;
}

function verified(step: StepView | undefined, ms: number): StepPatch {
  const state = step?.tookMs === undefined && step?.state !== 'done' ? 'unchanged' : 'done';
  return { state, tookMs: (step?.tookMs ?? 0) + ms, ...settled };
}

function progressText(event: { readonly message: string; readonly done?: number; readonly total?: number }): string {
  return event.total === undefined ? event.message : `${event.message} ${event.done ?? 0}/${event.total}`;
}

function toFinding(event: Finding): Finding {
  const { level, code, message, at } = event;
  return { level, message, ...(code !== undefined && { code }), ...(at && { at }) };
}

/** A finding said twice is shown once. */
function addFinding(known: readonly Finding[], finding: Finding): readonly Finding[] {
  return known.some((other) => other.message === finding.message && other.code === finding.code) ? known : [...known, finding];
}

export function isRunning(state: StepState): boolean {
  return state === 'running' || state === 'waiting' || state === 'retrying';
}
