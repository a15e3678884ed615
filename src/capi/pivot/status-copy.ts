/** STATUS: /status of every copy as at the source, then the seal: managedFields as at the source, marks off. */
import { digestOf, type Json } from '../../core/digest.ts';
import { isSlipwayError } from '../../core/errors.ts';
import { mapPool } from '../../kube/pool.ts';
import { formatRef, type KubeObject, refOf } from '../../kube/types.ts';
import type { Copying, Placed } from './copy.ts';
import { mapOwners } from './copy-form.ts';
import { type Fields, isFields, keyOf } from './fields.ts';
import { applyManagers, cleanManagedFields } from './managed-fields.ts';
import { RUN_ANNOTATION, SOURCE_UID_ANNOTATION } from './marks.ts';
import type { Ordered } from './order.ts';
import type { Session } from './session.ts';
import { shortUid } from './transaction.ts';
import type { Inventory } from './inventory.ts';
import type { World } from './world.ts';
import type { End } from './writes.ts';

export interface StatusOptions {
  readonly session: Session;
  readonly to: End;
  readonly world: World;
  readonly copying: Copying;
  /** Nothing is recorded then: the sealed uids are those of the target. */
  readonly isReverse?: boolean;
}

interface Work {
  readonly entry: Ordered;
  readonly placed: Placed;
}

/**
 * Of one object, as soon as it stands: the sooner its controller reads there that all is done, the less it does of it again.
 * Gives what is known of it afterwards, without the object: a fleet of those would be held in memory until the end.
 */
export function statusCopier(session: Session, to: End, inventory: Inventory): (entry: Ordered, placed: Placed) => Promise<Placed> {
  return async (entry, placed) => {
    if (placed.hasStatus || !placed.isOurs || !inventory.kindOf(entry.object).hasStatus || !isFields(entry.object['status'])) return placed;
    const status = mapStatus(entry.object, placed.generation);
    const found = placed.found?.['status'];
    if (isEqual(status, found)) return placed;
    await session.writes.patch(
      { end: to, ref: refOf(entry.object) },
      { status: { ...goneKeys(found, status), ...status } },
      { purpose: 'status', subresource: 'status' },
    );
    return { ...placed, hasStatus: true };
  };
}

/** Statuses of all, before anything is sealed: controllers of the target look at a Cluster only when its status says so. */
export async function copyStatuses(options: StatusOptions): Promise<void> {
  const { session, world, to } = options;
  const works = ownWorks(options);
  const copyStatus = statusCopier(session, to, world.inventory);
  let done = 0;
  await mapPool(works, session.pool, async ({ entry, placed }) => {
    await copyStatus(entry, placed);
    session.options.report({ type: 'progress', phase: 'status', done: ++done, total: works.length });
  });
}

/** Records the uids of all copies, then takes their marks off and gives their fields back to their managers. */
export async function sealCopies(options: StatusOptions): Promise<void> {
  const { session } = options;
  const works = ownWorks(options);
  const sealed = works.map(({ placed }) => shortUid(placed.uid)).sort();
  if (!options.isReverse && digestOf(sealed) !== digestOf(session.transaction.sealed ?? [])) await session.save({ sealed });
  await mapPool(works, session.pool, (work) => seal(work, options));
}

function ownWorks({ world, copying }: StatusOptions): readonly Work[] {
  return world.going.flatMap((entry) => {
    const placed = copying.placed.get(keyOf(entry.object));
    return placed?.isOurs ? [{ entry, placed }] : [];
  });
}

async function seal({ entry, placed }: Work, { session, to, copying }: StatusOptions): Promise<void> {
  const { object, lateOwners, owners } = entry;
  const managedFields = cleanManagedFields(object, copying.uidOf);
  const isDone = placed.found !== undefined && !placed.isMarked && hasManagers(placed.found, object);
  if (isDone && lateOwners.length === 0) return;
  const metadata = {
    annotations: { [RUN_ANNOTATION]: null, [SOURCE_UID_ANNOTATION]: null },
    ...(lateOwners.length > 0 && { ownerReferences: mapOwners(owners, copying.uidOf) }),
  };
  const patch = (fields: Fields): Promise<KubeObject> =>
    session.writes.patch({ end: to, ref: refOf(object) }, { metadata: { ...metadata, ...fields } }, { purpose: 'seal' });
  try {
    await patch(managedFields.length > 0 ? { managedFields } : {});
  } catch (error) {
    if (!isSlipwayError(error) || !['SLW-KUB-009', 'SLW-KUB-018'].includes(error.code)) throw error;
    session.note({
      reason: 'managed-fields',
      object: formatRef(refOf(object)),
      message: `its managed fields are not accepted: ${error.message}`,
    });
    await patch({});
  }
}

function hasManagers(found: KubeObject, source: KubeObject): boolean {
  const has = new Set(applyManagers(found));
  return applyManagers(source).every((manager) => has.has(manager));
}

/** The status with every observedGeneration turned into the same distance from the copy's generation. */
export function mapStatus(source: KubeObject, generation: number): Fields {
  const from = source.metadata.generation ?? 0;
  // Schemas want at least 1; a pause of ours made the source one generation younger than what its controllers reported.
  return mapGenerations(source['status'], (observed) =>
    Math.max(1, observed >= from ? generation : generation - (from - observed)),
  ) as Fields;
}

function mapGenerations(value: unknown, map: (observed: number) => number): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => mapGenerations(item, map));
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === 'observedGeneration' && typeof inner === 'number' ? map(inner) : mapGenerations(inner, map),
    ]),
  );
}

function isEqual(a: unknown, b: unknown): boolean {
  return digestOf((a ?? {}) as Json) === digestOf((b ?? {}) as Json);
}

/** A merge patch keeps what it does not name. */
function goneKeys(found: unknown, status: Fields): Fields {
  if (!isFields(found)) return {};
  return Object.fromEntries(
    Object.keys(found)
      .filter((name) => !(name in status))
      .map((name) => [name, null]),
  );
}
