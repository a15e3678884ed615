/**
 * Provisioner `local`: etcd, kube-apiserver and kube-controller-manager as processes of this machine, and what Flux applies on
 * them. Turns the document into steps; everything that really happens stands in control-plane/ and flux/.
 */
import { join } from 'node:path';
import type { ResolvedGitops } from '../../config/resolved-gitops.ts';
import type { LocalCluster, ResolvedCluster } from '../../config/resolved.ts';
import { clusterLayout } from '../../control-plane/cluster-layout.ts';
import { type ControlPlaneOptions, controlPlaneStepIds } from '../../control-plane/control-plane-options.ts';
import { readCluster, refuseCopy } from '../../control-plane/local-cluster.ts';
import {
  convergeRuntimeStep,
  openRuntime,
  type RuntimeStepOptions,
  runtimeStepId,
  STOP_RUNTIME,
  stopRuntimeHandler,
} from '../../control-plane/runtime/runtime-step.ts';
import { runSimulatorStep, STOP_SIMULATOR, stopSimulatorHandler } from '../../control-plane/simulation/simulator-step.ts';
import { controlPlaneSteps } from '../../control-plane/steps.ts';
import { controlPlaneUndoHandlers } from '../../control-plane/undo-handlers.ts';
import { isSlipwayError } from '../../core/errors.ts';
import type { Step, StepId, StepRecord, UndoContext } from '../../engine/step.ts';
import type { FluxStepsOptions } from '../../flux/step-options.ts';
import { fluxStepIds, fluxSteps } from '../../flux/steps.ts';
import { ownerOf } from '../../kube/ownership.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type BinaryName, readPins } from '../../toolchain/catalogue.ts';
import { connectWhenServing, createCannotRun, folderKubeconfig, logFiles, processViews, rotatingLogs } from '../on-this-machine.ts';
import type { ClusterView, Provisioner, ProvisionerContext } from '../provisioner.ts';

export const localProvisioner: Provisioner = {
  name: 'local',
  steps: (cluster, context) => localSteps(asLocal(cluster), context),
  requireInReach,
  undoHandlers: (context) =>
    new Map([
      ...controlPlaneUndoHandlers,
      [STOP_RUNTIME, stopRuntimeHandler],
      [STOP_SIMULATOR, stopSimulatorHandler((host, dir) => connectWhenServing({ host }, context, dir))],
    ]),
  connectForUndo,
  kubeconfig: (view, context) => folderKubeconfig(context.host, clusterDirOf(view, context)),
  processes: (view, context) => processViews(context.host, clusterDirOf(view, context)),
  cannotRun: async (cluster, { host }) => (isSimulated(asLocal(cluster)) ? undefined : createCannotRun(await readPins(host))),
  logs: (view, context) => logFiles(context.host, clusterDirOf(view, context)),
};

const SIMULATION_BINARIES: readonly BinaryName[] = ['kwok'];
const FLUX_BINARIES: readonly BinaryName[] = ['source-controller', 'kustomize-controller', 'helm-controller'];

/** @throws SLW-LOC-009 when a cluster's processes are registered under another environment */
async function requireInReach(records: ReadonlyMap<StepId, StepRecord>, { host }: ProvisionerContext): Promise<void> {
  for (const record of records.values()) {
    const dir = record.step.startsWith('local/prepare-cluster/') ? record.outputs['clusterDir'] : undefined;
    const cluster = typeof dir === 'string' ? await readCluster(host, dir).catch(unlessDamaged) : undefined;
    if (cluster && typeof dir === 'string') await refuseCopy(host, dir, cluster);
  }
}

/** A damaged cluster.json is dealt with by the steps. */
function unlessDamaged(thrown: unknown): undefined {
  if (!isSlipwayError(thrown) || thrown.code !== 'SLW-LOC-006') throw thrown;
}

/** A cluster that is being taken down is not asked any more: its end takes everything in it along. */
function connectForUndo(undo: UndoContext, cluster: string, context: ProvisionerContext): Promise<KubeClient | undefined> {
  const dir = undo.records().get(controlPlaneStepIds(cluster).prepare)?.outputs['clusterDir'];
  return typeof dir === 'string' && undo.options['down'] !== true ? connectWhenServing(undo, context, dir) : Promise.resolve(undefined);
}

async function localSteps(cluster: LocalCluster, context: ProvisionerContext): Promise<readonly Step[]> {
  const options = controlPlaneOptions(cluster, context);
  const ids = controlPlaneStepIds(cluster.name);
  const controlPlane = controlPlaneSteps(options).map((step) => (step.id === ids.prepare ? rotatingLogs(step, options.clusterDir) : step));
  const simulator = isSimulated(cluster)
    ? [runSimulatorStep({ ...options, needs: [ids.run['kube-apiserver'], ids.binaries], binariesStep: ids.binaries })]
    : [];
  const flux = cluster.gitops ? fluxSteps(await fluxOptions(cluster, context, { gitops: cluster.gitops, options })) : [];
  if (flux.length + simulator.length === 0) return controlPlane;
  const { install, sources } = fluxStepIds(cluster.name);
  const runtimeOptions = { ...options, nodes: cluster.local.nodes, connect: connectWith(context) };
  const needs = [
    ids.run['kube-controller-manager'],
    ids.binaries,
    ...simulator.map(({ id }) => id),
    ...flux.filter(({ id }) => id === install).map(({ id }) => id),
  ];
  return [
    ...controlPlane,
    ...simulator,
    ...flux.map((step) => (step.id === sources ? besideRuntime(step, runtimeOptions) : step)),
    convergeRuntimeStep({ ...runtimeOptions, needs }),
  ];
}

const isSimulated = ({ local }: LocalCluster): boolean => local.nodes === 'simulated';

function controlPlaneOptions(cluster: LocalCluster, context: ProvisionerContext): ControlPlaneOptions {
  return {
    clusterName: cluster.name,
    clusterDir: join(context.stateDir, 'clusters', cluster.name),
    subject: cluster.subject,
    toolchainDir: context.toolchainDir,
    binaries: [...(cluster.gitops ? FLUX_BINARIES : []), ...(isSimulated(cluster) ? SIMULATION_BINARIES : [])],
    needs: [],
  };
}

interface FluxWish {
  readonly gitops: ResolvedGitops;
  readonly options: ControlPlaneOptions;
}

async function fluxOptions(cluster: LocalCluster, context: ProvisionerContext, { gitops, options }: FluxWish): Promise<FluxStepsOptions> {
  const { clusterDir } = options;
  return {
    clusterName: cluster.name,
    subject: cluster.subject,
    gitops,
    needs: [controlPlaneStepIds(cluster.name).run['kube-apiserver']],
    runtimeNeeds: [runtimeStepId(cluster.name)],
    owner: ownerOf(context.stateId, cluster.name),
    gitDir: join(clusterDir, 'git'),
    keyDir: join(context.stateDir, 'identities', cluster.name),
    registerId: async (host) => (await readCluster(host, clusterDir))?.clusterId,
    connect: (step) => connectWhenServing(step, context, clusterDir),
    redactor: context.redactor,
    outputs: context.outputs,
    exclude: [context.stateDir],
    logDirs: [clusterLayout(clusterDir).logsDir, join(clusterDir, 'git', 'logs')],
    undo: 'uninstall',
    ...(!isSimulated(cluster) && { cannotRun: createCannotRun(await readPins(context.host)) }),
  };
}

const connectWith =
  (context: ProvisionerContext) =>
  (text: string): Promise<KubeClient> =>
    context.connect({ text });

/** While Flux brings more known controllers, their processes are started, as a kubelet would. */
function besideRuntime(step: Step, options: Omit<RuntimeStepOptions, 'needs'>): Step {
  const { verify } = step;
  if (!verify) return step;
  return {
    ...step,
    verify: async (context) => {
      const stop = new AbortController();
      const runtime = await openRuntime(context, options);
      const watching = runtime.watch(AbortSignal.any([context.signal, stop.signal]));
      try {
        await verify(context);
      } finally {
        stop.abort();
        await watching.catch(() => undefined);
      }
    },
  };
}

/** The folder that the journal knows, else the one it would get. */
function clusterDirOf({ name, records }: ClusterView, context: ProvisionerContext): string {
  const dir = records.get(controlPlaneStepIds(name).prepare)?.outputs['clusterDir'];
  return typeof dir === 'string' ? dir : join(context.stateDir, 'clusters', name);
}

function asLocal(cluster: ResolvedCluster): LocalCluster {
  if (cluster.provisioner !== 'local') throw new RangeError(`${cluster.subject} is not local`);
  return cluster;
}
