/** The step that makes the cluster itself: modules/aws-eks, given what the document says and what its network gives. */
import { requireInstanceTypes } from '../../aws/instance-offers.ts';
import { moduleStep, type ModuleVariables } from '../../cloud/cloud.ts';
import { markTags } from '../../cloud/marks.ts';
import { resolveValue, type Value } from '../../config/references.ts';
import type { EksCluster } from '../../config/resolved.ts';
import type { ValueList } from '../../config/resolved-eks.ts';
import type { Json } from '../../core/digest.ts';
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import type { Outputs, Step, StepContext } from '../../engine/step.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { announceCluster } from './announce.ts';
import { eksStepIds } from './ids.ts';
import { clusterVariables, type ClusterPlace } from './inputs.ts';
import { readEksOutputs } from './outputs.ts';
import { warnOfRemovedPools } from './removed-pools.ts';

export const DESTROY_CLUSTER = 'eks/destroy';

export function clusterModuleStep(cluster: EksCluster, context: ProvisionerContext): Step {
  const { name, subject, eks } = cluster;
  return moduleStep(context, {
    id: eksStepIds(name).module,
    title: `make the EKS cluster ${name}`,
    ...{ subject, place: eks },
    needs: [],
    module: 'aws-eks',
    handler: DESTROY_CLUSTER,
    destroys: name,
    precious: ['aws_eks_cluster', 'aws_eks_node_group', 'aws_kms_key'],
    variables: (step) => variablesOf(cluster, context, step),
    outputs: eksRecord,
  });
}

async function variablesOf(cluster: EksCluster, context: ProvisionerContext, step: StepContext): Promise<ModuleVariables> {
  const { eks, at, subject } = cluster;
  requireReachableVersion(cluster, step);
  const types = eks.nodePools.flatMap(({ instanceTypes }) => instanceTypes);
  await requireInstanceTypes(context, { types, place: eks, at, subject }, step.signal);
  await warnOfRemovedPools(cluster, context, step);
  const place = await placeOf(cluster, context).catch((error: unknown) => {
    if (isSlipwayError(error) && error.code === 'SLW-CFG-042') return undefined;
    throw error;
  });
  if (place) return { variables: clusterVariables(eks, place) };
  const giver = cluster.needs.find((need) => need.startsWith('Network/')) ?? 'another document';
  return { unknown: `the outputs of ${giver}`, announces: announceCluster(eks) };
}

/** @throws SLW-CFG-042 while a network of the project is still to be made */
async function placeOf({ eks, name, subject }: EksCluster, context: ProvisionerContext): Promise<ClusterPlace> {
  const { vpcId, subnetIds } = eks.network;
  const pools = eks.nodePools.flatMap((pool) => (pool.subnetIds ? [[pool.name, pool.subnetIds] as const] : []));
  return {
    name,
    vpcId: await textOf(vpcId, context),
    subnetIds: await listOf(subnetIds, context),
    poolSubnetIds: Object.fromEntries(await Promise.all(pools.map(async ([pool, ids]) => [pool, await listOf(ids, context)] as const))),
    tags: { ...eks.tags, ...markTags({ project: context.project, subject, stateId: context.stateId }) },
  };
}

const textOf = (value: Value, { host, redactor, outputs }: ProvisionerContext): Promise<string> =>
  resolveValue(host, value, { redactor, outputs });

/** One reference may give them all, separated by commas or white space. */
async function listOf(list: ValueList, context: ProvisionerContext): Promise<readonly string[]> {
  const values = Array.isArray(list) ? (list as readonly Value[]) : [list as Value];
  const texts = await Promise.all(values.map((value) => textOf(value, context)));
  return texts.flatMap((text) => text.split(/[\s,]+/)).filter((text) => text !== '');
}

/** Under the names that `{output: Cluster/NAME.…}` uses, and what later steps need. */
function eksRecord(raw: Readonly<Record<string, Json>>): Outputs {
  const { name: clusterName, nodePools, ...rest } = readEksOutputs(raw);
  const defined = Object.entries(rest).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return { ...Object.fromEntries(defined), clusterName, nodePools: JSON.parse(JSON.stringify(nodePools)) as Json };
}

/** EKS goes up by one minor version and never down. @throws SLW-EKS-007 */
export function requireReachableVersion(
  { eks, subject, at }: Pick<EksCluster, 'subject' | 'at'> & { readonly eks: Pick<EksCluster['eks'], 'version'> },
  { record }: Pick<StepContext, 'record'>,
): void {
  const known = record?.outputs['version'];
  const [now, wanted] = [minorOf(known), minorOf(eks.version)];
  if (now === undefined || wanted === undefined || wanted === now || wanted === now + 1) return;
  const why = wanted < now ? 'and EKS never goes back' : `and EKS goes up by one minor version at a time: first to 1.${now + 1}`;
  throw new SlipwayError('SLW-EKS-007', `${subject} runs Kubernetes ${String(known)}, not ${eks.version}, ${why}`, { at, object: subject });
}

const minorOf = (version: unknown): number | undefined => {
  const [, minor] = /^1\.(\d+)/.exec(String(version)) ?? [];
  return minor === undefined ? undefined : Number(minor);
};
