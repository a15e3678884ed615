/** `slipway status`: the tree of a project with causes, deepest first. Reads only; asks every cluster at the same time. */
import { isAbort, toErrorRecords } from '../core/errors.ts';
import type { KubeClient } from '../kube/types.ts';
import type { ProcessView } from '../provisioners/provisioner.ts';
import { type KnownCluster, knownClusters } from './clusters.ts';
import { gitopsStatus } from './gitops-status.ts';
import type { OperationOptions, ProjectStatus, StatusNode } from './operations.ts';
import { findProjectOrState, type Workspace, withReadable } from './workspace.ts';

const CORE = new Set(['etcd', 'kube-apiserver']);
/** Bound of one look at one cluster: a status that hangs is worse than one that says `unreachable`. */
const LOOK_MS = 10_000;

export async function projectStatus(options: OperationOptions): Promise<ProjectStatus> {
  const place = await findProjectOrState(options);
  return withReadable(place, options, (workspace) => readStatus(workspace, options));
}

interface Look {
  readonly node: StatusNode;
  readonly causes: ProjectStatus['causes'];
}

async function readStatus(workspace: Workspace, options: OperationOptions): Promise<ProjectStatus> {
  const looks = await Promise.all(knownClusters(workspace).map((cluster) => lookAt(cluster, workspace, options)));
  const children = looks.map(({ node }) => node);
  const state = worst(children);
  return {
    project: workspace.place.name,
    state,
    causes: looks.flatMap(({ causes }) => causes),
    tree: { kind: 'Project', name: workspace.place.name, state, children },
  };
}

async function lookAt({ view, provisioner }: KnownCluster, workspace: Workspace, options: OperationOptions): Promise<Look> {
  const identity = { kind: 'Cluster', name: view.name };
  const made = [...workspace.ledger.values()].some((record) => record.subject === `Cluster/${view.name}`);
  if (!made) return { node: { ...identity, state: 'stopped', reason: 'NotCreated', message: 'not made yet', children: [] }, causes: [] };
  const processes = await provisioner.processes(view, workspace.context);
  const dead = processes.filter((process) => process.state !== 'running');
  const nodes = processes.map(processNode);
  const causes = dead.map((process) => ({
    object: `Process/${process.component}`,
    reason: 'NotRunning',
    message: process.message ?? 'the process is gone',
  }));
  const gitops = await lookInside({ view, provisioner }, workspace, { options, silent: dead.some(({ component }) => CORE.has(component)) });
  const children = [...nodes, ...gitops.nodes];
  return {
    node: { ...identity, state: worst(children), facts: { provisioner: provisioner.name }, children },
    causes: [...causes, ...gitops.causes],
  };
}

interface Inside {
  readonly nodes: readonly StatusNode[];
  readonly causes: ProjectStatus['causes'];
}

interface Window {
  readonly options: OperationOptions;
  /** Known not to answer: its own etcd or API server is gone, which is said already. */
  readonly silent: boolean;
}

async function lookInside({ view, provisioner }: KnownCluster, workspace: Workspace, { options, silent }: Window): Promise<Inside> {
  const bound = AbortSignal.any([options.signal, options.host.clock.timeout(LOOK_MS)]);
  try {
    const source = await provisioner.kubeconfig(view, workspace.context);
    if (!source || silent) return { nodes: [], causes: [] };
    const client: KubeClient = await workspace.context.connect(source);
    return await gitopsStatus(client, { cluster: { view, provisioner }, workspace, signal: bound });
  } catch (thrown) {
    if (options.signal.aborted && isAbort(thrown)) throw thrown;
    return unreachable(thrown);
  }
}

function unreachable(thrown: unknown): Inside {
  const [record] = isAbort(thrown) ? [{ code: 'SLW-KUB-001', message: `no answer within ${LOOK_MS / 1000}s` }] : toErrorRecords(thrown);
  const message = record?.message ?? 'no answer';
  const node: StatusNode = { kind: 'API', name: 'kube-apiserver', state: 'unknown', reason: 'Unreachable', message, children: [] };
  return { nodes: [node], causes: [{ object: 'API/kube-apiserver', reason: record?.code ?? 'Unreachable', message }] };
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
