/** Steps whose behaviour a test states in a line. */
import type { Change, Outputs, Step, StepRecord } from '../../src/engine/step.ts';

export function change(kind: Change['kind'], more: Partial<Change> = {}): Change {
  return { kind, summary: kind, ...more };
}

export function plainStep(id: string, more: Partial<Step> = {}): Step {
  return {
    id,
    title: `make ${id}`,
    subject: `Thing/${id}`,
    needs: [],
    observe: async () => null,
    change: () => change('create'),
    apply: async () => ({}),
    ...more,
  };
}

export function ledgerOf(...records: readonly (Partial<StepRecord> & { readonly step: string })[]): Map<string, StepRecord> {
  const outputs: Outputs = {};
  return new Map(
    records.map((record) => [
      record.step,
      {
        state: 'applied',
        subject: `Thing/${record.step}`,
        needs: [],
        intent: { undo: { handler: 'undo', data: null, title: `remove ${record.step}` } },
        outputs,
        ...record,
      },
    ]),
  );
}
