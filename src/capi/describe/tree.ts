/** One Cluster as a tree: infrastructure, control plane with its machines, workers, health checks; equal machines grouped. Pure. */
import type { StatusNode } from '../../core/status-node.ts';
import { contractConditions, isPaused } from '../../kube/readiness-cluster-api.ts';
import { textAt, valueAt } from '../../kube/readiness-state.ts';
import { type Readiness, readinessOf } from '../../kube/readiness.ts';
import type { KubeObject } from '../../kube/types.ts';
import { leadingCondition, oneLine } from './conditions.ts';
import type { Family, MachineParts, Part, WorkerPool } from './family.ts';
import type { ClusterWorld } from './world.ts';

export interface TreeContext {
  readonly world: ClusterWorld;
  /** Wall clock; without it nothing has an age. */
  readonly nowMs: number | undefined;
}

export function clusterNode(context: TreeContext, family: Family): StatusNode {
  const { cluster } = family;
  const children = [
    ...presentOnly(family, partNode(context, 'ClusterInfrastructure', family.infrastructure)),
    ...presentOnly(family, controlPlaneNode(context, family)),
    ...workersNode(context, family),
    ...family.healthChecks.map((check) => objectNode(context, check)),
  ];
  const phase = textAt(cluster, 'status', 'phase');
  const version = versionOf(family.controlPlane?.object) ?? textAt(cluster, 'spec', 'topology', 'version');
  return objectNode(context, cluster, {
    facts: { ...(version !== undefined && { version }), ...(phase !== undefined && { phase }) },
    children,
  });
}

/** What a Cluster that is being deleted has lost already is not missing. */
function presentOnly({ cluster }: Family, nodes: readonly StatusNode[]): readonly StatusNode[] {
  return cluster.metadata.deletionTimestamp === undefined ? nodes : nodes.filter(({ reason }) => reason !== 'NotFound');
}

function partNode(context: TreeContext, kind: string, part: Part | undefined): readonly StatusNode[] {
  if (!part) return [];
  const { ref, object } = part;
  const own = `${ref.kind}/${ref.name}`;
  if (object) return [{ ...objectNode(context, object), kind, name: own }];
  const served = context.world.serves(ref.group, ref.kind) !== undefined;
  const why = served
    ? { reason: 'NotFound', message: 'does not exist' }
    : { reason: 'ProviderMissing', message: `no provider serves ${ref.kind}` };
  return [{ kind, name: own, state: 'failed', ...why, children: [] }];
}

function controlPlaneNode(context: TreeContext, family: Family): readonly StatusNode[] {
  const children = groupEqual(family.controlPlaneMachines.map((parts) => machineNode(context, parts)));
  const [node] = partNode(context, 'ControlPlane', family.controlPlane);
  if (node) return [{ ...node, facts: replicaFacts(family.controlPlane?.object), children }];
  return children.length === 0 ? [] : [parentNode('ControlPlane', 'machines', children)];
}

function workersNode(context: TreeContext, { workers, loose }: Family): readonly StatusNode[] {
  const children = [...workers.map((pool) => poolNode(context, pool)), ...groupEqual(loose.map((parts) => machineNode(context, parts)))];
  return children.length === 0 ? [] : [parentNode('Workers', `${workers.length} ${workers.length === 1 ? 'pool' : 'pools'}`, children)];
}

/** Sets are shown only while there is more than one: a roll-out. */
function poolNode(context: TreeContext, { pool, sets, machines, infrastructure }: WorkerPool): StatusNode {
  const nodes = machines.map((parts) => machineNode(context, parts));
  const children =
    sets.length < 2
      ? groupEqual(nodes)
      : sets.map((set) => {
          const own = nodes.filter((_node, index) => isOwned(machines[index]?.machine, set));
          return objectNode(context, set, { facts: replicaFacts(set), children: groupEqual(own) });
        });
  return objectNode(context, pool, {
    facts: replicaFacts(pool),
    children: [...partNode(context, 'Infrastructure', infrastructure), ...children],
  });
}

const isOwned = (machine: KubeObject | undefined, set: KubeObject): boolean =>
  machine?.metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid) ?? false;

/** What makes the machine is shown only where it is the machine's trouble. */
function machineNode(context: TreeContext, { machine, bootstrap, infrastructure }: MachineParts): StatusNode {
  const node = objectNode(context, machine, { facts: versionFacts(machine) });
  if (node.state === 'ready') return node;
  const children = [...partNode(context, 'Bootstrap', bootstrap), ...partNode(context, 'Infrastructure', infrastructure)];
  return { ...node, children: children.filter(({ state }) => state !== 'ready') };
}

interface NodeParts {
  readonly facts?: Readonly<Record<string, string>>;
  readonly children?: readonly StatusNode[];
}

function objectNode({ nowMs }: TreeContext, object: KubeObject, { facts = {}, children = [] }: NodeParts = {}): StatusNode {
  const readiness = readinessOf(object);
  const state = stateOf(object, readiness);
  const why = state === 'ready' ? undefined : wordsFor(object, readiness);
  return {
    ...{ kind: object.kind, name: object.metadata.name, state },
    ...(why && { reason: why.reason, message: why.message, ...ageOf(why, nowMs) }),
    ...(Object.keys(facts).length > 0 && { facts }),
    children,
  };
}

/** Clocks differ: nothing is younger than now. */
function ageOf({ since }: Words, nowMs: number | undefined): { readonly sinceMs?: number } {
  const sinceMs = nowMs === undefined || since === undefined ? Number.NaN : nowMs - Date.parse(since);
  return Number.isFinite(sinceMs) ? { sinceMs: Math.max(0, sinceMs) } : {};
}

function stateOf(object: KubeObject, readiness: Readiness): StatusNode['state'] {
  return isPaused(object) && object.metadata.deletionTimestamp === undefined ? 'suspended' : readiness.state;
}

interface Words {
  readonly reason: string;
  readonly message: string;
  readonly since: string | undefined;
}

function wordsFor(object: KubeObject, { reason, message }: Readiness): Words {
  if (isPaused(object)) return { reason: 'Paused', message: '', since: contractConditions(object).get('Paused')?.lastTransitionTime };
  const { deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== undefined) return { reason, message, since: deletionTimestamp };
  const condition = leadingCondition(object);
  if (!condition) return { reason, message, since: object.metadata.creationTimestamp };
  return {
    reason: condition.reason || condition.type,
    message: oneLine(condition.message || message),
    since: condition.lastTransitionTime,
  };
}

function versionOf(object: KubeObject | undefined): string | undefined {
  return textAt(object, 'status', 'version') ?? textAt(object, 'spec', 'version') ?? textAt(object, 'spec', 'template', 'spec', 'version');
}

function versionFacts(object: KubeObject | undefined): Readonly<Record<string, string>> {
  const version = versionOf(object);
  return version === undefined ? {} : { version };
}

function replicaFacts(object: KubeObject | undefined): Readonly<Record<string, string>> {
  const want = valueAt(object, 'spec', 'replicas');
  const have = valueAt(object, 'status', 'readyReplicas') ?? 0;
  return { ...versionFacts(object), ...(typeof want === 'number' && { ready: `${Number(have)}/${want}` }) };
}

function parentNode(kind: string, name: string, children: readonly StatusNode[]): StatusNode {
  return { kind, name, state: worstOf(children), children };
}

const BADNESS: readonly StatusNode['state'][] = ['ready', 'suspended', 'progressing', 'unknown', 'stopped', 'failed'];

export function worstOf(nodes: readonly StatusNode[]): StatusNode['state'] {
  const rank = (node: StatusNode): number => Math.max(BADNESS.indexOf(node.state), ...node.children.map(rank));
  return BADNESS[Math.max(0, ...nodes.map(rank))] ?? 'unknown';
}

/** Machines of which the same is to be said stand together, in the place of the first. */
export function groupEqual(nodes: readonly StatusNode[]): readonly StatusNode[] {
  const groups = Map.groupBy(nodes, ({ kind, state, reason, facts, children }) =>
    JSON.stringify([kind, state, reason, facts, children.map((child) => [child.kind, child.state, child.reason])]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first || group.length < 3) return group;
    const sinceMs = group.reduce((longest, node) => Math.max(longest, node.sinceMs ?? 0), 0);
    const names = `${first.name}, ${group[1]?.name ?? ''}, … ${group.length} in all`;
    return [
      {
        ...first,
        kind: `${first.kind}s`,
        name: names,
        ...(first.sinceMs !== undefined && { sinceMs }),
        facts: { ...first.facts, count: String(group.length) },
      },
    ];
  });
}
