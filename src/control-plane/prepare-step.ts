/** The step that gives a local cluster its folder, identity, ports, certificates and kubeconfigs, and its undo, which removes them. */
import type { Json } from '../core/digest.ts';
import { isSlipwayError } from '../core/errors.ts';
import {
  type Change,
  type ChangeDetail,
  defineStep,
  type Intent,
  type Outputs,
  type Step,
  type StepId,
  type StepReport,
  type UndoContext,
  type UndoHandler,
} from '../engine/step.ts';
import type { Host } from '../host/host.ts';
import { findIdentityFaults, type IdentityFault } from '../pki/identity-files.ts';
import { clusterIdentities, clusterLayout } from './cluster-layout.ts';
import type { ControlPlaneOptions } from './control-plane-options.ts';
import { chooseIdentity, type ClusterIdentity, type LocalCluster, readCluster, refuseCopy, staleKubeconfigs } from './local-cluster.ts';
import { prepareCluster } from './prepare-cluster.ts';
import { homeOf, listClusterIds } from './process-registry.ts';
import { listProcesses, type ProcessState, stopProcess } from './processes.ts';

export const REMOVE_CLUSTER = 'local/remove-cluster';

interface Prepared {
  readonly cluster: LocalCluster | undefined;
  readonly moved: boolean;
  readonly faults: readonly IdentityFault[];
  readonly staleKubeconfigs: readonly string[];
}

/** Choices of the intent: who the cluster is, before anything of it exists. */
export function prepareClusterStep(options: ControlPlaneOptions & { readonly id: StepId }): Step {
  const { clusterName, clusterDir } = options;
  const layout = clusterLayout(clusterDir);
  const identities = clusterIdentities(clusterName, layout, options.certificateLives);
  return defineStep<Prepared>({
    id: options.id,
    title: `prepare the local cluster ${clusterName}`,
    subject: options.subject,
    needs: options.needs ?? [],
    observe: async ({ host }) => {
      const cluster = await readCluster(host, clusterDir);
      if (!cluster) return { cluster, moved: false, faults: [], staleKubeconfigs: [] };
      await refuseCopy(host, clusterDir, cluster);
      const moved = cluster.dir !== (await host.files.realpath(clusterDir));
      return {
        cluster,
        moved,
        faults: await findIdentityFaults(host, identities),
        staleKubeconfigs: await staleKubeconfigs(host, layout, cluster),
      };
    },
    change: (observed) => preparedChange(clusterName, observed),
    intent: async ({ cluster }, _change, context) =>
      intendCluster(context.host, options, cluster ?? rememberedIdentity(context.record?.intent.choices)),
    apply: async ({ host, intent, observed, report }) => {
      const identity = rememberedIdentity(intent.choices) ?? (await chooseIdentity(host));
      if (!observed.cluster) await endPredecessors(host, { clusterId: identity.clusterId, clusterDir, report });
      const cluster = await prepareCluster(host, { name: clusterName, dir: clusterDir, identity, lives: options.certificateLives });
      return { clusterId: cluster.clusterId, clusterDir, kubeconfig: layout.kubeconfig } satisfies Outputs;
    },
  });
}

function preparedChange(name: string, { cluster, moved, faults, staleKubeconfigs: stale }: Prepared): Change {
  if (!cluster) return { kind: 'create', summary: `create the folder, certificates and kubeconfig of ${name}` };
  const details: ChangeDetail[] = [
    ...(moved ? [{ object: 'cluster.json', kind: 'update' as const, reason: 'the folder was moved' }] : []),
    ...faults.map((fault) => ({
      object: `certificate ${fault.name}`,
      kind: fault.reason === 'missing' ? ('create' as const) : ('update' as const),
      reason: fault.reason,
    })),
    ...stale.map((path) => ({ object: path, kind: 'update' as const, reason: 'does not fit certificates and ports' })),
  ];
  if (details.length === 0) return { kind: 'none', summary: 'folder, certificates and kubeconfig are as they should be' };
  return { kind: 'update', summary: `renew ${details.length} file${details.length === 1 ? '' : 's'} of ${name}`, details };
}

async function intendCluster(host: Host, options: ControlPlaneOptions, known: ClusterIdentity | undefined): Promise<Intent> {
  const { clusterId, ports } = known ?? (await chooseIdentity(host));
  const { clusterDir, clusterName } = options;
  return {
    choices: { clusterId, ports: { ...ports } },
    undo: {
      handler: REMOVE_CLUSTER,
      title: `remove the local cluster ${clusterName} with all its data`,
      destroys: clusterName,
      data: { clusterId, clusterDir, clusterName },
    },
  };
}

function rememberedIdentity(choices: Outputs | undefined): ClusterIdentity | undefined {
  const { clusterId, ports } = (choices ?? {}) as { clusterId?: string; ports?: ClusterIdentity['ports'] };
  return clusterId === undefined || ports === undefined ? undefined : { clusterId, ports };
}

interface RemovalRecord {
  readonly clusterId: string;
  readonly clusterDir: string;
  readonly clusterName: string;
}

const removal = (data: Json): RemovalRecord => data as unknown as RemovalRecord;

/** A damaged cluster.json must not keep the cluster from being removed. */
function unlessDamaged(thrown: unknown): undefined {
  if (!isSlipwayError(thrown) || thrown.code !== 'SLW-LOC-006') throw thrown;
}

/** Ends whatever is still registered for the cluster, then removes its folder. Safe to call again. @throws SLW-LOC-005 when the folder is a copy */
export async function removeCluster(
  host: Host,
  { clusterId, clusterDir, graceMs }: { readonly clusterId: string; readonly clusterDir: string; readonly graceMs?: number },
): Promise<void> {
  const cluster = await readCluster(host, clusterDir).catch(unlessDamaged);
  if (cluster) await refuseCopy(host, clusterDir, cluster);
  await endProcesses(host, { clusterId, processes: await listProcesses(host, clusterId), graceMs });
  // At once, so that nobody who comes after a death in here takes half a folder for a cluster.
  await host.files.remove(remains(clusterDir));
  if ((await host.files.stat(clusterDir)) !== undefined) await host.files.rename(clusterDir, remains(clusterDir));
  await host.files.remove(remains(clusterDir));
}

/**
 * A cluster whose folder was removed by hand goes on running, and would write into the files of the one that comes in its place: what is
 * registered for this folder under another identity ends first.
 */
async function endPredecessors(
  host: Host,
  { clusterId, clusterDir, report }: { clusterId: string; clusterDir: string; report: (report: StepReport) => void },
): Promise<void> {
  await host.files.mkdir(clusterDir);
  const here = new Set([clusterDir, await host.files.realpath(clusterDir)]);
  for (const other of await listClusterIds(host)) {
    if (other === clusterId) continue;
    const processes = await listProcesses(host, other);
    if (!processes.some(({ entry }) => entry !== undefined && here.has(homeOf(entry)))) continue;
    const running = processes.filter(({ state }) => state === 'running').map(({ component }) => component);
    await endProcesses(host, { clusterId: other, processes });
    if (running.length > 0)
      report({
        type: 'finding',
        level: 'warning',
        message: `ended what ran in this folder before its state was removed: ${running.join(', ')}`,
      });
  }
}

async function endProcesses(
  host: Host,
  { clusterId, processes, graceMs }: { clusterId: string; processes: readonly ProcessState[]; graceMs?: number | undefined },
): Promise<void> {
  for (const wave of inOrderOfEnding(processes.map(({ component }) => component)))
    await Promise.all(wave.map((component) => stopProcess(host, { clusterId, component }, graceMs)));
}

/** Nobody loses what it still talks to. */
function inOrderOfEnding(components: readonly string[]): readonly (readonly string[])[] {
  const last = ['kube-apiserver', 'etcd'];
  return [
    components.filter((component) => !last.includes(component)),
    ...last.map((name) => components.filter((component) => component === name)),
  ];
}

const remains = (clusterDir: string): string => `${clusterDir}.removed`;

/** As a step's undo. */
export const removeClusterHandler: UndoHandler = {
  plan: async ({ host, record }) => {
    const { clusterId, clusterDir, clusterName } = removal(record.intent.undo?.data ?? null);
    const folders = await Promise.all([clusterDir, remains(clusterDir)].map((dir) => host.files.stat(dir)));
    const there = folders.some((found) => found !== undefined) || (await listProcesses(host, clusterId)).length > 0;
    return there
      ? { kind: 'delete', summary: `remove ${clusterDir}`, destroys: [clusterName] }
      : { kind: 'none', summary: 'nothing is left' };
  },
  undo: async ({ host, record }: UndoContext) => {
    await removeCluster(host, removal(record.intent.undo?.data ?? null));
  },
};
