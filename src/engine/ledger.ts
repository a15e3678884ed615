/**
 * The ledger: what we created and have not undone, folded from the journal. Pure; rows of unknown types are passed over, so that
 * a journal of a newer minor version still folds.
 */
import type { DurableEvent, SlipwayEvent } from './events.ts';
import type { JournalRow } from './journal/row.ts';
import type { Outputs, StepId, StepRecord } from './step.ts';

/** In the order in which the steps were first intended. */
export type Ledger = ReadonlyMap<StepId, StepRecord>;

const LEDGER_TYPES: ReadonlySet<string> = new Set(['step.intended', 'step.applied', 'step.undone', 'step.forgotten']);

export function foldLedger(rows: Iterable<Pick<JournalRow, 'type' | 'body'>>): Map<StepId, StepRecord> {
  const ledger = new Map<StepId, StepRecord>();
  for (const row of rows) if (LEDGER_TYPES.has(row.type)) recordEvent(ledger, JSON.parse(row.body) as DurableEvent);
  return ledger;
}

/** Enters one durable event; the one place that says what an event means for the ledger. */
export function recordEvent(ledger: Map<StepId, StepRecord>, event: DurableEvent): void {
  switch (event.type) {
    case 'step.intended': {
      const outputs = ledger.get(event.step)?.outputs ?? {};
      ledger.set(event.step, {
        step: event.step,
        state: 'intended',
        subject: event.subject,
        needs: event.needs,
        intent: event.intent,
        outputs,
      });
      return;
    }
    case 'step.applied':
      return enterOutputs(ledger, event.step, event.outputs);
    case 'step.undone':
    case 'step.forgotten':
      ledger.delete(event.step);
      return;
    default:
  }
}

function enterOutputs(ledger: Map<StepId, StepRecord>, step: StepId, outputs: Outputs): void {
  const record = ledger.get(step);
  if (record) ledger.set(step, { ...record, state: 'applied', outputs });
}

/** The event that a row holds, as it was emitted. */
export function eventOf(row: JournalRow): SlipwayEvent {
  return { ...(JSON.parse(row.body) as DurableEvent), time: row.time };
}
