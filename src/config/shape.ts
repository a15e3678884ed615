/** Judges a document by the schema of its kind, to the end: one wrong word must not hide the faults behind it. */
import type * as z from 'zod';
import type { SlipwayError } from '../core/errors.ts';
import type { Unit } from './document.ts';
import { kinds, type ParsedDocument } from './kinds/registry.ts';
import { API_VERSION } from './kinds/vocabulary.ts';
import { explainIssues, valueAt } from './shape-faults.ts';

type Data = Readonly<Record<string, unknown>>;

export interface Shape {
  /** With defaults filled in; undefined when there are faults. */
  readonly parsed: ParsedDocument | undefined;
  readonly errors: readonly SlipwayError[];
}

/** apiVersion is taken as right: what is wrong with it was said before. */
export function checkShape(unit: Unit): Shape {
  const value = { ...(unit.document.value as Data), apiVersion: API_VERSION };
  const result = kinds[unit.kind].safeParse(value);
  if (result.success) return { parsed: result.data, errors: [] };
  const { issues } = result.error;
  return { parsed: undefined, errors: explainIssues([...issues, ...hiddenIssues(issues, value, unit)], unit) };
}

/** Fields that decide which others there are, and what stands for the word when it is missing or unknown. */
const DECIDERS: readonly { readonly parent: readonly string[]; readonly words: readonly string[] }[] = [
  { parent: ['spec'], words: ['capi', 'existing', 'eks'] },
  { parent: ['spec', 'bootstrapCluster'], words: ['existing'] },
];

/** Without a known provisioner zod looks no further; a likely one is put in to find what else is wrong. */
function hiddenIssues(issues: readonly z.core.$ZodIssue[], value: Data, unit: Unit): readonly z.core.$ZodIssue[] {
  const hiding = DECIDERS.filter(({ parent }) => {
    const place = [...parent, 'provisioner'].join('.');
    return issues.some((issue) => issue.code === 'invalid_union' && issue.path.join('.') === place);
  });
  if (hiding.length === 0) return [];
  const likely = hiding.reduce((data, { parent, words }) => withLikelyWord(data, parent, words), value);
  const result = kinds[unit.kind].safeParse(likely);
  return result.success ? [] : [...result.error.issues, ...hiddenIssues(result.error.issues, likely, unit)];
}

function withLikelyWord(data: Data, [first = '', ...rest]: readonly string[], words: readonly string[]): Data {
  const child = valueAt(data, [first]) as Data;
  if (rest.length > 0) return { ...data, [first]: withLikelyWord(child, rest, words) };
  return { ...data, [first]: { ...child, provisioner: words.find((word) => child[word] !== undefined) ?? 'local' } };
}
