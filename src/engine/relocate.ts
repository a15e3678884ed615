/** A state folder that was moved: what its journal says about places in it is read as being said about the present ones. */
import type { Json } from '../core/digest.ts';
import type { Journal } from './journal/journal.ts';
import type { StepId, StepRecord } from './step.ts';

export const STATE_PATH = 'state.path';
export const STATE_EARLIER = 'state.earlier';

/** Where the folder was before, oldest first, as far as it is not at `dir`. */
export function formerPlaces(journal: Pick<Journal, 'meta'>, dir: string): readonly string[] {
  const earlier = JSON.parse(journal.meta(STATE_EARLIER) ?? '[]') as readonly string[];
  const last = journal.meta(STATE_PATH);
  return [...earlier, ...(last === undefined ? [] : [last])].filter((path) => path !== dir);
}

/** The same ledger with every path below a former place put below `dir`. */
export function relocate(ledger: ReadonlyMap<StepId, StepRecord>, former: readonly string[], dir: string): Map<StepId, StepRecord> {
  if (former.length === 0) return new Map(ledger);
  const move = (text: string): string => {
    const place = former.find((each) => text === each || text.startsWith(`${each}/`));
    return place === undefined ? text : dir + text.slice(place.length);
  };
  return new Map([...ledger].map(([id, record]) => [id, mapTexts(record as unknown as Json, move) as unknown as StepRecord]));
}

function mapTexts(value: Json, map: (text: string) => string): Json {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((each: Json) => mapTexts(each, map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, mapTexts(each as Json, map)]));
}
