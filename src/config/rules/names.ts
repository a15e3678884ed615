/** Names of documents: unique in their kind; at most one Project, and that at the top. */
import type { SlipwayError } from '../../core/errors.ts';
import type { Unit } from '../document.ts';
import { error } from '../shape-faults.ts';

export function checkNames(units: readonly Unit[]): readonly SlipwayError[] {
  const first = new Map<string, Unit>();
  const errors: SlipwayError[] = [];
  for (const [i, unit] of units.entries()) {
    const earlier = first.get(unit.subject);
    if (unit.kind === 'Project' && i > 0) errors.push(misplaced(unit, units));
    else if (earlier && unit.name !== undefined) errors.push(duplicate(unit, earlier));
    else first.set(unit.subject, unit);
  }
  return errors;
}

function misplaced(unit: Unit, units: readonly Unit[]): SlipwayError {
  const isSecond = units.find(({ kind }) => kind === 'Project') !== unit;
  return error('SLW-CFG-022', isSecond ? `${unit.subject} is a second Project document` : `${unit.subject} is not the first document`, {
    context: unit,
    path: ['kind'],
  });
}

function duplicate(unit: Unit, earlier: Unit): SlipwayError {
  const { file, line } = earlier.document.locate(['metadata', 'name']);
  return error('SLW-CFG-021', `the name "${unit.name}" is taken by the ${unit.kind} in ${file}:${line}`, {
    context: unit,
    path: ['metadata', 'name'],
  });
}
