/**
 * COPY: brings every object of the plan to the other side, level by level. Safe to repeat: what is there already is known by its mark
 * (or by the sealed uids), repaired when it differs, and never taken for ours when it is not.
 */
import { SlipwayError } from '../../core/errors.ts';
import { formatRef, type KubeObject, type OwnerReference, refOf } from '../../kube/types.ts';
import { canonicalDigest } from './canonical.ts';
import { copyForm } from './copy-form.ts';
import { keyOf } from './fields.ts';
import type { Inventory } from './inventory.ts';
import { inChains } from './in-chains.ts';
import { annotationOf, RUN_ANNOTATION } from './marks.ts';
import { chainsOf, type Ordered } from './order.ts';
import type { Session } from './session.ts';
import { differencesFrom, isCopyOf, isShareable } from './target-checks.ts';
import { isConflict, shortUid } from './transaction.ts';
import { type End, isPassing } from './writes.ts';

/** Where an object came to stand. */
export interface Placed {
  readonly uid: string;
  readonly generation: number;
  /** False: an equal object of somebody else stands for the copy; it is never written. */
  readonly isOurs: boolean;
  readonly isMarked: boolean;
  /** Canonical digest as the server answered. */
  readonly digest: string;
  /** As it stood before this call; undefined for what was just made. */
  readonly found?: KubeObject;
  /** Its status was brought along by this call. */
  readonly hasStatus?: true;
}

export interface CopyOptions {
  readonly session: Session;
  readonly to: End;
  /** Of the side that is copied from. */
  readonly inventory: Inventory;
  readonly standing: Inventory;
  /** A reverse pivot copies onto the frozen originals: whatever stands there is ours. */
  readonly isReverse?: boolean;
  /** Called as soon as an object stands; gives what is known of it afterwards. */
  readonly onPlaced?: (entry: Ordered, placed: Placed) => Promise<Placed>;
  /** With `isReverse`: owners of an original that had no part in the pivot; it keeps them, the copy had to do without. */
  readonly isForeignOwner?: (owner: OwnerReference) => boolean;
}

export class Copying {
  readonly #options: CopyOptions;
  readonly #sealed: ReadonlySet<string>;
  readonly #uids = new Map<string, string>();
  readonly #placed = new Map<string, Placed>();

  constructor(options: CopyOptions) {
    this.#options = options;
    this.#sealed = new Set(options.session.transaction.sealed);
  }

  get placed(): ReadonlyMap<string, Placed> {
    return this.#placed;
  }

  readonly uidOf = (sourceUid: string): string | undefined => this.#uids.get(sourceUid);

  /** Entries in order of creation. */
  async copy(entries: readonly Ordered[], onDone: (done: number) => void): Promise<void> {
    let done = 0;
    for (const level of Map.groupBy(entries, (entry) => entry.level).values())
      await inChains(chainsOf(level), this.#options.session.pool, async (entry) => {
        const made = await this.#place(entry);
        const placed = (await this.#options.onPlaced?.(entry, made)) ?? made;
        this.#placed.set(keyOf(entry.object), placed);
        this.#uids.set(entry.object.metadata.uid ?? '', placed.uid);
        onDone(++done);
      });
  }

  #place(entry: Ordered): Promise<Placed> {
    const found = this.#options.standing.byKey(keyOf(entry.object));
    return found ? this.#adopt(entry, found) : this.#create(entry);
  }

  async #create(entry: Ordered): Promise<Placed> {
    const { session, to } = this.#options;
    const form = this.#form(entry, this.#options.isReverse ? undefined : session.transaction.runId);
    return session.writes.retrying(async () => {
      try {
        return describePlaced(await session.writes.create(to, form, 'copy'));
      } catch (error) {
        // Somebody's, or ours of an attempt whose answer was lost.
        if (!isConflict(error) && !isPassing(error)) throw error;
        const found = await session.options[to].client.get(refOf(form), session.signal);
        if (!found) throw error;
        return this.#adopt(entry, found);
      }
    });
  }

  /** @throws SLW-PIV-001 when it is somebody else's */
  async #adopt(entry: Ordered, found: KubeObject): Promise<Placed> {
    const { session, to, inventory } = this.#options;
    if (this.#isOurs(entry, found)) return this.#repair(entry, found);
    if (isShareable(entry, inventory) && differencesFrom(entry, found, inventory).length === 0)
      return { ...describePlaced(found), isOurs: false, found };
    throw foreign(found, session.options[to].name);
  }

  /** A marked copy keeps its mark until it is sealed. */
  async #repair(entry: Ordered, found: KubeObject): Promise<Placed> {
    const { session, to } = this.#options;
    const isMarked = annotationOf(found, RUN_ANNOTATION) !== undefined;
    const form = this.#keepForeignOwners(this.#form(entry, isMarked ? session.transaction.runId : undefined), found);
    if (isSame(form, found)) return { ...describePlaced(found), found };
    const { resourceVersion = '', uid = '' } = found.metadata;
    const metadata = { ...form.metadata, resourceVersion, uid };
    try {
      const updated = await session.writes.update(to, { ...form, metadata }, 'repair');
      return { ...describePlaced(updated), found: updated };
    } catch (error) {
      if (!isConflict(error)) throw error;
      const fresh = await session.options[to].client.get(refOf(found), session.signal);
      return fresh ? this.#adopt(entry, fresh) : this.#create(entry);
    }
  }

  #keepForeignOwners(form: KubeObject, { metadata }: KubeObject): KubeObject {
    const { isForeignOwner } = this.#options;
    const kept = isForeignOwner ? (metadata.ownerReferences ?? []).filter(isForeignOwner) : [];
    if (kept.length === 0) return form;
    return { ...form, metadata: { ...form.metadata, ownerReferences: [...(form.metadata.ownerReferences ?? []), ...kept] } };
  }

  #isOurs(entry: Ordered, found: KubeObject): boolean {
    return this.#options.isReverse === true || isCopyOf(found, entry.object, this.#sealed);
  }

  #form(entry: Ordered, runId: string | undefined): KubeObject {
    return copyForm(entry, { inventory: this.#options.inventory, runId, uidOf: this.uidOf });
  }
}

function describePlaced(object: KubeObject): Placed {
  return {
    uid: object.metadata.uid ?? '',
    generation: object.metadata.generation ?? 0,
    isOurs: true,
    isMarked: annotationOf(object, RUN_ANNOTATION) !== undefined,
    digest: canonicalDigest(object),
  };
}

/** Content and the very owners. */
function isSame(form: KubeObject, found: KubeObject): boolean {
  const owners = (object: KubeObject): string =>
    (object.metadata.ownerReferences ?? [])
      .map(({ uid }) => uid)
      .sort()
      .join();
  const finalizers = new Set(found.metadata.finalizers);
  const keepsFinalizers = (form.metadata.finalizers ?? []).every((finalizer) => finalizers.has(finalizer));
  return keepsFinalizers && owners(form) === owners(found) && canonicalDigest(form) === canonicalDigest(found);
}

function foreign(found: KubeObject, server: string): SlipwayError {
  const name = formatRef(refOf(found));
  return new SlipwayError('SLW-PIV-001', `${name} on ${server} is there already and no copy of ours`, {
    object: name,
    data: { reason: 'foreign-object' },
  });
}

/** Removes copies of this run whose originals are gone, e.g. deleted between two attempts. */
export async function pruneCopies(
  options: CopyOptions & { readonly going: readonly Ordered[] },
  remove: (objects: readonly KubeObject[]) => Promise<void>,
): Promise<void> {
  const { session, standing, going } = options;
  const wanted = new Set(going.map(({ object }) => keyOf(object)));
  const sealed = new Set(session.transaction.sealed);
  const extra = standing.objects.filter(
    (object) =>
      !wanted.has(keyOf(object)) &&
      (annotationOf(object, RUN_ANNOTATION) === session.transaction.runId || sealed.has(shortUid(object.metadata.uid ?? ''))),
  );
  if (extra.length > 0) await remove(extra);
}
