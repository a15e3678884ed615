/**
 * Before a pool of nodes goes: which pods on it have nowhere to go. Said as warnings of the plan, when the cluster can be asked; a cluster that
 * cannot be asked is no reason not to plan.
 */
import type { EksCluster } from '../../config/resolved.ts';
import type { ResolvedNodePool } from '../../config/resolved-eks.ts';
import { isSlipwayError } from '../../core/errors.ts';
import type { StepContext } from '../../engine/step.ts';
import { textAt, valueAt } from '../../kube/readiness-state.ts';
import type { KubeClient, KubeObject } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { connectCluster, madeCluster } from './reach-step.ts';

/** Label of every node of a managed node group: https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html */
const NODE_GROUP = 'eks.amazonaws.com/nodegroup';
const SHOWN = 5;

interface KnownPool {
  readonly nodeGroupName?: string;
}

/** Reports one warning for each pool that the record knows and the project does not have any more. */
export async function warnOfRemovedPools(cluster: EksCluster, context: ProvisionerContext, step: StepContext): Promise<void> {
  const known = (step.record?.outputs['nodePools'] ?? {}) as Readonly<Record<string, KnownPool>>;
  const wanted = new Set(cluster.eks.nodePools.map(({ name }) => name));
  const removed = Object.entries(known).filter(([name]) => !wanted.has(name));
  const made = madeCluster(step.record?.outputs, cluster.eks);
  if (removed.length === 0 || !made) return;
  try {
    const { client } = await connectCluster(cluster, context, { made, step, waitMs: 0 });
    for (const [name, pool] of removed)
      await warnOfPool(client, { name, group: pool.nodeGroupName ?? name, pools: cluster.eks.nodePools }, step);
  } catch (error) {
    step.signal.throwIfAborted();
    if (!isSlipwayError(error)) throw error;
    const message = `whether the pods of ${removed.map(([name]) => name).join(', ')} can move is not known: ${error.message}`;
    step.report({ type: 'finding', level: 'warning', code: error.code, message });
  }
}

interface Going {
  readonly name: string;
  readonly group: string;
  /** Those that stay. */
  readonly pools: readonly ResolvedNodePool[];
}

async function warnOfPool(client: KubeClient, going: Going, { signal, report }: StepContext): Promise<void> {
  const nodes = await client.list({ apiVersion: 'v1', kind: 'Node' }, { labelSelector: `${NODE_GROUP}=${going.group}`, signal });
  const names = new Set(nodes.items.map(({ metadata }) => metadata.name));
  if (names.size === 0) return;
  const [pods, budgets] = await Promise.all([
    client.list({ apiVersion: 'v1', kind: 'Pod' }, { signal }),
    client.list({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' }, { signal }),
  ]);
  const own = pods.items.filter((pod) => names.has(textAt(pod, 'spec', 'nodeName') ?? '') && !isOfNode(pod));
  const stuck = own.flatMap((pod) => {
    const why = stuckBecause(pod, going.pools, budgets.items);
    return why === undefined ? [] : [`${pod.metadata.namespace ?? ''}/${pod.metadata.name} (${why})`];
  });
  if (stuck.length === 0) return;
  const rest = stuck.length > SHOWN ? ` and ${stuck.length - SHOWN} more` : '';
  const message = `pool ${going.name} goes with ${names.size} nodes and ${own.length} pods; these cannot move: ${stuck.slice(0, SHOWN).join(', ')}${rest}`;
  report({ type: 'finding', level: 'warning', message });
}

/** Pods of a DaemonSet and of the kubelet itself go with their node. */
function isOfNode({ metadata }: KubeObject): boolean {
  return (metadata.ownerReferences ?? []).some(({ kind }) => kind === 'DaemonSet' || kind === 'Node');
}

/** Pure; undefined when nothing is known to hold the pod. */
export function stuckBecause(
  pod: KubeObject,
  pools: readonly Pick<ResolvedNodePool, 'labels'>[],
  budgets: readonly KubeObject[],
): string | undefined {
  if (!(pod.metadata.ownerReferences ?? []).some(({ controller }) => controller === true)) return 'no controller makes it anew';
  const budget = budgets.find((one) => selects(one, pod) && valueAt(one, 'status', 'disruptionsAllowed') === 0);
  if (budget) return `PodDisruptionBudget ${budget.metadata.name} lets none go`;
  const selector = Object.entries((valueAt(pod, 'spec', 'nodeSelector') ?? {}) as Readonly<Record<string, string>>).filter(
    ([key]) => !/^(?:[\w.-]+\.)?kubernetes\.io\//.test(key),
  );
  const fits = pools.some(({ labels }) => selector.every(([key, value]) => labels[key] === value));
  return selector.length > 0 && !fits
    ? `it asks for nodes with ${selector.map(([key, value]) => `${key}=${value}`).join(', ')}, and no other pool has them`
    : undefined;
}

function selects(budget: KubeObject, pod: KubeObject): boolean {
  if (budget.metadata.namespace !== pod.metadata.namespace) return false;
  const wanted = Object.entries((valueAt(budget, 'spec', 'selector', 'matchLabels') ?? {}) as Readonly<Record<string, string>>);
  return wanted.length > 0 && wanted.every(([key, value]) => pod.metadata.labels?.[key] === value);
}
