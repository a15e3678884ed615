/** What a document gives, for the programs of its hooks. */
import type { Json } from '../../core/digest.ts';
import type { StepId, StepRecord } from '../../engine/step.ts';

/** Outputs of all its steps but those of hooks; never a secret, because records hold none. */
export function givenBy(subject: string, ledger: ReadonlyMap<StepId, StepRecord>): Readonly<Record<string, Json>> {
  const records = [...ledger.values()].filter((record) => record.subject === subject && !record.step.startsWith('hook/'));
  return Object.assign({ name: subject.slice(subject.indexOf('/') + 1) }, ...records.map(({ outputs }) => outputs)) as Record<string, Json>;
}
