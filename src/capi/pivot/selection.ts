/** A verdict and a reason for every object: moves, is copied because others need it too, or stays. Pure. */
import { formatRef, type KubeObject, refOf } from '../../kube/types.ts';
import { CLUSTER_NAME_LABEL, CLUSTER_SECRET_TYPE, SLIPWAY_NAMESPACE } from '../words.ts';
import { keyOf } from './fields.ts';
import type { Inventory } from './inventory.ts';
import { type Belonging, createResolver, findMembership } from './membership.ts';
import type { PivotSelection } from './options.ts';
import type { Verdict } from './plan.ts';
import { referencesOf } from './references.ts';

export interface Selected {
  readonly object: KubeObject;
  readonly verdict: Verdict;
  readonly reason: string;
}

interface Question {
  readonly object: KubeObject;
  readonly inventory: Inventory;
  readonly belonging: Belonging | undefined;
  /** Keys of the Clusters that move. */
  readonly clusters: ReadonlySet<string>;
  readonly isFiltered: boolean;
  readonly inScope: boolean;
}

type Rule = (question: Question) => Omit<Selected, 'object'> | undefined;

const moves = (reason: string): Omit<Selected, 'object'> => ({ verdict: 'moves', reason });
const copies = (reason: string): Omit<Selected, 'object'> => ({ verdict: 'copies', reason });
const stays = (reason: string): Omit<Selected, 'object'> => ({ verdict: 'stays', reason });

/** Most specific first; the last one always answers. */
const RULES: readonly Rule[] = [
  ({ object, inventory }) =>
    inventory.kindOf(object).role === 'inventory' ? stays('tells what is installed on the cluster it is in') : undefined,
  ({ object }) => (object.metadata.namespace === SLIPWAY_NAMESPACE ? stays("is Slipway's own record of this cluster") : undefined),
  ({ object }) =>
    object.kind === 'Secret' && object['type'] === 'kubernetes.io/service-account-token'
      ? stays('is a token of this cluster, worthless on another')
      : undefined,
  ({ object }) =>
    object.kind === 'ConfigMap' && object.metadata.name === 'kube-root-ca.crt'
      ? stays('is made by Kubernetes in every namespace')
      : undefined,
  ({ object, inventory, clusters }) =>
    inventory.kindOf(object).role === 'cluster' && !clusters.has(keyOf(object)) ? stays('is not among the selected Clusters') : undefined,
  belongs,
  ({ object, inScope, isFiltered }) =>
    inScope && !isFiltered && isForced(object) ? moves('carries a label of clusterctl that moves it') : undefined,
  forWhole,
  ({ inScope }) => (inScope ? undefined : stays(OUTSIDE)),
  ({ isFiltered }) => stays(isFiltered ? UNUSED_BY_CLUSTERS : UNUSED),
];

export function selectObjects(inventory: Inventory, selection: PivotSelection): readonly Selected[] {
  const membership = findMembership(inventory);
  const clusters = new Set(inventory.objects.filter((object) => isSelected(object, inventory, selection)).map(keyOf));
  const selected = inventory.objects.map((object) => {
    const question: Question = {
      object,
      inventory,
      belonging: membership.of(object),
      clusters,
      isFiltered: selection.clusters !== undefined,
      inScope: isInScope(object, selection),
    };
    for (const rule of RULES) {
      const answer = rule(question);
      if (answer) return { object, ...answer };
    }
    return { object, ...stays(UNUSED) };
  });
  return withReferred(selected, inventory, selection);
}

/** What goes without a Cluster (a ClusterResourceSet, a pool) takes along what it refers to. */
function withReferred(selected: readonly Selected[], inventory: Inventory, selection: PivotSelection): readonly Selected[] {
  const resolve = createResolver(inventory);
  const byKey = new Map(selected.map((entry) => [keyOf(entry.object), entry]));
  const queue = selected.filter(({ verdict }) => verdict !== 'stays');
  for (let index = 0; index < queue.length; index++) {
    const { object: from } = queue[index] as Selected;
    const referred = referencesOf(from).flatMap((reference) => resolve(reference).map((object) => ({ object, reference })));
    for (const { object, reference } of referred) {
      const known = byKey.get(keyOf(object));
      if (!known || !isUnused(known)) continue;
      const why = `${formatRef(refOf(from))} refers to it in ${reference.field}`;
      const isMoving = object.metadata.namespace !== undefined && isInScope(object, selection) && selection.clusters === undefined;
      const entry = { object, ...(isMoving ? moves(why) : copies(why)) };
      byKey.set(keyOf(object), entry);
      queue.push(entry);
    }
  }
  return selected.map((entry) => byKey.get(keyOf(entry.object)) ?? entry);
}

const UNUSED = 'nothing that moves refers to it';
const UNUSED_BY_CLUSTERS = 'nothing of the selected Clusters refers to it';
const OUTSIDE = 'is outside the selected namespaces';

function isUnused({ verdict, reason }: Selected): boolean {
  return verdict === 'stays' && [UNUSED, UNUSED_BY_CLUSTERS, OUTSIDE].includes(reason);
}

function isSelected(object: KubeObject, inventory: Inventory, selection: PivotSelection): boolean {
  if (inventory.kindOf(object).role !== 'cluster' || !isInScope(object, selection)) return false;
  const { name, namespace = '' } = object.metadata;
  return selection.clusters?.some((wanted) => wanted === name || wanted === `${namespace}/${name}`) ?? true;
}

function isInScope(object: KubeObject, { namespaces }: PivotSelection): boolean {
  return object.metadata.namespace === undefined || namespaces === undefined || namespaces.includes(object.metadata.namespace);
}

function isForced({ metadata }: KubeObject): boolean {
  const labels = metadata.labels ?? {};
  return 'clusterctl.cluster.x-k8s.io/move' in labels || 'clusterctl.cluster.x-k8s.io/move-hierarchy' in labels;
}

/** What belongs to moving Clusters; what has no namespace, is outside the scope, or is used by others too, is left there as well. */
function belongs({ object, belonging, clusters, inScope }: Question): Omit<Selected, 'object'> | undefined {
  const users = [...(belonging?.clusters ?? [])];
  if (!belonging || !users.some((key) => clusters.has(key))) return undefined;
  if (object.metadata.namespace === undefined) return copies(`${belonging.why}; has no namespace, so others may use it`);
  const other = users.find((key) => !clusters.has(key));
  if (other !== undefined) return copies(`${belonging.why}; Cluster ${other.split('/').slice(2).join('/')} stays and uses it too`);
  return inScope ? moves(belonging.why) : copies(`${belonging.why}; is outside the selected namespaces`);
}

/** Without a choice of Clusters, all Cluster API objects of the namespaces go, whether or not a Cluster uses them. */
function forWhole({ object, inventory, belonging, isFiltered, inScope }: Question): Omit<Selected, 'object'> | undefined {
  const kind = inventory.kindOf(object);
  if (isFiltered || !inScope) return undefined;
  if (belonging) return stays(`belongs to a Cluster that stays: ${belonging.why}`);
  if (kind.role === 'data') return isOfClusterApi(object) ? moves('is a Secret of Cluster API') : undefined;
  if (!kind.namespaced) return copies('has no namespace, so others may use it');
  return moves(`is a Cluster API object of namespace ${object.metadata.namespace ?? ''}`);
}

function isOfClusterApi(object: KubeObject): boolean {
  const type = object['type'];
  return (
    type === CLUSTER_SECRET_TYPE || type === 'addons.cluster.x-k8s.io/resource-set' || CLUSTER_NAME_LABEL in (object.metadata.labels ?? {})
  );
}
