/** What steps and undo handlers are given: the host, the signal, the ledger as they may see it, and a way to speak. */
import type { Host } from '../host/host.ts';
import type { Ledger } from './ledger.ts';
import type { Outputs, StepContext, StepId, StepRecord, StepReport, UndoContext } from './step.ts';

export interface ContextSource {
  readonly host: Host;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly ledger: Ledger;
  readonly report: (step: StepId, report: StepReport) => void;
  readonly undoOptions?: Readonly<Record<string, boolean>>;
}

/** `isUnknown` hides outputs that a planned change will replace. */
export function stepContext(source: ContextSource, step: StepId, isUnknown: (step: StepId) => boolean = () => false): StepContext {
  return {
    host: source.host,
    signal: source.signal,
    timeoutMs: source.timeoutMs,
    record: source.ledger.get(step),
    outputs: (other) => (isUnknown(other) ? undefined : knownOutputs(source.ledger.get(other))),
    report: (report) => source.report(step, report),
  };
}

export function undoContext(source: ContextSource, record: StepRecord): UndoContext {
  return {
    host: source.host,
    signal: source.signal,
    timeoutMs: source.timeoutMs,
    record,
    records: () => new Map([...source.ledger].filter(([step]) => step !== record.step)),
    report: (report) => source.report(record.step, report),
    options: source.undoOptions ?? {},
  };
}

/** Of the last apply; a step that was only intended so far has none. */
function knownOutputs(record: StepRecord | undefined): Outputs | undefined {
  if (!record || (record.state === 'intended' && Object.keys(record.outputs).length === 0)) return undefined;
  return record.outputs;
}
