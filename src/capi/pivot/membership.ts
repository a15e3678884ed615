/**
 * To which Clusters each object belongs. Down from a Cluster: what it owns, what carries its name, Secrets named after it. Up from
 * there: what those refer to and what owns them, but no other Cluster; a class brings its templates.
 */
import type { KubeObject } from '../../kube/types.ts';
import { formatRef, refOf } from '../../kube/types.ts';
import { clusterNameOf, keyOf } from './fields.ts';
import type { Inventory } from './inventory.ts';
import { type Reference, referencesOf } from './references.ts';

/** Secrets that Cluster API and its bootstrap providers name after their Cluster, also without an owner. */
const SECRET_SUFFIXES = [
  'kubeconfig',
  'user-kubeconfig',
  'ca',
  'etcd',
  'sa',
  'proxy',
  'apiserver-etcd-client',
  'cca',
  'token',
  'cloud-config',
];

export interface Belonging {
  /** Keys of Clusters. */
  readonly clusters: Set<string>;
  /** The first way by which it was found. */
  readonly why: string;
}

export class Membership {
  readonly #found: ReadonlyMap<string, Belonging>;

  constructor(found: ReadonlyMap<string, Belonging>) {
    this.#found = found;
  }

  of(object: KubeObject): Belonging | undefined {
    return this.#found.get(keyOf(object));
  }
}

export function findMembership(inventory: Inventory): Membership {
  const edges = indexEdges(inventory);
  const found = new Map<string, Belonging>();
  for (const cluster of inventory.objects) {
    if (inventory.kindOf(cluster).role !== 'cluster') continue;
    for (const [key, why] of reachOf(cluster, edges)) {
      const known = found.get(key) ?? { clusters: new Set(), why };
      known.clusters.add(keyOf(cluster));
      found.set(key, known);
    }
  }
  return new Membership(found);
}

interface Edges {
  readonly inventory: Inventory;
  readonly ownedBy: ReadonlyMap<string, readonly KubeObject[]>;
  /** By `namespace/cluster name`. */
  readonly namedFor: ReadonlyMap<string, readonly KubeObject[]>;
  readonly resolve: (reference: Reference) => readonly KubeObject[];
}

function indexEdges(inventory: Inventory): Edges {
  const ownedBy = new Map<string, KubeObject[]>();
  const namedFor = new Map<string, KubeObject[]>();
  for (const object of inventory.objects) {
    for (const owner of object.metadata.ownerReferences ?? []) push(ownedBy, owner.uid, object);
    const cluster = clusterNameOf(object);
    if (cluster !== undefined) push(namedFor, `${object.metadata.namespace ?? ''}/${cluster}`, object);
  }
  return { inventory, ownedBy, namedFor, resolve: createResolver(inventory) };
}

function push(map: Map<string, KubeObject[]>, key: string, object: KubeObject): void {
  const list = map.get(key);
  if (list) list.push(object);
  else map.set(key, [object]);
}

/** Finds what a reference means among the objects of an inventory. */
export function createResolver(inventory: Inventory): (reference: Reference) => readonly KubeObject[] {
  const places = new Map<string, KubeObject[]>();
  for (const object of inventory.objects) push(places, `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`, object);
  return ({ group, kind, namespace, name }) => {
    const found = places.get(`${kind}/${namespace ?? ''}/${name}`) ?? places.get(`${kind}//${name}`) ?? [];
    return group === undefined ? found : found.filter((object) => inventory.kindOf(object).group === group);
  };
}

/** Keys of all that belongs to one Cluster, with the reason. */
function reachOf(cluster: KubeObject, edges: Edges): ReadonlyMap<string, string> {
  const reached = new Map<string, string>();
  const queue: KubeObject[] = [];
  const visit = (object: KubeObject, why: string): void => {
    const key = keyOf(object);
    if (reached.has(key) || isOtherCluster(object, cluster, edges)) return;
    reached.set(key, why);
    queue.push(object);
  };
  const own = `belongs to ${formatRef(refOf(cluster))}`;
  visit(cluster, 'a Cluster of the selection');
  for (const object of namedFor(cluster, edges)) visit(object, own);
  for (let index = 0; index < queue.length; index++)
    for (const object of edges.ownedBy.get(queue[index]?.metadata.uid ?? '') ?? []) visit(object, own);
  for (let index = 0; index < queue.length; index++) goUp(queue[index] as KubeObject, edges, visit);
  return reached;
}

function isOtherCluster(object: KubeObject, cluster: KubeObject, { inventory }: Edges): boolean {
  return inventory.kindOf(object).role === 'cluster' && keyOf(object) !== keyOf(cluster);
}

function namedFor(cluster: KubeObject, { inventory, namedFor: named }: Edges): readonly KubeObject[] {
  const { namespace = '', name } = cluster.metadata;
  const secrets = SECRET_SUFFIXES.flatMap((suffix) => inventory.byKey(`/Secret/${namespace}/${name}-${suffix}`) ?? []);
  return [...(named.get(`${namespace}/${name}`) ?? []), ...secrets.filter((secret) => !secret.metadata.ownerReferences?.length)];
}

function goUp(object: KubeObject, edges: Edges, visit: (object: KubeObject, why: string) => void): void {
  const from = formatRef(refOf(object));
  for (const reference of referencesOf(object))
    for (const target of edges.resolve(reference)) visit(target, `${from} refers to it in ${reference.field}`);
  for (const owner of object.metadata.ownerReferences ?? []) {
    const found = edges.inventory.byUid(owner.uid);
    if (found) visit(found, `owns ${from}`);
  }
  if (edges.inventory.kindOf(object).role !== 'class') return;
  for (const template of edges.ownedBy.get(object.metadata.uid ?? '') ?? []) visit(template, `belongs to ${from}`);
}
