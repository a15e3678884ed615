/**
 * The order of creation: owners before what they own; classes and templates first, then what Clusters refer to, then Clusters and theirs.
 * Within a level objects of one kind and Cluster come oldest first. Pure.
 */
import type { KubeObject, OwnerReference } from '../../kube/types.ts';
import { clusterNameOf, kindKey, keyOf } from './fields.ts';
import type { Inventory } from './inventory.ts';
import type { Selected } from './selection.ts';

export interface Ordered extends Selected {
  /** From 0; all owners of an object stand in lower levels. */
  readonly level: number;
  /** Created on the target before anything is paused: classes and templates that no Cluster owns. */
  readonly isEarly: boolean;
  /** Owners in the set. */
  readonly owners: readonly OwnerReference[];
  /** Owners in the set that close a circle: named only after all exist. */
  readonly lateOwners: readonly OwnerReference[];
  /** Owners outside the set. */
  readonly droppedOwners: readonly OwnerReference[];
}

const EARLY = 0;
const BEFORE_CLUSTERS = 1;
const CLUSTERS = 2;

interface Rank {
  readonly tier: number;
  readonly depth: number;
}

/** Only what moves or is copied; in order of creation. */
export function orderObjects(selected: readonly Selected[], inventory: Inventory): readonly Ordered[] {
  const going = selected.filter(({ verdict }) => verdict !== 'stays');
  const byUid = new Map(going.map((entry) => [entry.object.metadata.uid ?? '', entry.object]));
  const ranking = new Ranking(byUid, inventory);
  const ranked = going.map((entry) => ({ entry, rank: ranking.of(entry.object) }));
  const levels = [...new Set(ranked.map(({ rank }) => sortKey(rank)))].sort((a, b) => a - b);
  return ranked
    .map(({ entry, rank }) => ({
      ...entry,
      level: levels.indexOf(sortKey(rank)),
      isEarly: rank.tier === EARLY,
      ...ranking.ownersOf(entry.object),
    }))
    .sort((a, b) => a.level - b.level || compareAge(a.object, b.object));
}

const sortKey = ({ tier, depth }: Rank): number => tier * 1_000_000 + depth;

/** Oldest first; the API server keeps whole seconds, so names decide between equals. */
export function compareAge(a: KubeObject, b: KubeObject): number {
  return compareText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') || compareText(keyOf(a), keyOf(b));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

class Ranking {
  readonly #byUid: ReadonlyMap<string, KubeObject>;
  readonly #inventory: Inventory;
  readonly #ranks = new Map<string, Rank>();
  readonly #open = new Set<string>();
  /** `uid of the object>uid of the owner` of edges that close a circle. */
  readonly #circular = new Set<string>();

  constructor(byUid: ReadonlyMap<string, KubeObject>, inventory: Inventory) {
    this.#byUid = byUid;
    this.#inventory = inventory;
  }

  of(object: KubeObject): Rank {
    const uid = object.metadata.uid ?? '';
    const known = this.#ranks.get(uid);
    if (known) return known;
    this.#open.add(uid);
    let { tier, depth } = this.#start(object);
    for (const owner of object.metadata.ownerReferences ?? []) {
      const above = this.#byUid.get(owner.uid);
      if (!above) continue;
      if (this.#open.has(owner.uid)) {
        this.#circular.add(`${uid}>${owner.uid}`);
        continue;
      }
      const rank = this.of(above);
      if (rank.tier > tier) ({ tier, depth } = { tier: rank.tier, depth: rank.depth + 1 });
      else if (rank.tier === tier) depth = Math.max(depth, rank.depth + 1);
    }
    this.#open.delete(uid);
    const rank = { tier, depth };
    this.#ranks.set(uid, rank);
    return rank;
  }

  ownersOf(object: KubeObject): Pick<Ordered, 'owners' | 'lateOwners' | 'droppedOwners'> {
    const all = object.metadata.ownerReferences ?? [];
    const within = all.filter((owner) => this.#byUid.has(owner.uid));
    const isLate = (owner: OwnerReference): boolean => this.#circular.has(`${object.metadata.uid ?? ''}>${owner.uid}`);
    return {
      owners: within,
      lateOwners: within.filter(isLate),
      droppedOwners: all.filter((owner) => !this.#byUid.has(owner.uid)),
    };
  }

  #start(object: KubeObject): Rank {
    const { role } = this.#inventory.kindOf(object);
    if (role === 'cluster') return { tier: CLUSTERS, depth: 0 };
    // What names a Cluster that is not there may be deleted by its controller (bindings of ClusterResourceSets are).
    if (role !== 'data' && clusterNameOf(object) !== undefined) return { tier: CLUSTERS, depth: 1 };
    return { tier: role === 'class' || role === 'template' ? EARLY : BEFORE_CLUSTERS, depth: 0 };
  }
}

/** Objects of one kind and Cluster, in batches: those of one batch may be created at once, batches only one after the other. */
export type Chain<T> = readonly (readonly T[])[];

/**
 * Creation times have whole seconds and controllers read their order (which MachineSet is the old one, which machine goes first), so no
 * object may get an earlier time than one that is older. Between kinds and between Clusters the order means nothing.
 */
export function chainsOf<T extends { readonly object: KubeObject }>(entries: readonly T[]): readonly Chain<T>[] {
  return [...Map.groupBy(entries, ({ object }) => chainKey(object)).values()].map((chain) => [
    ...Map.groupBy(
      chain.toSorted((a, b) => compareAge(a.object, b.object)),
      ({ object }) => object.metadata.creationTimestamp ?? '',
    ).values(),
  ]);
}

function chainKey(object: KubeObject): string {
  return `${kindKey(object)}/${object.metadata.namespace ?? ''}/${clusterNameOf(object) ?? ''}`;
}
