/** Which steps and ledger entries a verb is about, and in which order they run. Pure. */
import { SlipwayError, SlipwayErrors } from '../core/errors.ts';
import { closest } from '../core/ids.ts';
import { type GraphNode, orderGraph, reach, reverseEdges } from './graph.ts';
import type { Ledger } from './ledger.ts';
import type { PlannedStep } from './plan-data.ts';
import type { Step, StepId, StepRecord } from './step.ts';

/** Steps in an order that respects `needs`. @throws SLW-ENG-001 duplicate, 002 unknown need, 003 circle */
export function orderSteps(steps: readonly Step[]): readonly Step[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const faults = [...duplicates(steps), ...unknownNeeds(steps, byId)];
  if (faults.length === 1 && faults[0]) throw faults[0];
  if (faults.length > 1) throw new SlipwayErrors(faults);
  const nodes = steps.map((step) => ({ id: step.id, after: step.needs }));
  const ordered = orderGraph(nodes, (path) => {
    throw new SlipwayError('SLW-ENG-003', `steps need each other in a circle: ${path.join(' needs ')}`, { object: path[0] ?? '' });
  });
  return ordered.flatMap(({ id }) => byId.get(id) ?? []);
}

function duplicates(steps: readonly Step[]): readonly SlipwayError[] {
  const seen = new Set<StepId>();
  return steps.flatMap((step) => {
    if (!seen.has(step.id)) return (seen.add(step.id), []);
    return [new SlipwayError('SLW-ENG-001', `two steps have the id ${step.id}`, { object: step.id })];
  });
}

function unknownNeeds(steps: readonly Step[], byId: ReadonlyMap<StepId, Step>): readonly SlipwayError[] {
  return steps.flatMap((step) =>
    step.needs
      .filter((need) => !byId.has(need))
      .map((need) => {
        const near = closest(need, byId.keys());
        return new SlipwayError(
          'SLW-ENG-002',
          `step ${step.id} needs ${need}, which does not exist${near === undefined ? '' : ` (did you mean ${near}?)`}`,
          { object: step.id },
        );
      }),
  );
}

/** The selected steps and all they need; every step when nothing is selected. `steps` are in order and stay so. */
export function selectSteps(steps: readonly Step[], only: readonly string[]): readonly Step[] {
  if (only.length === 0) return steps;
  const needs = new Map(steps.map((step) => [step.id, step.needs]));
  const chosen = steps.filter((step) => only.includes(step.subject)).map((step) => step.id);
  const wanted = reach(chosen, (id) => needs.get(id) ?? []);
  return steps.filter((step) => wanted.has(step.id));
}

/** The selected records and all that need them; every record when nothing is selected. */
export function selectRecords(records: readonly StepRecord[], only: readonly string[]): readonly StepRecord[] {
  if (only.length === 0) return records;
  const dependents = reverseEdges(records.map((record) => ({ id: record.step, after: record.needs })));
  const chosen = records.filter((record) => only.includes(record.subject)).map((record) => record.step);
  const wanted = reach(chosen, (id) => dependents.get(id) ?? []);
  return records.filter((record) => wanted.has(record.step));
}

/** @throws SLW-ENG-004 for a selection that is no subject */
export function requireSubjects(only: readonly string[], subjects: ReadonlySet<string>): void {
  for (const name of only) {
    if (subjects.has(name)) continue;
    const near = closest(name, subjects);
    throw new SlipwayError('SLW-ENG-004', `nothing is called ${name}${near === undefined ? '' : ` (did you mean ${near}?)`}`, {
      object: name,
    });
  }
}

/**
 * The order of a run: a step after what it needs; an undoing after everything that, by the ledger, still uses what goes. Needs recorded
 * at different times can form a circle; it is broken where it closes, since going away must always be possible.
 */
export function runOrder(steps: readonly Pick<PlannedStep, 'step' | 'direction' | 'needs'>[], ledger: Ledger): readonly GraphNode[] {
  const users = reverseEdges(steps.map(({ step }) => ({ id: step, after: ledger.get(step)?.needs ?? [] })));
  const nodes = steps.map(({ step, direction, needs }) => ({ id: step, after: direction === 'up' ? needs : (users.get(step) ?? []) }));
  return orderGraph(nodes, () => undefined);
}
