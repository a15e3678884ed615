/**
 * The way out for events: durable ones are committed to the journal, entered into the ledger, and only then shown; transient ones are
 * just shown. Everything shown is redacted. Once the journal failed nothing more may be done: `broken` says so.
 */
import type { Redactor } from '../core/redaction.ts';
import type { Clock } from '../host/host.ts';
import type { DurableEvent, Emit, EventBody, TransientEvent } from './events.ts';
import { isoTime } from './iso-time.ts';
import type { JournalWriter } from './journal/journal.ts';
import type { JournalEntry } from './journal/row.ts';
import { recordEvent } from './ledger.ts';
import type { StepId, StepRecord, StepReport } from './step.ts';

export interface EventLogOptions {
  readonly run: string;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly emit: Emit;
  /** Absent for verbs that write nothing (`plan`): durable events are then only shown. */
  readonly journal?: JournalWriter;
  /** Kept up to date with what is committed. */
  readonly ledger?: Map<StepId, StepRecord>;
}

export class EventLog {
  readonly #options: EventLogOptions;
  readonly #broken = new AbortController();
  readonly #waitingSince = new Map<StepId, number>();
  #background: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  /** Aborts when the journal failed, with that failure as its reason. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  /** Commits all or none, then shows them. @throws what the journal throws; the log is broken from then on */
  async durable(...events: readonly DurableEvent[]): Promise<void> {
    this.#broken.signal.throwIfAborted();
    const { clock, run, journal, ledger } = this.#options;
    const time = isoTime(clock.now());
    try {
      await journal?.append(events.map((event) => toEntry(event, run, time)));
    } catch (thrown) {
      this.#broken.abort(thrown);
      throw thrown;
    }
    for (const event of events) {
      if (ledger) recordEvent(ledger, event);
      this.#show(event, time);
    }
  }

  transient(event: TransientEvent): void {
    if (event.type === 'step.started') this.#waitingSince.delete(event.step);
    this.#show(event, isoTime(this.#options.clock.now()));
  }

  /** What a step says of itself; findings become durable in the background (see `settle`). */
  report(step: StepId, report: StepReport): void {
    if (report.type !== 'finding') return this.transient(this.#toEvent(step, report));
    const { type: _type, ...finding } = report;
    const written = this.durable({ type: 'step.finding', step, ...finding });
    this.#background = Promise.all([this.#background, written]).then(ignore, ignore);
  }

  /** Resolves when every reported finding is durable. */
  settle(): Promise<void> {
    return this.#background;
  }

  /** After this nothing is shown or written any more. */
  close(reason: Error): void {
    this.#closed = true;
    this.#broken.abort(reason);
  }

  #toEvent(step: StepId, report: Exclude<StepReport, { type: 'finding' }>): TransientEvent {
    if (report.type === 'progress') return { ...report, type: 'step.progress', step };
    if (report.type === 'log') return { ...report, type: 'step.log', step };
    return { ...report, type: 'step.waiting', step, forMs: this.#waitedMs(step) };
  }

  /** Since the step began to wait in its present phase. */
  #waitedMs(step: StepId): number {
    const now = this.#options.clock.monotonic();
    const since = this.#waitingSince.get(step) ?? now;
    this.#waitingSince.set(step, since);
    return Math.round(now - since);
  }

  #show(event: EventBody, time: string): void {
    if (!this.#closed) this.#options.emit({ ...this.#options.redactor.redactData(event), time });
  }
}

function toEntry(event: DurableEvent, run: string, time: string): JournalEntry {
  return { time, run, type: event.type, body: event, ...('step' in event && { step: event.step }) };
}

function ignore(): void {}
