/** A pivot told as a run: events for those who watch, rows for the journal where there is one. The clusters hold the truth; this is its echo. */
import type { PivotEvent, PivotPhase } from '../capi/pivot/options.ts';
import { formatDuration } from '../core/duration.ts';
import { toErrorRecords } from '../core/errors.ts';
import { createSortableId } from '../core/ids.ts';
import { SLIPWAY_VERSION } from '../core/version.ts';
import { EventLog } from '../engine/event-log.ts';
import type { DurableEvent, RunStatus } from '../engine/events.ts';
import type { JournalWriter } from '../engine/journal/journal.ts';
import type { StepReport } from '../engine/step.ts';
import type { OperationOptions } from './operations.ts';

const TITLES: Readonly<Record<PivotPhase, string>> = {
  preflight: 'look at both clusters and try the copy',
  quiesce: 'pause the Clusters and wait until controllers saw it',
  fence: 'stop the controllers of the source',
  copy: 'copy the objects',
  status: 'carry their status over',
  verify: 'compare each copy with its source',
  commit: 'commit',
  release: 'hand over to the controllers of the target',
  watch: 'watch that no machine comes or goes',
  retire: 'give the source up',
  rollback: 'discard the copies and give the source back',
  reverse: 'move back onto the source',
};

export interface RunEnd {
  readonly status: RunStatus;
  readonly exit: number;
  readonly changed: number;
}

export interface PivotRecord {
  /** Aborts when the journal cannot be written. */
  readonly broken: AbortSignal;
  readonly report: (event: PivotEvent) => void;
  /** What is done beside the phases: attending to controllers, hooks. */
  readonly beside: (report: StepReport) => void;
  started(planDigest: string): Promise<void>;
  failed(thrown: unknown): Promise<void>;
  finished(end: RunEnd): Promise<void>;
}

export interface RecordOptions {
  readonly options: OperationOptions;
  /** What is moved where, for people: `bootstrap to mgmt`. */
  readonly name: string;
  readonly journal: JournalWriter | undefined;
  readonly timeoutMs: number;
}

export function createPivotRecord({ options, name, journal, timeoutMs }: RecordOptions): PivotRecord {
  const { host, redactor, emit } = options;
  const run = createSortableId(host.clock.now(), host.random.bytes(10));
  const log = new EventLog({ run, clock: host.clock, redactor, emit, ...(journal && { journal }) });
  const silent = new EventLog({ run, clock: host.clock, redactor, emit: () => undefined, ...(journal && { journal }) });
  const began = host.clock.monotonic();
  let current: string = stepOf('preflight');
  const since = new Map<string, number>();
  const written: Promise<unknown>[] = [];
  const durable = (event: DurableEvent): void => void written.push(log.durable(event).catch(() => undefined));
  const phase = (event: PivotEvent & { readonly type: 'phase' }): void => {
    const step = stepOf(event.phase);
    current = step;
    if (event.state === 'done') {
      const ms = Math.round(event.ms ?? host.clock.monotonic() - (since.get(step) ?? began));
      log.transient({ type: 'step.progress', step, message: `done in ${formatDuration(ms)}: ${TITLES[event.phase]}` });
      durable({ type: 'step.verified', step, ms });
      return;
    }
    since.set(step, host.clock.monotonic());
    log.transient({ type: 'step.started', step, title: TITLES[event.phase], subject: name, phase: 'apply' });
  };
  return {
    broken: log.broken,
    report: (event) => (event.type === 'phase' ? phase(event) : log.report(stepFor(event, current), toReport(event, timeoutMs))),
    beside: (report) => log.report(current, report),
    started: (planDigest) => log.durable({ type: 'run.started', run, verb: 'pivot', project: name, slipway: SLIPWAY_VERSION, planDigest }),
    failed: async (thrown) => {
      const [error] = toErrorRecords(thrown);
      // The verb ends with the error itself; here it is only kept.
      if (error) await silent.durable({ type: 'step.failed', step: current, phase: 'apply', error, attempt: 1 }).catch(() => undefined);
    },
    finished: async ({ status, exit, changed }) => {
      await Promise.all([...written, log.settle()]);
      await log.durable({ type: 'run.finished', run, status, exit, ms: Math.round(host.clock.monotonic() - began), changed });
    },
  };
}

const stepOf = (phase: PivotPhase): string => `pivot/${phase}/clusters`;

function stepFor(event: PivotEvent, current: string): string {
  return 'phase' in event ? stepOf(event.phase) : current;
}

function toReport(event: Exclude<PivotEvent, { readonly type: 'phase' }>, boundMs: number): StepReport {
  if (event.type === 'progress') return { type: 'progress', message: event.phase, done: event.done, total: event.total };
  if (event.type === 'waiting') return { type: 'waiting', object: event.object, reason: 'Waiting', message: event.reason, boundMs };
  const { object, message } = event.note;
  return { type: 'finding', level: 'info', message: object === undefined ? message : `${object}: ${message}` };
}
