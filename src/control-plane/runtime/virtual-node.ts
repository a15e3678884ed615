/** The Nodes of a local cluster: one that known controllers are bound to, and, when asked for, one whose pods are simulated. No kubelet. */
import type { KubeClient, KubeObject } from '../../kube/types.ts';

export const NODE_NAME = 'slipway-local';
export const SIMULATED_NODE = 'slipway-simulated';
/** On every simulated pod and on their Node. */
export const SIMULATED_MARK = 'slipway.dev/simulated';
export const RUNTIME_LABEL = 'slipway.dev/runtime';
const NODE = { apiVersion: 'v1', kind: 'Node' } as const;

/** Taint and `unschedulable` keep DaemonSets and schedulers away; conditions say Ready, for those who count. */
export function virtualNode(arch: string, os: string): KubeObject {
  return {
    ...NODE,
    metadata: {
      name: NODE_NAME,
      labels: {
        [RUNTIME_LABEL]: 'local',
        'kubernetes.io/hostname': NODE_NAME,
        'kubernetes.io/os': os,
        'kubernetes.io/arch': arch,
        'node.kubernetes.io/exclude-from-external-load-balancers': 'true',
      },
      annotations: { 'slipway.dev/about': 'processes on this host stand in for containers; there is no kubelet' },
    },
    spec: { unschedulable: true, taints: [{ key: RUNTIME_LABEL, value: 'local', effect: 'NoSchedule' }] },
  };
}

/** KWOK finds it by its label and says Ready. */
export function simulatedNode(): KubeObject {
  return {
    ...NODE,
    metadata: {
      name: SIMULATED_NODE,
      labels: { [RUNTIME_LABEL]: 'simulated', 'kubernetes.io/hostname': SIMULATED_NODE },
      annotations: { [SIMULATED_MARK]: 'true', 'slipway.dev/about': 'pods on this node are simulated; nothing runs' },
    },
  };
}

/** Creates it when it is missing and says Ready once; true when it acted. */
export async function ensureVirtualNode(
  client: KubeClient,
  { arch, os, now }: { arch: string; os: string; now: string },
  signal: AbortSignal,
): Promise<boolean> {
  const ref = { ...NODE, name: NODE_NAME };
  const node = (await client.get(ref, signal)) ?? (await client.apply(virtualNode(arch, os), { signal, force: true }));
  const status = node['status'] as { conditions?: readonly { type: string; status: string }[] } | undefined;
  if (status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True')) return false;
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'LocalRuntime',
    message: 'known controllers run as processes',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  await client.mergePatch(
    ref,
    { status: { conditions: [condition], nodeInfo: { operatingSystem: os, architecture: arch } } },
    { subresource: 'status', signal },
  );
  return true;
}
