/** Plans and states of a pivot as text. Pure. */
import type { PivotStage, PivotStatus } from '../../capi/pivot/options.ts';
import type { PivotPlan, PlannedObject, Verdict } from '../../capi/pivot/plan.ts';
import { formatRef } from '../../kube/types.ts';
import type { Paint, Role } from './paint.ts';
import { sanitize, widthOf } from './text-width.ts';

/** More of one verdict are counted by kind, unless everything is asked for. */
const MAX_LISTED = 40;

export interface PlanTextOptions {
  readonly paint: Paint;
  readonly verbose: boolean;
}

export function pivotPlanLines(plan: PivotPlan, { paint, verbose }: PlanTextOptions): readonly string[] {
  const { source, target, counts } = plan;
  const titles: readonly (readonly [Verdict, string, Role])[] = [
    ['moves', `move to ${target.name}`, 'good'],
    ['copies', `are copied to ${target.name}, and stay on ${source.name} as well`, 'busy'],
    ['stays', `stay on ${source.name}`, 'quiet'],
  ];
  const sections = titles.flatMap(([verdict, title, role]) => {
    const objects = plan.objects.filter((object) => object.verdict === verdict);
    return objects.length === 0 ? [] : [paint(role, `${objects.length} ${title}`), ...objectLines(objects, paint, verbose), ''];
  });
  return [
    `${paint('strong', 'pivot')} ${sanitize(source.name)} → ${sanitize(target.name)}${plan.disposableSource ? '' : `, ${sanitize(source.name)} goes on with what stays`}`,
    '',
    ...sections,
    ...refLines('paused meanwhile', plan.pauses.map(formatRef)),
    ...refLines('suspended meanwhile', plan.suspends.map(formatRef)),
    ...plan.notes.map(({ object, message }) => paint('warn', `note: ${said(object, message)}`)),
    ...refusalLines(plan, paint),
    `${counts.moves} move, ${counts.copies} are copied, ${counts.stays} stay`,
  ];
}

const said = (object: string | undefined, message: string): string => sanitize(object === undefined ? message : `${object}: ${message}`);

function objectLines(objects: readonly PlannedObject[], paint: Paint, verbose: boolean): readonly string[] {
  if (!verbose && objects.length > MAX_LISTED) return countLines(objects, paint);
  const names = objects.map(({ ref }) => sanitize(formatRef(ref)));
  const width = Math.min(72, Math.max(...names.map(widthOf)));
  return objects.map(({ reason, droppedOwners = [] }, index) => {
    const name = names[index] ?? '';
    const dropped = droppedOwners.length === 0 ? '' : `; without its owner ${droppedOwners.join(', ')}, which is not there`;
    return `  ${name}${' '.repeat(Math.max(0, width - widthOf(name)))}  ${paint('quiet', sanitize(`${reason}${dropped}`))}`;
  });
}

function countLines(objects: readonly PlannedObject[], paint: Paint): readonly string[] {
  const kinds = [...Map.groupBy(objects, ({ ref }) => ref.kind)].toSorted(([, a], [, b]) => b.length - a.length);
  const lines = kinds.map(([kind, all]) => {
    const [first] = all;
    const example = all.length === 1 || !first ? '' : ' …';
    return `  ${String(all.length).padStart(6)} ${sanitize(kind)}  ${paint('quiet', sanitize(`${first?.reason ?? ''}${example}`))}`;
  });
  return [...lines, paint('quiet', '  -v lists each of them')];
}

function refLines(title: string, refs: readonly string[]): readonly string[] {
  if (refs.length === 0) return [];
  const [shown, rest] = [refs.slice(0, 10), refs.length - 10];
  return [`${title}: ${shown.map(sanitize).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`];
}

function refusalLines({ refusals }: PivotPlan, paint: Paint): readonly string[] {
  if (refusals.length === 0) return [];
  return [
    '',
    paint('bad', 'refused:'),
    ...refusals.map(({ reason, object, message }) => paint('bad', `  ${reason}: ${said(object, message)}`)),
    '',
  ];
}

const STAGES: Readonly<Record<PivotStage, string>> = {
  none: 'no pivot is under way between them',
  preparing: 'begun, not committed: the source owns everything',
  committed: 'committed: the target owns everything, and is taking over',
  released: 'the target owns and works; the source is frozen and kept',
  retiring: 'the source is being given up',
  retired: 'over; the source is given up',
  'rolling-back': 'a rollback was begun and is not finished',
  reversing: 'moving back onto the source',
};

export function pivotStatusLines(status: PivotStatus, paint: Paint): readonly string[] {
  const { stage, source, target, phase, objects, paused, suspended, next } = status;
  const between = source && target ? `${sanitize(source.name)} → ${sanitize(target.name)}: ` : '';
  return [
    `${between}${paint('strong', stage)}, ${STAGES[stage]}`,
    ...(phase === undefined ? [] : [`last phase: ${phase}${objects === undefined ? '' : `, ${objects} objects`}`]),
    ...refLines('paused by it', paused.map(formatRef)),
    ...refLines('suspended by it', suspended.map(formatRef)),
    ...(next.length === 0 ? [] : [`next: ${next.map((verb) => `slipway pivot ${verb}`).join(', or ')}`]),
  ];
}
