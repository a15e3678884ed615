/**
 * Provisioner `local`: etcd, kube-apiserver and kube-controller-manager as processes of this machine, and what Flux applies on
 * them. Turns the document into steps; everything that really happens stands in control-plane/ and flux/.
 */
import { join } from 'node:path';
import type { LocalCluster, ResolvedCluster } from '../../config/resolved.ts';
import { clusterLayout } from '../../control-plane/cluster-layout.ts';
import { readCluster } from '../../control-plane/local-cluster.ts';
import { listProcesses, type ProcessState } from '../../control-plane/processes.ts';
import { type ControlPlaneOptions, controlPlaneStepIds } from '../../control-plane/control-plane-options.ts';
import { controlPlaneSteps } from '../../control-plane/steps.ts';
import { controlPlaneUndoHandlers } from '../../control-plane/undo-handlers.ts';
import type { Step } from '../../engine/step.ts';
import type { ClusterView, ProcessView, Provisioner, ProvisionerContext } from '../provisioner.ts';

export const localProvisioner: Provisioner = {
  name: 'local',
  steps: (cluster, context) => localSteps(asLocal(cluster), context),
  undoHandlers: () => controlPlaneUndoHandlers,
  kubeconfig: async (view, context) => {
    const path = clusterLayout(clusterDirOf(view, context)).kubeconfig;
    const text = await context.host.files.readText(path);
    return text === undefined ? undefined : { text, path };
  },
  processes: async (view, context) => {
    const cluster = await readCluster(context.host, clusterDirOf(view, context));
    return cluster ? (await listProcesses(context.host, cluster.clusterId)).map(toProcessView) : [];
  },
  logs: async (view, context) => {
    const { logsDir } = clusterLayout(clusterDirOf(view, context));
    const names = (await context.host.files.list(logsDir)).filter((name) => name.endsWith('.log'));
    return new Map(names.map((name) => [name.slice(0, -'.log'.length), join(logsDir, name)]));
  },
};

function localSteps(cluster: LocalCluster, context: ProvisionerContext): Promise<readonly Step[]> {
  return Promise.resolve(controlPlaneSteps(controlPlaneOptions(cluster, context)));
}

function controlPlaneOptions(cluster: LocalCluster, context: ProvisionerContext): ControlPlaneOptions {
  return {
    clusterName: cluster.name,
    clusterDir: join(context.stateDir, 'clusters', cluster.name),
    subject: cluster.subject,
    toolchainDir: context.toolchainDir,
    needs: [],
  };
}

/** The folder that the journal knows, else the one it would get. */
function clusterDirOf({ name, records }: ClusterView, context: ProvisionerContext): string {
  const dir = records.get(controlPlaneStepIds(name).prepare)?.outputs['clusterDir'];
  return typeof dir === 'string' ? dir : join(context.stateDir, 'clusters', name);
}

function toProcessView({ component, state, identity, entry }: ProcessState): ProcessView {
  const ports = Object.values(entry?.ports ?? {});
  const facts = { ...(identity && { pid: String(identity.pid) }), ...(ports.length > 0 && { port: ports.join(',') }), ...((entry?.restarts ?? 0) > 0 && { restarts: String(entry?.restarts) }) };
  if (state === 'running') return { component, state: 'running', facts, ...(identity && { pid: identity.pid }) };
  return { component, state: 'stopped', facts, message: 'the process is gone; the next slipway up starts it again' };
}

function asLocal(cluster: ResolvedCluster): LocalCluster {
  if (cluster.provisioner !== 'local') throw new RangeError(`${cluster.subject} is not local`);
  return cluster;
}
