/** A plan as text: one line for each change, grouped by the document it serves; counts last. */
import type { PlanData, PlannedStep } from '../../engine/plan-data.ts';
import type { Change, ChangeDetail } from '../../engine/step.ts';
import type { Paint, Role } from './paint.ts';
import { sanitize } from './text-width.ts';

type Sign = readonly [sign: string, role: Role, word: string];

const SIGNS: Readonly<Record<Exclude<Change['kind'], 'none'>, Sign>> = {
  create: ['+', 'good', 'create'],
  update: ['~', 'warn', 'update'],
  replace: ['-/+', 'bad', 'replace'],
  delete: ['-', 'bad', 'delete'],
  deferred: ['>', 'busy', 'deferred'],
};

/** The whole plan; `No changes.` when there are none. */
export function planLines(plan: PlanData, paint: Paint): readonly string[] {
  const changes = plan.steps.filter((step) => step.change.kind !== 'none');
  if (changes.length === 0) return [`No changes. ${plan.project} is as its project says.`];
  const subjects = [...new Set(changes.map((step) => step.subject))];
  const groups = subjects.flatMap((subject) => [
    paint('strong', sanitize(subject)),
    ...changes.filter((step) => step.subject === subject).flatMap((step) => stepLines(step, paint)),
  ]);
  return [...groups, '', countsLine(plan), ...destroyLines(plan, paint)];
}

function stepLines(step: PlannedStep, paint: Paint): readonly string[] {
  if (step.change.kind === 'none') return [];
  const { kind, summary, details = [], announces } = step.change;
  const announced = Object.entries(announces ?? {}).map(([type, count]) => `${count} ${type}`);
  const tail = announced.length > 0 ? ` (will create ${announced.join(', ')})` : '';
  return [
    `  ${mark(kind, paint)} ${sanitize(step.title)}: ${sanitize(summary)}${tail}`,
    ...details.map((detail) => `      ${detailLine(detail, paint)}`),
  ];
}

function detailLine(detail: ChangeDetail, paint: Paint): string {
  const reason = detail.reason === undefined ? '' : paint('quiet', ` (${sanitize(detail.reason)})`);
  return `${mark(detail.kind, paint)} ${sanitize(detail.object)}${reason}`;
}

function mark(kind: Exclude<Change['kind'], 'none'>, paint: Paint): string {
  const [sign, role, word] = SIGNS[kind];
  return paint(role, `${sign} ${word}`);
}

/** `Plan: 5 to create, 1 to update.`; kinds with nothing to do are left out. */
export function countsLine(plan: PlanData): string {
  const parts = (Object.keys(SIGNS) as (keyof typeof SIGNS)[])
    .filter((kind) => plan.counts[kind] > 0)
    .map((kind) => (kind === 'deferred' ? `${plan.counts[kind]} deferred` : `${plan.counts[kind]} to ${kind}`));
  return `Plan: ${parts.length === 0 ? 'no changes' : parts.join(', ')}.`;
}

function destroyLines(plan: PlanData, paint: Paint): readonly string[] {
  if (plan.destroys.length === 0) return [];
  return [paint('bad', `Warning: this destroys ${plan.destroys.map((name) => sanitize(name)).join(', ')}; what is in it is lost.`)];
}

export function hasChanges(plan: PlanData): boolean {
  return plan.steps.some((step) => step.change.kind !== 'none');
}
