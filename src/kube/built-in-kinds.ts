/** Kinds that every Kubernetes ≥ 1.27 serves, so that the usual objects need no discovery. Source: the OpenAPI of 1.36, GA versions only. */
import type { KubeResource } from './types.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** `Kind` or `Kind:plural` where the plural is irregular; a leading `*` marks kinds outside namespaces. */
const TABLE: Readonly<Record<string, string>> = {
  v1: '*Namespace *Node *PersistentVolume ConfigMap Endpoints:endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount',
  'apps/v1': 'ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet',
  'batch/v1': 'CronJob Job',
  'autoscaling/v2': 'HorizontalPodAutoscaler',
  'policy/v1': 'PodDisruptionBudget',
  'networking.k8s.io/v1': '*IngressClass:ingressclasses Ingress:ingresses NetworkPolicy:networkpolicies',
  'rbac.authorization.k8s.io/v1': '*ClusterRole *ClusterRoleBinding Role RoleBinding',
  'storage.k8s.io/v1': '*CSIDriver *StorageClass:storageclasses *VolumeAttachment',
  'scheduling.k8s.io/v1': '*PriorityClass:priorityclasses',
  'coordination.k8s.io/v1': 'Lease',
  'discovery.k8s.io/v1': 'EndpointSlice',
  'apiextensions.k8s.io/v1': '*CustomResourceDefinition',
  'apiregistration.k8s.io/v1': '*APIService',
  'admissionregistration.k8s.io/v1': '*MutatingWebhookConfiguration *ValidatingWebhookConfiguration',
};

export const builtInKinds: readonly KubeResource[] = Object.entries(TABLE).flatMap(([apiVersion, kinds]) =>
  kinds.split(' ').map((entry) => {
    const [kind = '', plural] = entry.replace('*', '').split(':');
    return { apiVersion, kind, resource: plural ?? `${kind.toLowerCase()}s`, namespaced: !entry.startsWith('*'), verbs: VERBS };
  }),
);
