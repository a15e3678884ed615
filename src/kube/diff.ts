/** What an apply would change, found out by a server-side dry run against the live object. Gives field names, never values. */
import { isSlipwayError, type SlipwayError } from '../core/errors.ts';
import { neverAborted } from './abort.ts';
import { DEFAULT_PARALLEL, requireUnique } from './apply.ts';
import type { FieldConflict } from './conflicts.ts';
import { mapPool } from './pool.ts';
import { type KubeClient, type KubeObject, type ObjectRef, refOf } from './types.ts';

export interface DiffOptions {
  readonly fieldManager?: string;
  readonly force?: boolean;
  readonly parallel?: number;
  readonly signal?: AbortSignal;
}

export interface ObjectDiff {
  readonly ref: ObjectRef;
  /** `replace`: an immutable field differs; `conflict`: others own fields and force was not given. */
  readonly action: 'none' | 'create' | 'update' | 'replace' | 'conflict';
  /** Paths that differ: `spec.replicas`, `spec.template.spec.containers[manager].image`, `data.password`. */
  readonly fields: readonly string[];
  readonly conflicts?: readonly FieldConflict[];
}

/** Written by the server at every change, never by a manifest. */
const SERVER_FIELDS = new Set([
  'managedFields',
  'resourceVersion',
  'generation',
  'uid',
  'creationTimestamp',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
]);

/** Namespace or definition missing: they may come with the same set. */
const LATER = new Set<string>(['SLW-KUB-006', 'SLW-KUB-012']);

/**
 * In the order of the objects. A missing namespace or definition makes it a `create`: both may be part of the same set.
 * @throws what the server says against the object otherwise (SLW-KUB-009, -011, -015 …)
 */
export async function diffObjects(
  client: KubeClient,
  objects: readonly KubeObject[],
  options: DiffOptions = {},
): Promise<readonly ObjectDiff[]> {
  requireUnique(objects);
  const signal = options.signal ?? neverAborted();
  return mapPool(objects, { parallel: options.parallel ?? DEFAULT_PARALLEL, signal }, (object) =>
    diffObject(client, object, { ...options, signal }),
  );
}

async function diffObject(
  client: KubeClient,
  object: KubeObject,
  options: DiffOptions & { readonly signal: AbortSignal },
): Promise<ObjectDiff> {
  const ref = refOf(object);
  if (!(await client.serves(ref, options.signal))) return { ref, action: 'create', fields: [] };
  const { live, outcome } = await compare(client, object, options);
  if (isSlipwayError(outcome)) return refused(ref, outcome, live);
  if (outcome instanceof Error) throw outcome;
  if (!live) return { ref, action: 'create', fields: [] };
  const fields = changedFields(live, outcome as KubeObject);
  return { ref, action: fields.length === 0 ? 'none' : 'update', fields };
}

const COMPARE_ATTEMPTS = 5;

/** Both answers speak of one and the same version of the object: else what a controller wrote in between would look like our change. */
async function compare(
  client: KubeClient,
  object: KubeObject,
  { signal, force, fieldManager }: DiffOptions & { readonly signal: AbortSignal },
): Promise<{ readonly live: KubeObject | undefined; readonly outcome: unknown }> {
  const dryRun = { dryRun: true, signal, ...(force !== undefined && { force }), ...(fieldManager !== undefined && { fieldManager }) };
  for (let attempt = 1; ; attempt++) {
    const [live, outcome] = await Promise.all([
      client.get(refOf(object), signal),
      client.apply(object, dryRun).catch((error: unknown) => error),
    ]);
    const version = outcome instanceof Error ? undefined : (outcome as KubeObject).metadata.resourceVersion;
    if (!live || version === undefined || version === live.metadata.resourceVersion || attempt === COMPARE_ATTEMPTS)
      return { live, outcome };
  }
}

function refused(ref: ObjectRef, error: SlipwayError, live: KubeObject | undefined): ObjectDiff {
  const { fields = [], conflicts = [] } = (error.data ?? {}) as {
    readonly fields?: readonly string[];
    readonly conflicts?: readonly FieldConflict[];
  };
  if (!live && LATER.has(error.code)) return { ref, action: 'create', fields: [] };
  if (live && error.code === 'SLW-KUB-010') return { ref, action: 'replace', fields };
  if (live && error.code === 'SLW-KUB-007')
    return { ref, action: 'conflict', fields: conflicts.map((conflict) => conflict.field), conflicts };
  throw error;
}

/** Paths whose values differ, server fields and status left out. Items of lists are matched by `name` where all have one. */
export function changedFields(before: KubeObject, after: KubeObject): readonly string[] {
  return differences(withoutServerFields(before), withoutServerFields(after), '');
}

function withoutServerFields(object: KubeObject): unknown {
  const { status: _status, ...rest } = object;
  return { ...rest, metadata: Object.fromEntries(Object.entries(object.metadata).filter(([field]) => !SERVER_FIELDS.has(field))) };
}

function differences(before: unknown, after: unknown, path: string): readonly string[] {
  if (Object.is(before, after)) return [];
  const [left, right] = [entriesOf(before), entriesOf(after)];
  if (!left || !right || left.list !== right.list) return [path];
  const keys = new Set([...left.entries.keys(), ...right.entries.keys()]);
  return [...keys].flatMap((key) => differences(left.entries.get(key), right.entries.get(key), join(path, key, left.list)));
}

interface Entries {
  /** How list items are keyed; false for a mapping. */
  readonly list: 'name' | 'index' | false;
  readonly entries: ReadonlyMap<string, unknown>;
}

function entriesOf(value: unknown): Entries | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value)) return { list: false, entries: new Map(Object.entries(value)) };
  const items = value as readonly unknown[];
  const names = items.map((item) => (typeof item === 'object' && item !== null ? (item as { name?: unknown }).name : undefined));
  const named = items.length > 0 && names.every((name) => typeof name === 'string') && new Set(names).size === names.length;
  return {
    list: named ? 'name' : 'index',
    entries: new Map(items.map((item, index) => [named ? String(names[index]) : String(index), item])),
  };
}

/** A key with dots or slashes (annotations, file names) is put in brackets. */
function join(path: string, key: string, list: Entries['list']): string {
  if (list !== false || /[./[\]]/.test(key)) return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}
