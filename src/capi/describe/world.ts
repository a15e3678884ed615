/** What was read from a management cluster at one moment, indexed for questions. Pure: no client, no clock. */
import { groupOf } from '../../kube/discovery.ts';
import { textAt, valueAt } from '../../kube/readiness-state.ts';
import type { KubeObject, KubeResource, ObjectRef } from '../../kube/types.ts';
import { CLUSTER_NAME_LABEL } from '../words.ts';
import type { ClusterRef } from './description.ts';

/** A reference inside a Cluster API object: v1beta2 names the group, v1beta1 a whole apiVersion and perhaps a namespace. */
export interface ContractRef {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface WorldParts {
  readonly objects: readonly KubeObject[];
  /** Kinds of Cluster API and of its providers that the server serves. */
  readonly served: readonly KubeResource[];
  /** Why the objects of a kind could not be listed, by `group/Kind`. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** Questions to what was read. */
export interface ClusterWorld {
  readonly clusters: readonly KubeObject[];
  find(ref: ContractRef): KubeObject | undefined;
  /** The served kind of a group, in the version that objects were listed in; undefined: no provider has it. */
  serves(group: string, kind: string): KubeResource | undefined;
  unreadable(group: string, kind: string): string | undefined;
  /** Objects of a core kind that belong to a Cluster, oldest first. */
  ofCluster(kind: string, cluster: ClusterRef): readonly KubeObject[];
  ownedBy(owner: KubeObject): readonly KubeObject[];
}

export function createClusterWorld({ objects, served, unreadable }: WorldParts): ClusterWorld {
  const byKey = new Map(objects.map((object) => [keyOf(object), object]));
  const byCluster = Map.groupBy(objects, (object) => `${object.kind}|${object.metadata.namespace ?? ''}|${clusterNameOf(object) ?? ''}`);
  const byOwner = groupByOwner(objects);
  const kinds = new Map(served.map((resource) => [`${groupOf(resource.apiVersion)}/${resource.kind}`, resource]));
  return {
    clusters: objects.filter(isCluster).toSorted(byName),
    find: (ref) => byKey.get(`${ref.group}/${ref.kind}/${ref.namespace}/${ref.name}`),
    serves: (group, kind) => kinds.get(`${group}/${kind}`),
    unreadable: (group, kind) => unreadable.get(`${group}/${kind}`),
    ofCluster: (kind, { namespace, name }) => (byCluster.get(`${kind}|${namespace}|${name}`) ?? []).toSorted(byAge),
    ownedBy: (owner) => byOwner.get(owner.metadata.uid ?? '') ?? [],
  };
}

export function isCluster(object: KubeObject): boolean {
  return object.kind === 'Cluster' && groupOf(object.apiVersion) === 'cluster.x-k8s.io';
}

export function clusterRefOf(object: KubeObject): ClusterRef {
  return { namespace: object.metadata.namespace ?? 'default', name: object.metadata.name };
}

/** The Cluster that an object belongs to, by spec or by label. */
function clusterNameOf(object: KubeObject): string | undefined {
  return textAt(object, 'spec', 'clusterName') ?? object.metadata.labels?.[CLUSTER_NAME_LABEL];
}

/** The reference at a path of an object; undefined when there is none. */
export function contractRef(object: KubeObject, ...path: readonly string[]): ContractRef | undefined {
  const ref = valueAt(object, ...path);
  const [kind, name] = [textAt(ref, 'kind'), textAt(ref, 'name')];
  if (kind === undefined || name === undefined || name === '') return undefined;
  const group = textAt(ref, 'apiGroup') ?? groupOf(textAt(ref, 'apiVersion') ?? '');
  return { group, kind, namespace: textAt(ref, 'namespace') ?? object.metadata.namespace ?? 'default', name };
}

/** As an object reference; without a served version the group stands for it. */
export function toObjectRef(world: ClusterWorld, { group, kind, namespace, name }: ContractRef): ObjectRef {
  return { apiVersion: world.serves(group, kind)?.apiVersion ?? group, kind, namespace, name };
}

export const byAge = (a: KubeObject, b: KubeObject): number =>
  compare(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') || compare(a.metadata.name, b.metadata.name);

const byName = (a: KubeObject, b: KubeObject): number =>
  compare(a.metadata.namespace ?? '', b.metadata.namespace ?? '') || compare(a.metadata.name, b.metadata.name);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const keyOf = (object: KubeObject): string =>
  `${groupOf(object.apiVersion)}/${object.kind}/${object.metadata.namespace ?? 'default'}/${object.metadata.name}`;

function groupByOwner(objects: readonly KubeObject[]): ReadonlyMap<string, readonly KubeObject[]> {
  const owned = new Map<string, KubeObject[]>();
  for (const object of objects) {
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const list = owned.get(uid);
      if (list) list.push(object);
      else owned.set(uid, [object]);
    }
  }
  return owned;
}
