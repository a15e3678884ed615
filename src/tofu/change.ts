/** From a plan of tofu to a change of ours: counts in one line, each resource with the reason below. Pure. */
import type { Change, ChangeDetail } from '../engine/step.ts';
import type { ResourceChange, TofuAction, TofuPlan } from './plan.ts';

/** A resource in a plan without its values, so that a plan can be kept. */
export type PlannedResource = Pick<
  ResourceChange,
  'address' | 'type' | 'action' | 'reason' | 'replacePaths' | 'createsFirst' | 'changed' | 'importing'
>;

export interface PlanOutline {
  readonly resources: readonly PlannedResource[];
  readonly outputs: readonly string[];
  readonly drift: readonly string[];
  /** Of the whole plan, values included. */
  readonly digest: string;
}

export interface ChangeOptions {
  /** Name that must be typed before something precious goes. */
  readonly destroys?: string | undefined;
  /** Types whose loss wants the name; absent: all. */
  readonly precious?: readonly string[] | undefined;
}

export function outlineOf({ resources, outputs, drift, digest }: TofuPlan): PlanOutline {
  const bare = resources.map(({ address, type, action, reason, replacePaths, createsFirst, changed, importing }) => ({
    address,
    type,
    action,
    ...(reason !== undefined && { reason }),
    replacePaths,
    ...(createsFirst && { createsFirst }),
    changed,
    importing,
  }));
  return { resources: bare, outputs, drift, digest };
}

/** A plan in which nothing precious goes is an update (or a creation); what goes in it is still named, each one. */
export function planChange({ resources, outputs, drift }: PlanOutline, { destroys, precious }: ChangeOptions): Change {
  if (resources.length === 0 && outputs.length === 0) return { kind: 'none', summary: 'as planned by its module' };
  const details = resources.map(toDetail);
  const isLoss = (resource: PlannedResource): boolean =>
    isDestructive(resource) && !isLeftover(resource) && (precious === undefined || precious.includes(resource.type));
  const summary = summarize(resources, outputs, drift);
  if (resources.some(isLoss)) return { kind: 'replace', summary, details, ...(destroys !== undefined && { destroys: [destroys] }) };
  const kind = resources.length > 0 && resources.every(({ action }) => action === 'create') ? 'create' : 'update';
  return { kind, summary, details };
}

const isDestructive = ({ action }: PlannedResource): boolean => action === 'replace' || action === 'delete';

/** What a creation that failed left half made, or a replacement left over, goes without being asked for: its loss was agreed to, or is none. */
const isLeftover = ({ reason, address }: PlannedResource): boolean =>
  reason === 'replace_because_tainted' || address.includes(' (deposed ');

const WORDS: readonly (readonly [TofuAction, string])[] = [
  ['create', 'create'],
  ['update', 'update'],
  ['replace', 'replace'],
  ['delete', 'destroy'],
  ['forget', 'forget'],
];

function summarize(resources: readonly PlannedResource[], outputs: readonly string[], drift: readonly string[]): string {
  const counts = WORDS.flatMap(([action, word]) => {
    const count = resources.filter((resource) => resource.action === action).length;
    return count === 0 ? [] : [`${word} ${count}`];
  });
  const imported = resources.filter(({ importing }) => importing).length;
  if (imported > 0) counts.push(`import ${imported}`);
  const noun = resources.length === 1 ? 'resource' : 'resources';
  const what = counts.length > 0 ? `${counts.join(', ')} ${noun}` : `change the outputs ${outputs.join(', ')}`;
  return drift.length === 0 ? what : `${what}; changed by others: ${list(drift)}`;
}

/** `aws_subnet/module.x.private[0]`: the type first, by which creations are announced and counted. */
function objectName({ address, type }: PlannedResource): string {
  const rest = address.startsWith(`${type}.`) ? address.slice(type.length + 1) : address.replace(`${type}.`, '');
  return `${type}/${rest}`;
}

const KINDS: Readonly<Record<TofuAction, ChangeDetail['kind']>> = {
  create: 'create',
  update: 'update',
  replace: 'replace',
  delete: 'delete',
  forget: 'update',
  read: 'update',
  'no-op': 'update',
};

function toDetail(resource: PlannedResource): ChangeDetail {
  const reason = reasonOf(resource);
  const kind = isLeftover(resource) ? 'update' : KINDS[resource.action];
  return { object: objectName(resource), kind, ...(reason !== undefined && { reason }) };
}

/** Tofu's words for why something goes. */
const REASONS: Readonly<Record<string, string>> = {
  replace_because_tainted: 'was left half made, and is made anew',
  replace_by_request: 'its replacement was asked for',
  replace_by_triggers: 'something that triggers its replacement changes',
  delete_because_no_resource_config: 'no longer in the module',
  delete_because_wrong_repetition: 'its numbering changed',
  delete_because_count_index: 'fewer are wanted',
  delete_because_enabled_false: 'it is switched off',
  delete_because_each_key: 'its key is no longer wanted',
  delete_because_no_module: 'its module is no longer used',
  delete_because_no_move_target: 'it was moved to nowhere',
};

function reasonOf({ address, action, reason = '', replacePaths, changed, importing }: PlannedResource): string | undefined {
  if (address.includes(' (deposed ')) return 'left over from a replacement';
  if (importing) return 'exists, and is taken into the state';
  if (action === 'forget') return 'forgotten, not destroyed';
  if (action === 'replace' && replacePaths.length > 0) return `${list(replacePaths)} cannot be changed in place`;
  const known = REASONS[reason];
  if (known !== undefined) return known;
  return action === 'update' && changed.length > 0 ? list(changed) : undefined;
}

const SHOWN = 6;

function list(words: readonly string[]): string {
  return words.length <= SHOWN ? words.join(', ') : `${words.slice(0, SHOWN).join(', ')} and ${words.length - SHOWN} more`;
}
