/** The parts of pods and Deployments that the local runtime reads. Shapes follow the Kubernetes API (core/v1, apps/v1). */
import type { KubeObject } from '../../kube/types.ts';

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly secretKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean };
    readonly configMapKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean };
    readonly resourceFieldRef?: { readonly resource: string };
  };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
}

export interface Condition {
  readonly type: string;
  readonly status: string;
}

export interface Pod extends KubeObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly serviceAccountName?: string;
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly { readonly containerID?: string; readonly ready?: boolean }[];
  };
}

export interface Deployment extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly template: { readonly spec: Pod['spec'] } };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
}

export const POD = { apiVersion: 'v1', kind: 'Pod' } as const;
export const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' } as const;

/** Items of a list carry neither apiVersion nor kind; both are put back. */
export const asPod = (object: KubeObject): Pod => ({ ...object, ...POD }) as Pod;
export const asDeployment = (object: KubeObject): Deployment => ({ ...object, ...DEPLOYMENT }) as Deployment;

/** What the pod is one replica of, `capi-controller-manager`; its own name when it stands alone. */
export function workloadOf({ metadata }: Pod): string {
  const replicaSet = metadata.ownerReferences?.find(({ kind }) => kind === 'ReplicaSet')?.name;
  const hash = metadata.labels?.['pod-template-hash'];
  return replicaSet !== undefined && hash !== undefined && replicaSet.endsWith(`-${hash}`)
    ? replicaSet.slice(0, -hash.length - 1)
    : metadata.name;
}

export const podKey = (pod: KubeObject): string => `${pod.metadata.namespace ?? 'default'}/${pod.metadata.name}`;

/** The controller saw this version, every replica is of it and available, and no old one is left. */
export function isRolledOut({ metadata, spec, status = {} }: Deployment): boolean {
  const wanted = spec.replicas ?? 1;
  const count = (value: number | undefined): number => value ?? 0;
  return (
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
    count(status.updatedReplicas) === wanted &&
    count(status.replicas) === wanted &&
    count(status.availableReplicas) === wanted
  );
}
