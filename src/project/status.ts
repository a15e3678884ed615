/** `slipway status`: the tree of a project with causes, deepest first. Reads only; asks every cluster at the same time. */
import { isAbort, toErrorRecords } from '../core/errors.ts';
import type { StatusNode } from '../core/status-node.ts';
import { requireSubjects } from '../engine/selection.ts';
import type { KubeClient } from '../kube/types.ts';
import type { ProcessView } from '../provisioners/provisioner.ts';
import { causesOfDescription, descriptionOf, foreignNodes, type Managed, readManaged } from './cluster-api-status.ts';
import { type KnownCluster, knownClusters } from './clusters.ts';
import { gitopsStatus } from './gitops-status.ts';
import { lookAtNetworks } from './network-status.ts';
import { knownNetworks } from './networks.ts';
import type { OperationOptions, ProjectStatus } from './operations.ts';
import { findProjectOrState, type Workspace, withReadable } from './workspace.ts';

const CORE = new Set(['etcd', 'kube-apiserver']);
/** Bound of one look at one cluster: a status that hangs is worse than one that says `unreachable`. */
const LOOK_MS = 10_000;

export async function projectStatus(options: OperationOptions): Promise<ProjectStatus> {
  const place = await findProjectOrState(options);
  return withReadable(place, options, (workspace) => readStatus(workspace, options));
}

interface Look {
  readonly known: KnownCluster;
  readonly node: StatusNode;
  readonly causes: ProjectStatus['causes'];
  /** Clusters that it manages by Cluster API, it and its companions. */
  readonly managed: readonly Managed[];
}

async function readStatus(workspace: Workspace, options: OperationOptions): Promise<ProjectStatus> {
  const { networks: chosenNetworks, clusters } = selected(workspace, options.only);
  const [networks, looks] = await Promise.all([
    lookAtNetworks(chosenNetworks, workspace, options),
    Promise.all(clusters.map((cluster) => lookAt(cluster, workspace, options))),
  ]);
  const all = looks.flatMap(({ managed }) => managed);
  const whole = looks.map((look) => withDescription(look, all));
  const state = worst([...networks, ...whole].map(({ node }) => node));
  const own = workspace.place.loaded?.clusters ?? [];
  // What others run on the same management cluster is shown, and is no trouble of this project.
  const children = whole.map(({ node, managed }) => ({
    ...node,
    children: [...node.children, ...managed.flatMap((one) => foreignNodes(one, own))],
  }));
  return {
    project: workspace.place.name,
    state,
    causes: [...networks, ...whole].flatMap(({ causes }) => causes),
    tree: { kind: 'Project', name: workspace.place.name, state, children: [...networks.map(({ node }) => node), ...children] },
  };
}

/** What `--only` names; all without it. */
function selected(workspace: Workspace, only: readonly string[]) {
  const networks = knownNetworks(workspace);
  const clusters = knownClusters(workspace);
  const isChosen = (subject: string): boolean => only.length === 0 || only.includes(subject);
  requireSubjects(
    only,
    new Set([...networks.map(({ view }) => `Network/${view.name}`), ...clusters.map(({ view }) => `Cluster/${view.name}`)]),
  );
  return {
    networks: networks.filter(({ view }) => isChosen(`Network/${view.name}`)),
    clusters: clusters.filter(({ view }) => isChosen(`Cluster/${view.name}`)),
  };
}

/** The cluster's node with what Cluster API says of it, wherever its objects stand. */
function withDescription(look: Look, managed: readonly Managed[]): Look {
  const { cluster } = look.known.view;
  const description = cluster && descriptionOf(cluster, managed);
  if (!description) return look;
  const { tree } = description;
  const children = [...tree.children, ...look.node.children];
  const why = tree.reason === undefined ? {} : { reason: tree.reason, ...(tree.message !== undefined && { message: tree.message }) };
  const node: StatusNode = {
    ...look.node,
    ...why,
    ...(tree.sinceMs !== undefined && { sinceMs: tree.sinceMs }),
    state: worst([{ ...look.node, state: tree.state, children }]),
    facts: { ...look.node.facts, ...tree.facts },
    children,
  };
  // What is wrong inside a cluster is often only the effect of what its makers say.
  return { ...look, node, causes: [...causesOfDescription(description), ...look.causes] };
}

async function lookAt(known: KnownCluster, workspace: Workspace, options: OperationOptions): Promise<Look> {
  const { view, provisioner } = known;
  const identity = { kind: 'Cluster', name: view.name };
  const made = [...workspace.ledger.values()].some((record) => record.subject === `Cluster/${view.name}`);
  if (!made) {
    const node: StatusNode = { ...identity, state: 'stopped', reason: 'NotCreated', message: 'not made yet', children: [] };
    return { known, node, causes: [], managed: [] };
  }
  const [body, companions] = await Promise.all([lookAtBody(known, workspace, options), lookAtCompanions(known, workspace, options)]);
  const children = [...body.nodes, ...companions.nodes];
  return {
    known,
    node: { ...identity, state: worst(children), facts: { provisioner: provisioner.name }, children },
    causes: [...body.causes, ...companions.causes],
    managed: [...body.managed, ...companions.managed],
  };
}

/** Processes, and what is inside the cluster. */
async function lookAtBody({ view, provisioner }: KnownCluster, workspace: Workspace, options: OperationOptions): Promise<Inside> {
  const processes = await provisioner.processes(view, workspace.context);
  const silent = processes.some(({ component, state }) => CORE.has(component) && state !== 'running');
  const inside = await lookInside({ view, provisioner }, workspace, { options, silent });
  return { ...inside, nodes: [...processes.map(processNode), ...inside.nodes], causes: [...deadProcesses(processes), ...inside.causes] };
}

function deadProcesses(processes: readonly ProcessView[]): ProjectStatus['causes'] {
  return processes
    .filter(({ state }) => state !== 'running')
    .map(({ component, message }) => ({ object: `Process/${component}`, reason: 'NotRunning', message: message ?? 'the process is gone' }));
}

/** A bootstrap cluster has no document; it stands under the cluster that it serves. */
async function lookAtCompanions({ view, provisioner }: KnownCluster, workspace: Workspace, options: OperationOptions): Promise<Inside> {
  const companions = (await provisioner.companions?.(view, workspace.context)) ?? [];
  const looks = await Promise.all(
    companions.map(async ({ name, kubeconfig, processes }): Promise<Inside> => {
      const silent = processes.some(({ component, state }) => CORE.has(component) && state !== 'running');
      const inside = await asked(options, async (signal) => {
        if (!kubeconfig || silent) return nothing;
        const client = await workspace.context.connect(kubeconfig);
        return { ...nothing, managed: [await readManaged(client, { by: name, nowMs: options.host.clock.now(), signal })] };
      });
      const children = [...processes.map(processNode), ...inside.nodes];
      const node: StatusNode = { kind: 'BootstrapCluster', name, state: worst(children), children };
      return { nodes: [node], causes: [...deadProcesses(processes), ...inside.causes], managed: inside.managed };
    }),
  );
  return merged(looks);
}

interface Inside {
  readonly nodes: readonly StatusNode[];
  readonly causes: ProjectStatus['causes'];
  readonly managed: readonly Managed[];
}

const nothing: Inside = { nodes: [], causes: [], managed: [] };

function merged(looks: readonly Inside[]): Inside {
  return {
    nodes: looks.flatMap(({ nodes }) => nodes),
    causes: looks.flatMap(({ causes }) => causes),
    managed: looks.flatMap(({ managed }) => managed),
  };
}

interface Window {
  readonly options: OperationOptions;
  /** Known not to answer: its own etcd or API server is gone, which is said already. */
  readonly silent: boolean;
}

function lookInside({ view, provisioner }: KnownCluster, workspace: Workspace, { options, silent }: Window): Promise<Inside> {
  return asked(options, async (signal) => {
    const source = await (provisioner.way?.(view, workspace.context, signal) ?? provisioner.kubeconfig(view, workspace.context));
    if (!source || silent) return nothing;
    const client: KubeClient = await workspace.context.connect(source);
    const [gitops, managed] = await Promise.all([
      gitopsStatus(client, { cluster: { view, provisioner }, workspace, signal }),
      readManaged(client, { by: view.name, nowMs: options.host.clock.now(), signal }),
    ]);
    return { ...gitops, managed: [managed] };
  });
}

/** Bounded; a cluster that does not answer is a node, not an error. */
async function asked(options: OperationOptions, look: (signal: AbortSignal) => Promise<Inside>): Promise<Inside> {
  const bound = AbortSignal.any([options.signal, options.host.clock.timeout(LOOK_MS)]);
  try {
    return await look(bound);
  } catch (thrown) {
    if (options.signal.aborted && isAbort(thrown)) throw thrown;
    return unreachable(thrown);
  }
}

function unreachable(thrown: unknown): Inside {
  const [record] = isAbort(thrown) ? [{ code: 'SLW-KUB-001', message: `no answer within ${LOOK_MS / 1000}s` }] : toErrorRecords(thrown);
  const message = record?.message ?? 'no answer';
  const node: StatusNode = { kind: 'API', name: 'kube-apiserver', state: 'unknown', reason: 'Unreachable', message, children: [] };
  return { nodes: [node], causes: [{ object: 'API/kube-apiserver', reason: record?.code ?? 'Unreachable', message }], managed: [] };
}

function processNode({ component, state, facts, message }: ProcessView): StatusNode {
  const node = { kind: 'Process', name: component, ...(facts && { facts }), children: [] };
  if (state === 'running') return { ...node, state: 'ready' };
  return { ...node, state: state === 'failed' ? 'failed' : 'stopped', reason: 'NotRunning', ...(message !== undefined && { message }) };
}

/** Order of badness; a parent is as bad as its worst child. */
const BADNESS: readonly StatusNode['state'][] = ['ready', 'suspended', 'progressing', 'unknown', 'stopped', 'failed'];

function worst(nodes: readonly StatusNode[]): StatusNode['state'] {
  const rank = (node: StatusNode): number => Math.max(BADNESS.indexOf(node.state), ...node.children.map(rank));
  return BADNESS[Math.max(0, ...nodes.map(rank))] ?? 'unknown';
}

/** The status now, and again whenever it changed; ends with the signal. Watches where a cluster can be reached, looks again every second otherwise. */
export async function* watchProjectStatus(options: OperationOptions): AsyncGenerator<ProjectStatus, void, undefined> {
  let last = '';
  while (!options.signal.aborted) {
    const status = await projectStatus(options).catch((thrown: unknown) => {
      if (options.signal.aborted && isAbort(thrown)) return undefined;
      throw thrown;
    });
    if (!status) return;
    const text = JSON.stringify(status);
    if (text !== last) yield status;
    last = text;
    await options.host.clock.sleep(WATCH_MS, options.signal).catch(() => undefined);
  }
}

const WATCH_MS = 1_000;
