/** VERIFY: every copy equals what the target's admission made of its original, and nobody wrote to the source meanwhile. */
import { SlipwayError, SlipwayErrors } from '../../core/errors.ts';
import { formatRef, type KubeObject, refOf } from '../../kube/types.ts';
import { canonicalDigest, canonicalForm, differingPaths } from './canonical.ts';
import { copyForm } from './copy-form.ts';
import type { Copying } from './copy.ts';
import { keyOf, textAt } from './fields.ts';
import { getAll, Inventory, listKinds } from './inventory.ts';
import { DATA_KINDS } from './kinds.ts';
import { applyManagers } from './managed-fields.ts';
import type { PivotSelection } from './options.ts';
import type { Ordered } from './order.ts';
import type { Expectations } from './preflight.ts';
import type { Session } from './session.ts';
import { shapeOf } from './shape.ts';
import type { World } from './world.ts';

export interface VerifyOptions {
  readonly world: World;
  readonly copying: Copying;
  readonly expectations: Expectations;
  /** The side that was copied from, as it is now. */
  readonly reread: () => Promise<World>;
  /** A cheaper look at it: true when nothing there can have changed. */
  readonly isUntouched?: () => Promise<boolean>;
}

/** @throws SLW-PIV-012, SLW-PIV-013 */
export async function verify(session: Session, options: VerifyOptions): Promise<void> {
  const { world, isUntouched, reread } = options;
  const changed = (await isUntouched?.()) ? [] : changesOf(world, await reread());
  if (changed.length > 0) throw allOf(changed);
  const wrong: SlipwayError[] = [];
  // Kind by kind: all copies at once, beside their originals, are the most that a pivot would hold in memory.
  for (const [kind, entries] of Map.groupBy(world.going, ({ object }) => world.inventory.kindOf(object))) {
    const scope = { client: world.to.client, kinds: [kind], namespaces: world.namespaces, signal: session.signal };
    const standing = new Inventory(await listKinds(scope, [kind]), [kind]);
    wrong.push(...entries.flatMap((entry) => faultOf(entry, standing, options) ?? []));
  }
  if (wrong.length > 0) throw allOf(wrong);
}

/** By versions alone, of everything that was looked at when the world was read. False does not say that something that goes has changed. */
export async function isUntouched({ from, kinds, inventory }: World, selection: PivotSelection, signal: AbortSignal): Promise<boolean> {
  const { client } = from;
  const isSame = (a: KubeObject | undefined, b: KubeObject | undefined): boolean =>
    a?.metadata.uid === b?.metadata.uid && a?.metadata.resourceVersion === b?.metadata.resourceVersion;
  const seen = new Set<string>();
  const namespacesOfData = selection.namespaces ?? inventory.ownNamespaces;
  for (const kind of [...kinds, ...DATA_KINDS]) {
    const namespaces = kind.role === 'data' ? namespacesOfData : selection.namespaces;
    const now = await listKinds({ client, kinds, namespaces, signal, metadataOnly: () => true }, [kind]);
    if (!now.every((object) => isSame(object, inventory.byKey(keyOf(object))))) return false;
    for (const object of now) seen.add(keyOf(object));
  }
  const elsewhere = inventory.objects.filter((object) => !seen.has(keyOf(object)));
  const there = await getAll(client, elsewhere.map(refOf), signal);
  return elsewhere.every((object, index) => isSame(object, there[index]));
}

function allOf(errors: readonly SlipwayError[]): SlipwayError | SlipwayErrors {
  const [only] = errors;
  return errors.length === 1 && only ? only : new SlipwayErrors(errors.slice(0, 10));
}

/** Objects of the source that were written, made or removed since the snapshot. */
function changesOf(before: World, now: World): readonly SlipwayError[] {
  const [old, fresh] = [before, now].map((world) => new Map(world.going.map(({ object }) => [keyOf(object), object])));
  const keys = [...new Set([...(old?.keys() ?? []), ...(fresh?.keys() ?? [])])];
  return keys.flatMap((key) => {
    const [was, is] = [old?.get(key), fresh?.get(key)];
    if (was && is && was.metadata.uid === is.metadata.uid && was.metadata.resourceVersion === is.metadata.resourceVersion) return [];
    const object = formatRef(refOf((is ?? was) as KubeObject));
    const what = !was ? 'was made' : !is ? 'was removed' : `was written by ${lastWriter(is)}`;
    return [new SlipwayError('SLW-PIV-013', `${object} ${what} on ${now.from.name} after the fence`, { object })];
  });
}

function lastWriter(object: KubeObject): string {
  const entries = (object.metadata.managedFields ?? []).map((entry) => ({
    time: textAt(entry, 'time') ?? '',
    manager: textAt(entry, 'manager'),
  }));
  return entries.sort((a, b) => (a.time < b.time ? 1 : -1))[0]?.manager ?? 'somebody';
}

function faultOf(entry: Ordered, standing: Inventory, { world, copying, expectations }: VerifyOptions): SlipwayError | undefined {
  const key = keyOf(entry.object);
  const object = formatRef(refOf(entry.object));
  const copy = standing.byKey(key);
  const placed = copying.placed.get(key);
  const fault = (message: string): SlipwayError => new SlipwayError('SLW-PIV-012', `${object} on ${world.to.name} ${message}`, { object });
  if (!copy || !placed) return fault('is missing');
  if (!placed.isOurs) return undefined;
  if (copy.metadata.uid !== placed.uid) return fault('was replaced meanwhile');
  const form = copyForm(entry, { inventory: world.inventory, runId: undefined, uidOf: copying.uidOf });
  const made = entry.lateOwners.length > 0 ? canonicalDigest(form) : placed.digest;
  const paths = unexpectedPaths(form, copy, { made, expectations });
  if (paths)
    return fault(`differs in ${paths.slice(0, 5).join(', ') || 'what admission had made of it'}, last written by ${lastWriter(copy)}`);
  return lossOf(entry.object, copy, fault);
}

interface Expected {
  /** Digest of the copy when it was made. */
  readonly made: string;
  readonly expectations: Expectations;
}

/** Undefined when the copy is what was asked for, but for what admission changes in all of its shape. */
function unexpectedPaths(form: KubeObject, copy: KubeObject, { made, expectations }: Expected): readonly string[] | undefined {
  const is = canonicalDigest(copy);
  if (is === made && is === canonicalDigest(form)) return undefined;
  const differing = differingPaths(canonicalForm(form), canonicalForm(copy));
  const announced = expectations.get(shapeOf(form));
  const unannounced = announced ? differing.filter((path) => !announced.has(path)) : [];
  if (unannounced.length > 0) return unannounced;
  return is === made ? undefined : differing;
}

/** What the canonical form does not hold: finalizers and who owns which fields. */
function lossOf(original: KubeObject, copy: KubeObject, fault: (message: string) => SlipwayError): SlipwayError | undefined {
  const lost = (original.metadata.finalizers ?? []).filter((finalizer) => !copy.metadata.finalizers?.includes(finalizer));
  if (lost.length > 0) return fault(`has lost the finalizer ${lost.join(', ')}`);
  const managers = new Set(applyManagers(copy));
  const missing = applyManagers(original).filter((manager) => !managers.has(manager));
  return missing.length > 0 ? fault(`has lost the field manager ${missing.join(', ')}`) : undefined;
}
