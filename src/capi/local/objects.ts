/** Cluster, LocalCluster and LocalControlPlane as the reconciler reads them. Pure; shapes are vouched for by the definitions. */
import { type KubeObject, type ObjectRef, refOf } from '../../kube/types.ts';
import { TOMBSTONE_ANNOTATION } from '../pivot/marks.ts';
import { CLUSTER, CORE_GROUP, LOCAL_CLUSTER, LOCAL_GROUP, PAUSED_ANNOTATION } from '../words.ts';

/** Keeps a LocalControlPlane until its processes are gone. */
export const CONTROL_PLANE_FINALIZER = 'infrastructure.slipway.dev/local-control-plane';

/** How often its control plane had been adopted when this object, or the one it is a copy of, adopted it. */
export const ADOPTIONS_ANNOTATION = 'infrastructure.slipway.dev/adoptions';

export interface Endpoint {
  readonly host?: string;
  readonly port?: number;
}

interface ContractRef {
  readonly apiGroup?: string;
  readonly kind?: string;
  readonly name?: string;
}

export interface ClusterObject extends KubeObject {
  readonly spec?: { readonly paused?: boolean; readonly infrastructureRef?: ContractRef; readonly controlPlaneEndpoint?: Endpoint };
}

export interface LocalClusterObject extends KubeObject {
  readonly spec?: { readonly controlPlaneEndpoint?: Endpoint };
}

export interface LocalControlPlaneObject extends KubeObject {
  readonly spec: { readonly version: string; readonly clusterID?: string };
}

export const asCluster = (object: KubeObject): ClusterObject => object as ClusterObject;
export const asLocalCluster = (object: KubeObject): LocalClusterObject => object as LocalClusterObject;
export const asLocalControlPlane = (object: KubeObject): LocalControlPlaneObject => object as LocalControlPlaneObject;

/** `namespace/name`. */
export const objectKey = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

export const isDeleting = ({ metadata }: KubeObject): boolean => metadata.deletionTimestamp !== undefined;

/** The Cluster that the core controllers made the owner; undefined before they did. */
export function ownerClusterRef({ metadata }: KubeObject): (ObjectRef & { readonly uid: string }) | undefined {
  const owner = (metadata.ownerReferences ?? []).find(
    ({ apiVersion, kind }) => kind === CLUSTER.kind && apiVersion.startsWith(`${CORE_GROUP}/`),
  );
  return owner && { ...CLUSTER, name: owner.name, namespace: metadata.namespace ?? '', uid: owner.uid };
}

/** Where the Cluster's LocalCluster is; undefined when its infrastructure is another one. */
export function localClusterRef({ metadata, spec }: ClusterObject): ObjectRef | undefined {
  const { apiGroup, kind, name } = spec?.infrastructureRef ?? {};
  if (apiGroup !== LOCAL_GROUP || kind !== LOCAL_CLUSTER.kind || name === undefined) return undefined;
  return { ...LOCAL_CLUSTER, name, namespace: metadata.namespace ?? '' };
}

/** Why the object is to be left alone, in the words of Cluster API; undefined: it is not. */
export function pausedBecause(cluster: ClusterObject | undefined, object: KubeObject): string | undefined {
  const reasons = [
    ...(cluster?.spec?.paused === true ? ['Cluster spec.paused is set to true'] : []),
    ...(cluster?.metadata.annotations?.[TOMBSTONE_ANNOTATION] === undefined ? [] : ['Cluster was moved to another management cluster']),
    ...(object.metadata.annotations?.[PAUSED_ANNOTATION] === undefined ? [] : [`${object.kind} has the ${PAUSED_ANNOTATION} annotation`]),
  ];
  return reasons.length === 0 ? undefined : reasons.join(', ');
}

export const hasFinalizer = ({ metadata }: KubeObject): boolean => metadata.finalizers?.includes(CONTROL_PLANE_FINALIZER) === true;

export const refWithUid = (object: KubeObject): ObjectRef & { readonly uid: string } => ({
  ...refOf(object),
  uid: object.metadata.uid ?? '',
});

export function adoptionsOf({ metadata }: KubeObject): number {
  const count = Number(metadata.annotations?.[ADOPTIONS_ANNOTATION] ?? '0');
  return Number.isSafeInteger(count) && count > 0 ? count : 0;
}
