/** One bootstrap and control plane provider: what it calls its kinds and how it wants its fields. */
import type { KubeObject } from '../../../kube/types.ts';
import type { Fields, MachineGroup, NodeDemands, Rendering, TypedRef } from '../rendering.ts';

interface ControlPlaneParts {
  readonly node: NodeDemands;
  readonly machineTemplate: TypedRef;
}

export interface BootstrapRenderer {
  readonly controlPlane: { readonly apiVersion: string; readonly kind: string };
  readonly configTemplate: { readonly apiVersion: string; readonly kind: string };
  readonly controlPlaneSpec: (rendering: Rendering, parts: ControlPlaneParts) => Fields;
  /** Spec of the control plane in a ClusterClass: without replicas, version and machines. */
  readonly classSpec: (rendering: Rendering, node: NodeDemands) => Fields;
  /** What a worker is told; the spec inside the template. */
  readonly workerConfig: (group: MachineGroup, rendering: Rendering, node: NodeDemands) => Fields;
  /** Objects that the others refer to. */
  readonly companions: (rendering: Rendering) => readonly KubeObject[];
}
