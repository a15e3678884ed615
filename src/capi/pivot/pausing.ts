/** How objects are paused: Clusters by field, what no Cluster covers by annotation; and how they tell that they are. */
import type { KubeObject } from '../../kube/types.ts';
import { CORE_GROUP, PAUSED_ANNOTATION, PAUSED_CONDITION } from '../words.ts';
import { clusterNameOf, conditionOf, fieldAt, groupOf } from './fields.ts';
import type { Inventory } from './inventory.ts';
import { annotationOf, BLOCK_MOVE_ANNOTATION } from './marks.ts';
import type { Ordered } from './order.ts';

/** Value of a pause annotation that the pivot set; what others set has another. */
export const PAUSE_VALUE = 'slipway.dev/pivot';
/** Source: the Metal3 baremetal-operator, `metal3api.PausedAnnotation`. */
const HOST_PAUSED_ANNOTATION = 'baremetalhost.metal3.io/paused';

export type PauseWay = 'field' | 'annotation';

export function isClusterKind(object: Pick<KubeObject, 'apiVersion' | 'kind'>): boolean {
  return object.kind === 'Cluster' && groupOf(object.apiVersion) === CORE_GROUP;
}

/** Undefined: it needs no pause of its own, because a Cluster covers it or nothing acts on it. */
export function pauseWayOf(object: KubeObject, inventory: Inventory): PauseWay | undefined {
  if (isClusterKind(object)) return 'field';
  const { role } = inventory.kindOf(object);
  if (role === 'companion') return 'annotation';
  return role === 'resource' && !isCovered(object) ? 'annotation' : undefined;
}

/** By the pause of a Cluster: it names one, and its controller looks there. */
function isCovered(object: KubeObject): boolean {
  // ClusterResourceSets select Clusters and ignore their pause; bindings belong to them and have no actor of their own.
  if (object.kind === 'ClusterResourceSetBinding') return true;
  return clusterNameOf(object) !== undefined || (object.metadata.ownerReferences ?? []).some((owner) => isClusterKind(owner));
}

export function pauseAnnotationOf(object: Pick<KubeObject, 'apiVersion'>): string {
  return groupOf(object.apiVersion) === 'metal3.io' ? HOST_PAUSED_ANNOTATION : PAUSED_ANNOTATION;
}

/** Whether somebody, we or another, has paused it. */
export function isPaused(object: KubeObject): boolean {
  if (isClusterKind(object) && fieldAt(object, 'spec', 'paused') === true) return true;
  return annotationOf(object, pauseAnnotationOf(object)) !== undefined;
}

/** As a merge patch. */
export function pausePatch(object: KubeObject, way: PauseWay): Readonly<Record<string, unknown>> {
  return way === 'field' ? { spec: { paused: true } } : { metadata: { annotations: { [pauseAnnotationOf(object)]: PAUSE_VALUE } } };
}

/** Exactly what was there before: `before` is the value of the field, undefined where it was not set. */
export function unpausePatch(apiVersion: string, way: PauseWay, before: boolean | undefined): Readonly<Record<string, unknown>> {
  return way === 'field'
    ? { spec: { paused: before ?? null } }
    : { metadata: { annotations: { [pauseAnnotationOf({ apiVersion })]: null } } };
}

/** What its controller says about the pause; undefined where it says nothing. */
export function observedPause(object: KubeObject): 'paused' | 'not-yet' | undefined {
  const condition = conditionOf(object, PAUSED_CONDITION);
  if (!condition) return undefined;
  const isCurrent = condition.observedGeneration === undefined || condition.observedGeneration >= (object.metadata.generation ?? 0);
  return condition.status === 'True' && isCurrent ? 'paused' : 'not-yet';
}

interface Going {
  readonly going: readonly Ordered[];
  readonly inventory: Inventory;
}

/** What moves and has an actor that may tell. Classes, templates and identities have none that a pause would stop. */
export function actingObjects({ going, inventory }: Going): readonly KubeObject[] {
  const acting = new Set(['cluster', 'resource', 'companion']);
  return going
    .filter(({ object, verdict }) => verdict === 'moves' && acting.has(inventory.kindOf(object).role))
    .map(({ object }) => object);
}

/** Whether a provider asks not to move something yet. */
export function asksForTime(going: Going): boolean {
  return actingObjects(going).some((object) => annotationOf(object, BLOCK_MOVE_ANNOTATION) !== undefined);
}
