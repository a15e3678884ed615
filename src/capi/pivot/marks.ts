/** Annotations by which the pivot knows its own, on either side; none of them is left when it is over. */
import type { KubeObject } from '../../kube/types.ts';

/** On a copy that is not sealed yet: the run that made it. */
export const RUN_ANNOTATION = 'slipway.dev/pivot-run';
/** On a copy that is not sealed yet: the uid of its original. */
export const SOURCE_UID_ANNOTATION = 'slipway.dev/pivot-source-uid';
/** Tombstone on a Cluster of the source: `NAME UID` of the cluster that takes it over. */
export const TOMBSTONE_ANNOTATION = 'slipway.dev/pivoted-to';

export const MARKS: readonly string[] = [RUN_ANNOTATION, SOURCE_UID_ANNOTATION, TOMBSTONE_ANNOTATION];

/** A controller asks not to move the object yet. Source: clusterctl's contract for providers, "move". */
export const BLOCK_MOVE_ANNOTATION = 'clusterctl.cluster.x-k8s.io/block-move';

export function annotationOf(object: KubeObject, name: string): string | undefined {
  return object.metadata.annotations?.[name];
}
