/**
 * Cluster API clusters as people ask for them: a tree of what there is, and why something is not available. Owns reading and
 * judging; changes nothing. Must not know a project or how a cluster came to be.
 */
import { isPaused } from '../../kube/readiness-cluster-api.ts';
import { readinessOf } from '../../kube/readiness.ts';
import { formatRef, type KubeClient, type KubeObject, refOf } from '../../kube/types.ts';
import { CLUSTER, CORE_GROUP } from '../words.ts';
import { causesOf, knowsFirmly } from './causes.ts';
import type { ClusterCause, ClusterDescription, ClusterRef } from './description.ts';
import { type Evidence, gatherEvidence, noEvidence, probeAdmission } from './evidence.ts';
import { type Family, familyOf, machinesOf } from './family.ts';
import type { Inquiry } from './inquiry.ts';
import { readClusterWorld } from './read.ts';
import { clusterNode, worstOf } from './tree.ts';
import { clusterRefOf, type ClusterWorld } from './world.ts';

export interface DescribeOptions {
  readonly signal: AbortSignal;
  /** Default: all. */
  readonly namespaces?: readonly string[];
  /** Wall clock, for `sinceMs`. */
  readonly nowMs?: number;
}

/** All Clusters of a management cluster, by namespace and name; empty where Cluster API is not served. Reads only. */
export async function describeClusters(client: KubeClient, options: DescribeOptions): Promise<readonly ClusterDescription[]> {
  const { signal, namespaces, nowMs } = options;
  const world = await readClusterWorld(client, { signal, namespaces });
  const families = world.clusters.map((cluster) => familyOf(world, cluster));
  const inquiries = await inquire(client, { world, families, signal });
  return inquiries.map((inquiry) => describeOne(inquiry, nowMs));
}

/** Why a Cluster is not Available, the deepest and truest cause first; empty when it is Available. Reads only; safe to call often. */
export async function explainCluster(client: KubeClient, ref: ClusterRef, signal: AbortSignal): Promise<readonly ClusterCause[]> {
  const world = await readClusterWorld(client, { signal, namespaces: [ref.namespace] });
  const cluster = world.clusters.find(({ metadata }) => metadata.name === ref.name);
  if (!cluster) return [absentCluster(world, ref)];
  const [inquiry] = await inquire(client, { world, families: [familyOf(world, cluster)], signal });
  return inquiry ? describeOne(inquiry, undefined).causes : [];
}

function absentCluster(world: ClusterWorld, { namespace, name }: ClusterRef): ClusterCause {
  const ref = { ...CLUSTER, namespace, name };
  const unreadable = world.unreadable(CORE_GROUP, 'Cluster');
  const said =
    unreadable === undefined
      ? world.serves(CORE_GROUP, 'Cluster')
        ? { reason: 'NotFound', message: 'does not exist' }
        : { reason: 'ProviderMissing', message: 'Cluster API is not installed on this cluster' }
      : { reason: 'Unreadable', message: unreadable };
  return { ref, object: formatRef(ref), ...said };
}

interface Asked {
  readonly world: ClusterWorld;
  readonly families: readonly Family[];
  readonly signal: AbortSignal;
}

/** Evidence is gathered for what is not well; webhooks are tried only where nothing firm was found without. */
async function inquire(client: KubeClient, { world, families, signal }: Asked): Promise<readonly Inquiry[]> {
  const unwell = families.filter((family) => !isWell({ world, evidence: noEvidence, family }));
  const parts = unwell.flatMap(({ infrastructure, controlPlane }) => [infrastructure, controlPlane]);
  const kinds = new Set(parts.flatMap((part) => (part && world.serves(part.ref.group, part.ref.kind)) ?? []));
  const evidence = await gatherEvidence(client, { kinds: [...kinds], clusters: unwell.map(({ cluster }) => cluster), signal });
  const vague = new Set(unwell.filter((family) => isVague({ world, evidence, family })));
  const refusals = await probeAdmission(client, [...vague].flatMap(membersOf), signal);
  return families.map((family) => {
    if (!unwell.includes(family)) return { world, evidence: noEvidence, family };
    return { world, evidence: vague.has(family) ? { ...evidence, refusals: ownRefusals(family, refusals) } : evidence, family };
  });
}

/** What was tried on one object of a kind holds for all of that kind. */
function ownRefusals(family: Family, refusals: Evidence['refusals']): Evidence['refusals'] {
  const members = membersOf(family);
  return refusals.flatMap(({ ref, message }) => {
    const own = members.find(({ apiVersion, kind }) => apiVersion === ref.apiVersion && kind === ref.kind);
    return own ? [{ ref: refOf(own), message }] : [];
  });
}

function isWell(inquiry: Inquiry): boolean {
  return worstOf([clusterNode({ world: inquiry.world, nowMs: undefined }, inquiry.family)]) === 'ready';
}

/** Says that nothing happens, and not why. */
function isVague(inquiry: Inquiry): boolean {
  const [first] = causesOf(inquiry);
  return (
    first === undefined ||
    !knowsFirmly(inquiry) ||
    ['ConnectionDown', 'Unreadable', 'Terminating'].includes(first.reason) ||
    /webhook/.test(first.message)
  );
}

function membersOf(family: Family): readonly KubeObject[] {
  const parts = [
    family.infrastructure,
    family.controlPlane,
    ...machinesOf(family).flatMap((each) => [each.bootstrap, each.infrastructure]),
  ];
  const own = [family.cluster, ...family.workers.map(({ pool }) => pool), ...machinesOf(family).map(({ machine }) => machine)];
  return [...own, ...parts.flatMap((part) => (part?.object ? [part.object] : []))];
}

function describeOne(inquiry: Inquiry, nowMs: number | undefined): ClusterDescription {
  const { world, family } = inquiry;
  const { namespace, name } = clusterRefOf(family.cluster);
  const tree = clusterNode({ world, nowMs }, family);
  const state = worstOf([tree]);
  return {
    namespace,
    name,
    state,
    available: readinessOf(family.cluster).state === 'ready',
    paused: isPaused(family.cluster),
    causes: state === 'ready' ? [] : causesOf(inquiry),
    tree,
  };
}
