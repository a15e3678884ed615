/** Objects of Cluster API's core: Cluster, MachineDeployment, MachineHealthCheck; v1beta2. Pure. */
import type { ResolvedHealthCheck, ResolvedMachines, ResolvedWorkerPool } from '../../config/resolved-capi.ts';
import type { KubeObject } from '../../kube/types.ts';
import { CLUSTER, CLUSTER_NAME_LABEL, MACHINE_DEPLOYMENT, MACHINE_HEALTH_CHECK } from '../words.ts';
import { machineLabels } from './bootstraps/node-labels.ts';
import { compact, contractRef, type Fields, groupName, type MachineGroup, metadata, type Rendering, type TypedRef } from './rendering.ts';

const DEPLOYMENT_LABEL = 'cluster.x-k8s.io/deployment-name';
const CONTROL_PLANE_LABEL = 'cluster.x-k8s.io/control-plane';

export function clusterObject(rendering: Rendering, spec: Fields): KubeObject {
  const { name } = rendering.cluster;
  return { ...CLUSTER, metadata: metadata(rendering, name), spec: { ...clusterNetwork(rendering), ...spec } };
}

/** Clusters of processes have fixed addresses. */
function clusterNetwork({ cluster: { capi } }: Rendering): Fields {
  if (capi.infrastructure === 'local') return {};
  const { podCidr, serviceCidr, serviceDomain } = capi.network;
  return { clusterNetwork: { pods: { cidrBlocks: [podCidr] }, services: { cidrBlocks: [serviceCidr] }, serviceDomain } };
}

interface WorkerTemplates {
  readonly config: TypedRef;
  readonly machine: TypedRef;
}

export function machineDeployment(rendering: Rendering, pool: ResolvedWorkerPool, templates: WorkerTemplates): KubeObject {
  const { name: clusterName, capi } = rendering.cluster;
  const name = groupName(rendering.cluster, { role: 'worker', machines: pool });
  const matchLabels = { [CLUSTER_NAME_LABEL]: clusterName, [DEPLOYMENT_LABEL]: name };
  const machine = compact({
    clusterName,
    version: capi.kubernetesVersion,
    bootstrap: { configRef: contractRef(templates.config) },
    infrastructureRef: contractRef(templates.machine),
    failureDomain: pool.failureDomain,
  });
  return {
    ...MACHINE_DEPLOYMENT,
    metadata: metadata(rendering, name),
    spec: {
      clusterName,
      replicas: pool.replicas,
      selector: { matchLabels },
      template: { metadata: { labels: { ...machineLabels(pool.labels), ...matchLabels } }, spec: machine },
    },
  };
}

/** Undefined when unhealthy machines are left alone. */
export function machineHealthCheck(rendering: Rendering, group: MachineGroup): KubeObject | undefined {
  const { machines, role } = group;
  if (!machines.healthCheck) return undefined;
  const clusterName = rendering.cluster.name;
  const name = groupName(rendering.cluster, group);
  const groupLabel = role === 'worker' ? { [DEPLOYMENT_LABEL]: name } : { [CONTROL_PLANE_LABEL]: '' };
  return {
    ...MACHINE_HEALTH_CHECK,
    metadata: metadata(rendering, name),
    spec: {
      clusterName,
      selector: { matchLabels: { [CLUSTER_NAME_LABEL]: clusterName, ...groupLabel } },
      ...healthChecks(machines, machines.healthCheck),
    },
  };
}

/** `checks` and `remediation`, in a MachineHealthCheck as in a topology. */
export function healthChecks({ replicas }: ResolvedMachines, check: ResolvedHealthCheck): Fields {
  const { timeoutSeconds, nodeStartupTimeoutSeconds, unhealthyLimit } = check;
  const unhealthyNodeConditions = ['Unknown', 'False'].map((status) => ({ type: 'Ready', status, timeoutSeconds }));
  return {
    checks: { nodeStartupTimeoutSeconds, unhealthyNodeConditions },
    remediation: { triggerIf: { unhealthyLessThanOrEqualTo: limitFor(replicas, unhealthyLimit) } },
  };
}

/** Cluster API rounds down, so that 40% of two machines would mean that none is ever replaced; one always may be, except with 0%. */
function limitFor(replicas: number, limit: string): string | number {
  const share = Number(limit.replace('%', '')) / 100;
  return share > 0 && Math.floor(share * replicas) < 1 ? 1 : limit;
}
