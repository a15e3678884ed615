/**
 * What a run may do without asking again. The plan is the consent; what turns out at run time may create and update, but it never
 * replaces or deletes what the plan did not name, and where the plan was `deferred` it only creates what was announced. Pure.
 */
import { SlipwayError } from '../core/errors.ts';
import type { PlannedStep } from './plan-data.ts';
import type { Change, ChangeDetail, StepRecord } from './step.ts';

/**
 * What is really to do: a step whose last act may have been cut off is applied again even when everything looks fine, because
 * only `apply` knows its outputs and may have more to finish than `observe` sees.
 */
export function effectiveChange(change: Change, record: StepRecord | undefined): Change {
  if (change.kind !== 'none' || record?.state !== 'intended') return change;
  return { ...change, kind: 'update', summary: `finish what was interrupted: ${change.summary}` };
}

/** @throws SLW-ENG-007 when `found` is more than was planned, SLW-ENG-008 when the step is still undecided */
export function requireConsent(planned: PlannedStep, found: Change): void {
  if (found.kind === 'none') return;
  if (found.kind === 'deferred')
    throw new SlipwayError('SLW-ENG-008', `${planned.step} still cannot say what it would do: ${found.summary}`, { object: planned.step });
  const excess = planned.change.kind === 'deferred' ? findUnannounced(planned.change, found) : findUnplanned(planned.change, found);
  if (excess !== undefined)
    throw new SlipwayError('SLW-ENG-007', `${planned.step} would ${excess}, which the plan did not announce`, {
      object: planned.step,
      data: { planned: planned.change, found },
    });
}

function findUnannounced(planned: Change, found: Change): string | undefined {
  if (found.kind !== 'create') return `${found.kind}: ${found.summary}`;
  const other = found.details?.find((detail) => detail.kind !== 'create');
  if (other) return `${other.kind} ${other.object}`;
  const announced = planned.announces ?? {};
  const excess = Object.entries(countByType(found)).find(
    ([type, count]) => count > (type === ANY ? total(announced) : (announced[type] ?? 0)),
  );
  return excess && `create ${excess[1]} ${excess[0]}`;
}

/** Counts one thing of any type when a change does not list what it creates. */
const ANY = 'thing';

function countByType(change: Change): Readonly<Record<string, number>> {
  if (!change.details) return { [ANY]: 1 };
  const counts: Record<string, number> = {};
  for (const detail of change.details) {
    const type = detail.object.split('/')[0] ?? detail.object;
    counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function findUnplanned(planned: Change, found: Change): string | undefined {
  if (isDestructive(found.kind) && found.kind !== planned.kind) return `${found.kind}: ${found.summary}`;
  const lost = found.destroys?.find((name) => !planned.destroys?.includes(name));
  if (lost !== undefined) return `destroy ${lost}`;
  if (isDestructive(planned.kind)) return undefined;
  const detail = found.details?.find(
    (candidate) => isDestructive(candidate.kind) && !planned.details?.some((known) => isSame(known, candidate)),
  );
  return detail && `${detail.kind} ${detail.object}`;
}

export function isDestructive(kind: Change['kind']): boolean {
  return kind === 'replace' || kind === 'delete';
}

function isSame(a: ChangeDetail, b: ChangeDetail): boolean {
  return a.object === b.object && a.kind === b.kind;
}
