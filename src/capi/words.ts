/**
 * Cluster API as Slipway uses it: its words, its providers on a cluster, what is defined for them, the pivot.
 * This file is only names (sources: sigs.k8s.io/cluster-api/api v1.14, `core/v1beta2`, and the book's contract pages).
 */
import type { GroupKind } from '../kube/types.ts';

export const CORE_GROUP = 'cluster.x-k8s.io';
export const CORE_API = 'cluster.x-k8s.io/v1beta2';
export const BOOTSTRAP_API = 'bootstrap.cluster.x-k8s.io/v1beta2';
export const CONTROL_PLANE_GROUP = 'controlplane.cluster.x-k8s.io';
export const CONTROL_PLANE_API = 'controlplane.cluster.x-k8s.io/v1beta2';
export const INFRASTRUCTURE_GROUP = 'infrastructure.cluster.x-k8s.io';
export const INFRASTRUCTURE_API = 'infrastructure.cluster.x-k8s.io/v1beta2';
/** Kinds of the infrastructure `local`, which is Slipway's own. */
export const LOCAL_GROUP = 'infrastructure.slipway.dev';
export const LOCAL_API = 'infrastructure.slipway.dev/v1alpha1';

/** Namespace of what Slipway itself keeps on a cluster. */
export const SLIPWAY_NAMESPACE = 'slipway-system';

/** On everything that belongs to one Cluster. */
export const CLUSTER_NAME_LABEL = 'cluster.x-k8s.io/cluster-name';
/** On all components of a provider; its value is `ProviderFacts.label`. */
export const PROVIDER_LABEL = 'cluster.x-k8s.io/provider';
/** What clusterctl recognizes as a provider's component. */
export const CLUSTERCTL_LABEL = 'clusterctl.cluster.x-k8s.io';
/** On a CustomResourceDefinition: `v1beta1_v1beta2` names the versions that fulfil the contract of the label's name. */
export const CONTRACT_LABEL = 'cluster.x-k8s.io/v1beta2';
/** An object with it is not reconciled; its value does not matter. */
export const PAUSED_ANNOTATION = 'cluster.x-k8s.io/paused';
/** Type of Secrets that Cluster API reads and writes. */
export const CLUSTER_SECRET_TYPE = 'cluster.x-k8s.io/secret';
/** Condition that says whether, and since which generation, a controller leaves an object alone. */
export const PAUSED_CONDITION = 'Paused';

export const CLUSTER: GroupKind = { apiVersion: CORE_API, kind: 'Cluster' };
export const CLUSTER_CLASS: GroupKind = { apiVersion: CORE_API, kind: 'ClusterClass' };
export const MACHINE: GroupKind = { apiVersion: CORE_API, kind: 'Machine' };
export const MACHINE_DEPLOYMENT: GroupKind = { apiVersion: CORE_API, kind: 'MachineDeployment' };
export const MACHINE_SET: GroupKind = { apiVersion: CORE_API, kind: 'MachineSet' };
export const MACHINE_HEALTH_CHECK: GroupKind = { apiVersion: CORE_API, kind: 'MachineHealthCheck' };
export const KUBEADM_CONTROL_PLANE: GroupKind = { apiVersion: CONTROL_PLANE_API, kind: 'KubeadmControlPlane' };
export const LOCAL_CLUSTER: GroupKind = { apiVersion: LOCAL_API, kind: 'LocalCluster' };
export const LOCAL_CONTROL_PLANE: GroupKind = { apiVersion: LOCAL_API, kind: 'LocalControlPlane' };

/** Name of the Secret with a cluster's kubeconfig under the key `value`, in the namespace of its Cluster. */
export const kubeconfigSecretName = (cluster: string): string => `${cluster}-kubeconfig`;
