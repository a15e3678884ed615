/**
 * A plan of tofu as data: what happens to each resource, why, and which attribute forces a replacement. Pure.
 * Reads `show -json` (format 1.x: https://opentofu.org/docs/internals/json-format/). Sensitive values never leave this file.
 */
import { digestOf, type Json } from '../core/digest.ts';

export type TofuAction = 'create' | 'update' | 'replace' | 'delete' | 'read' | 'forget' | 'no-op';

export interface ResourceChange {
  readonly address: string;
  readonly type: string;
  readonly action: TofuAction;
  /** Tofu's word: `replace_because_tainted`, `delete_because_each_key`. */
  readonly reason?: string;
  /** Attributes that force the replacement, `subnet_ids[0]`. */
  readonly replacePaths: readonly string[];
  /** Of a replacement: the new one is made before the old one goes. */
  readonly createsFirst?: true;
  /** Top-level attributes that differ or are not known yet. */
  readonly changed: readonly string[];
  /** Sensitive values are replaced by a mask. */
  readonly before: Json;
  readonly after: Json;
  /** It exists and is only taken into the state. */
  readonly importing: boolean;
}

export interface TofuPlan {
  /** Those with something to do. */
  readonly resources: readonly ResourceChange[];
  /** Outputs that change, by name. */
  readonly outputs: readonly string[];
  /** What differs in the world from the state, `aws_subnet.a`. */
  readonly drift: readonly string[];
  /** Nothing at all would be done by an apply. */
  readonly isEmpty: boolean;
  /** Of all that would be done, without values that are sensitive. */
  readonly digest: string;
}

export const emptyPlan: TofuPlan = summarize([], [], []);

type Fields = Readonly<Record<string, unknown>>;

const MASK = '(sensitive)';

interface Creation {
  readonly address: string;
  readonly resourceType: string;
}

/** Of a plan that only creates, from what tofu said while it planned; `basis` is what the values follow from. */
export function creationPlan(
  creations: readonly Creation[],
  { drift, basis }: { readonly drift: readonly string[]; readonly basis: string },
): TofuPlan {
  const inOrder = [...creations].sort((a, b) => (a.address < b.address ? -1 : 1));
  const resources = inOrder.map(({ address, resourceType }): ResourceChange => ({ ...BARE_CREATION, address, type: resourceType }));
  const { digest, ...plan } = summarize(resources, [], drift);
  return { ...plan, digest: digestOf({ digest, basis }) };
}

const BARE_CREATION = { action: 'create', replacePaths: [], changed: [], before: null, after: null, importing: false } as const;

/** From the JSON of `show`; `drift` comes from the plan's own messages where the caller knows better. */
export function readPlan(json: unknown, drift?: readonly string[]): TofuPlan {
  const plan = recordOf(json);
  const resources = listOf(plan['resource_changes']).map(toResource).filter(isWorth);
  const outputs = Object.entries(recordOf(plan['output_changes']))
    .filter(([, change]) => actionOf(recordOf(change)) !== 'no-op')
    .map(([name]) => name);
  return summarize(resources, outputs, drift ?? listOf(plan['resource_drift']).map(({ address }) => textOf(address)));
}

function summarize(resources: readonly ResourceChange[], outputs: readonly string[], drift: readonly string[]): TofuPlan {
  const isEmpty = resources.length === 0 && outputs.length === 0;
  const digest = digestOf({ resources: resources.map((resource) => ({ ...resource })), outputs });
  return { resources, outputs, drift, isEmpty, digest };
}

/** Reading a data source changes nothing. */
function isWorth({ action, importing }: ResourceChange): boolean {
  return importing || (action !== 'no-op' && action !== 'read');
}

function toResource(fields: Fields): ResourceChange {
  const change = recordOf(fields['change']);
  const before = masked(change['before'] as Json, change['before_sensitive']);
  const after = masked(change['after'] as Json, change['after_sensitive']);
  const reason = textOf(fields['action_reason']);
  return {
    address: deposedAddress(textOf(fields['address']), fields['deposed']),
    type: textOf(fields['type']),
    action: actionOf(change),
    ...(reason !== '' && { reason }),
    replacePaths: readPaths(change['replace_paths']),
    ...(createsFirst(change) && { createsFirst: true }),
    changed: changedAttributes(change),
    before,
    after,
    importing: change['importing'] !== undefined && change['importing'] !== null,
  };
}

const deposedAddress = (address: string, deposed: unknown): string =>
  typeof deposed === 'string' && deposed !== '' ? `${address} (deposed ${deposed})` : address;

function actionOf(change: Fields): TofuAction {
  const actions = (change['actions'] ?? []) as readonly string[];
  if (actions.includes('delete') && actions.includes('create')) return 'replace';
  const [first] = actions;
  return isAction(first) ? first : 'no-op';
}

const createsFirst = (change: Fields): boolean => {
  const [first, second] = (change['actions'] ?? []) as readonly string[];
  return first === 'create' && second === 'delete';
};

const ACTIONS: readonly TofuAction[] = ['create', 'update', 'delete', 'read', 'forget', 'no-op'];
const isAction = (word: string | undefined): word is TofuAction => (ACTIONS as readonly (string | undefined)[]).includes(word);

/** Compares unmasked values: a sensitive one that changes is named, never shown. */
function changedAttributes(change: Fields): readonly string[] {
  const [before, after, unknown] = [recordOf(change['before']), recordOf(change['after']), recordOf(change['after_unknown'])];
  if (change['before'] === null || change['after'] === null) return [];
  const names = new Set([...Object.keys(before), ...Object.keys(after), ...Object.keys(unknown)]);
  const differs = (name: string): boolean =>
    hasTrue(unknown[name]) || digestOf((before[name] ?? null) as Json) !== digestOf((after[name] ?? null) as Json);
  return [...names].filter(differs).sort();
}

/** Unknown values are marked by `true` somewhere inside. */
function hasTrue(value: unknown): boolean {
  if (value === true) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(hasTrue);
}

/** `[["subnets", 0, "id"]]` to `subnets[0].id`. */
function readPaths(paths: unknown): readonly string[] {
  if (!Array.isArray(paths)) return [];
  return [...new Set(paths.map((path) => (Array.isArray(path) ? path.map(pathStep).join('').replace(/^\./, '') : String(path))))].sort();
}

const pathStep = (step: unknown): string => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`);

/** The mask has `true` where a value, or all below it, is sensitive. */
export function masked(value: Json | undefined, mask: unknown): Json {
  if (value === undefined || value === null) return null;
  if (mask === true) return MASK;
  if (typeof value !== 'object' || typeof mask !== 'object' || mask === null) return value;
  if (Array.isArray(value)) return value.map((item: Json, index) => masked(item, (mask as readonly unknown[])[index]));
  const fields = Object.entries(value as Readonly<Record<string, Json | undefined>>);
  return Object.fromEntries(fields.map(([name, field]) => [name, masked(field, (mask as Fields)[name])]));
}

/** How many of each type something happens to. */
export function countTypes(resources: readonly ResourceChange[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { type } of resources) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const recordOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? (value as readonly Fields[]) : []);
