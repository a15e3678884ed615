/**
 * Drives steps in order without the engine, for suites that are about the steps: observe, change, intent, apply, verify; the
 * records are kept in memory as a journal would keep them.
 */
import type {
  Change,
  Outputs,
  Step,
  StepContext,
  StepId,
  StepRecord,
  StepReport,
  UndoContext,
  UndoHandlers,
} from '../../src/engine/step.ts';
import type { Host } from '../../src/host/host.ts';

export interface StepDriver {
  readonly records: Map<StepId, StepRecord>;
  readonly reports: StepReport[];
  plan(steps: readonly Step[]): Promise<Record<StepId, Change>>;
  /** Ids of the steps that changed something. */
  up(steps: readonly Step[]): Promise<readonly StepId[]>;
  down(handlers: UndoHandlers): Promise<void>;
}

export function createStepDriver(host: Host, { timeoutMs = 60_000 } = {}): StepDriver {
  const records = new Map<StepId, StepRecord>();
  const reports: StepReport[] = [];
  const signal = new AbortController().signal;
  const contextOf = (step: Step): StepContext => ({
    host,
    signal,
    timeoutMs,
    outputs: (id) => records.get(id)?.outputs,
    record: records.get(step.id),
    report: (report) => reports.push(report),
  });
  const remember = (
    step: Step,
    state: StepRecord['state'],
    { intent, outputs }: { intent: StepRecord['intent']; outputs: Outputs },
  ): void => {
    records.set(step.id, { step: step.id, state, subject: step.subject, needs: step.needs, intent, outputs });
  };
  return {
    records,
    reports,
    plan: async (steps) =>
      Object.fromEntries(
        await Promise.all(steps.map(async (step) => [step.id, step.change(await step.observe(contextOf(step)))] as const)),
      ),
    up: async (steps) => {
      const changed: StepId[] = [];
      for (const step of steps) {
        const observed = await step.observe(contextOf(step));
        const change = step.change(observed);
        if (change.kind !== 'none') {
          const intent = (await step.intent?.(observed, change, contextOf(step))) ?? {};
          remember(step, 'intended', { intent, outputs: records.get(step.id)?.outputs ?? {} });
          remember(step, 'applied', { intent, outputs: await step.apply({ ...contextOf(step), observed, change, intent }) });
          changed.push(step.id);
        }
        await step.verify?.(contextOf(step));
      }
      return changed;
    },
    down: async (handlers) => {
      for (const record of [...records.values()].reverse()) {
        const handler = record.intent.undo && handlers.get(record.intent.undo.handler);
        const context: UndoContext = {
          host,
          signal,
          timeoutMs,
          record,
          records: () => records,
          report: (report) => reports.push(report),
          options: {},
        };
        await handler?.undo(context);
        records.delete(record.step);
      }
    },
  };
}
