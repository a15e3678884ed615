/** All objects of the moving kinds on one cluster, found by key and by uid. */
import { isSlipwayError } from '../../core/errors.ts';
import { mapPool } from '../../kube/pool.ts';
import type { KubeClient, KubeObject, ListOptions, ObjectRef } from '../../kube/types.ts';
import { keyOf, kindKey } from './fields.ts';
import { DATA_KINDS, type MovingKind } from './kinds.ts';

/** Above so many namespaces one list over all of them is cheaper than one for each. */
const FEW_NAMESPACES = 4;
/** Whole kinds are on their way at once: more would be most of the memory that a pivot of a large fleet takes. */
const PARALLEL_LISTS = 6;
const PARALLEL_GETS = 16;

export interface ListScope {
  readonly client: KubeClient;
  readonly kinds: readonly MovingKind[];
  /** Undefined: all. */
  readonly namespaces: readonly string[] | undefined;
  readonly signal: AbortSignal;
  /** Without Secrets and ConfigMaps. */
  readonly withoutData?: boolean;
  /** Kinds of which spec, status and data are not wanted. */
  readonly metadataOnly?: (kind: MovingKind) => boolean;
}

export class Inventory {
  readonly objects: readonly KubeObject[];
  readonly #byKey: ReadonlyMap<string, KubeObject>;
  readonly #byUid: ReadonlyMap<string, KubeObject>;
  readonly #kinds: ReadonlyMap<string, MovingKind>;

  constructor(objects: readonly KubeObject[], kinds: readonly MovingKind[]) {
    this.objects = objects;
    this.#byKey = new Map(objects.map((object) => [keyOf(object), object]));
    this.#byUid = new Map(objects.map((object) => [object.metadata.uid ?? '', object]));
    this.#kinds = new Map([...kinds, ...DATA_KINDS].map((kind) => [kindKey(kind), kind]));
  }

  byKey(key: string): KubeObject | undefined {
    return this.#byKey.get(key);
  }

  byUid(uid: string): KubeObject | undefined {
    return this.#byUid.get(uid);
  }

  kindOf(object: KubeObject): MovingKind {
    const kind = this.#kinds.get(kindKey(object));
    if (!kind) throw new RangeError(`${object.kind} is no kind of this inventory`);
    return kind;
  }

  get kinds(): readonly MovingKind[] {
    return [...this.#kinds.values()];
  }

  /** That hold Cluster API objects: whose Secrets and ConfigMaps are looked at when nobody names namespaces. Sorted. */
  get ownNamespaces(): readonly string[] {
    const own = this.objects.filter((object) => !['data', 'inventory'].includes(this.kindOf(object).role));
    return [...new Set(own.flatMap(({ metadata }) => metadata.namespace ?? []))].sort();
  }

  with(objects: readonly KubeObject[]): Inventory {
    return new Inventory([...this.objects, ...objects], this.kinds);
  }
}

/** Cluster API objects of the scope, cluster-scoped ones included, and the Secrets and ConfigMaps of the namespaces they are in. */
export async function readInventory(scope: ListScope): Promise<Inventory> {
  const own = new Inventory(await listKinds(scope, scope.kinds), scope.kinds);
  if (scope.withoutData) return own;
  const namespaces = scope.namespaces ?? own.ownNamespaces;
  return own.with(await listKinds({ ...scope, namespaces }, DATA_KINDS));
}

/** In all namespaces. */
export function listClusters(client: KubeClient, kinds: readonly MovingKind[], signal: AbortSignal): Promise<readonly KubeObject[]> {
  return listKinds(
    { client, kinds, namespaces: undefined, signal },
    kinds.filter(({ role }) => role === 'cluster'),
  );
}

/** Each by a request of its own, in the order of the references; undefined for what is not there. */
export function getAll(client: KubeClient, refs: readonly ObjectRef[], signal: AbortSignal): Promise<readonly (KubeObject | undefined)[]> {
  return mapPool(refs, { parallel: PARALLEL_GETS, signal }, (ref) => client.get(ref, signal));
}

/** The definition may have gone since the client learned of it. */
async function listAll(client: KubeClient, kind: MovingKind, options: ListOptions): Promise<readonly KubeObject[]> {
  try {
    return (await client.list(kind, options)).items;
  } catch (error) {
    if (isSlipwayError(error) && error.code === 'SLW-KUB-012') return [];
    throw error;
  }
}

/** A kind that the cluster does not serve has no objects. */
export async function listKinds(scope: ListScope, kinds: readonly MovingKind[]): Promise<readonly KubeObject[]> {
  const { client, namespaces, signal } = scope;
  const apart = namespaces !== undefined && (namespaces.length <= FEW_NAMESPACES || kinds.every((kind) => kind.role === 'data'));
  const asks = kinds.flatMap((kind): readonly { readonly kind: MovingKind; readonly namespace: string | undefined }[] =>
    kind.namespaced && apart ? namespaces.map((namespace) => ({ kind, namespace })) : [{ kind, namespace: undefined }],
  );
  const lists = await mapPool(asks, { parallel: PARALLEL_LISTS, signal }, async ({ kind, namespace }) => {
    if (!(await client.serves(kind, signal))) return [];
    const metadataOnly = scope.metadataOnly?.(kind) ?? false;
    return listAll(client, kind, { signal, metadataOnly, ...(namespace !== undefined && { namespace }) });
  });
  const wanted = namespaces && new Set(namespaces);
  return lists.flat().filter((object) => !wanted || object.metadata.namespace === undefined || wanted.has(object.metadata.namespace));
}
