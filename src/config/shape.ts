/** Judges a document by the schema of its kind, to the end: one wrong word must not hide the faults behind it. */
import type * as z from 'zod';
import type { SlipwayError } from '../core/errors.ts';
import type { Unit } from './document.ts';
import type { ClusterDocument } from './kinds/cluster.ts';
import type { ProjectDocument } from './kinds/project.ts';
import { kinds } from './kinds/registry.ts';
import { API_VERSION } from './kinds/vocabulary.ts';
import { explainIssues, valueAt } from './shape-faults.ts';

export interface Shape {
  /** With defaults filled in; undefined when there are faults. */
  readonly parsed: ProjectDocument | ClusterDocument | undefined;
  readonly errors: readonly SlipwayError[];
}

/** apiVersion is taken as right: what is wrong with it was said before. */
export function checkShape(unit: Unit): Shape {
  const value = { ...(unit.document.value as Readonly<Record<string, unknown>>), apiVersion: API_VERSION };
  const result = kinds[unit.kind].safeParse(value);
  if (result.success) return { parsed: result.data, errors: [] };
  const { issues } = result.error;
  return { parsed: undefined, errors: explainIssues([...issues, ...hiddenIssues(issues, value, unit)], unit) };
}

/** Without a known provisioner zod looks no further; a likely one is put in to find what else is wrong. */
function hiddenIssues(
  issues: readonly z.core.$ZodIssue[],
  value: Readonly<Record<string, unknown>>,
  unit: Unit,
): readonly z.core.$ZodIssue[] {
  const isHiding = issues.some((issue) => issue.code === 'invalid_union' && issue.path.join('.') === 'spec.provisioner');
  if (!isHiding) return [];
  const spec = valueAt(value, ['spec']) as Readonly<Record<string, unknown>>;
  const provisioner = ['capi', 'existing'].find((name) => spec[name] !== undefined) ?? 'local';
  const likely = kinds[unit.kind].safeParse({ ...value, spec: { ...spec, provisioner } });
  return likely.success ? [] : likely.error.issues;
}
