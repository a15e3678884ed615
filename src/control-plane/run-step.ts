/** The step that keeps one process of a control plane running, and its undo, which ends it. */
import { SlipwayError } from '../core/errors.ts';
import type { Json } from '../core/digest.ts';
import { type Change, defineStep, type Outputs, type Step, type StepContext, type StepId, type UndoHandler } from '../engine/step.ts';
import type { Host } from '../host/host.ts';
import { binaryPath } from './binaries-step.ts';
import { clusterLayout } from './cluster-layout.ts';
import type { ControlPlaneComponent } from './control-plane-args.ts';
import type { ControlPlaneOptions } from './control-plane-options.ts';
import { componentProbe, componentSpec, componentTable, isPastItsStart, runComponent } from './components.ts';
import { type LocalCluster, readCluster, requireCluster, serverUrl } from './local-cluster.ts';
import { waitUntilServing } from './readiness-probe.ts';
import { observeProcess, type ProcessState, specDigest, stopProcess } from './processes.ts';

export const STOP_PROCESS = 'local/stop-process';

interface RunStepOptions extends ControlPlaneOptions {
  readonly component: ControlPlaneComponent;
  readonly id: StepId;
  readonly binariesStep: StepId;
}

interface Observed {
  readonly cluster: LocalCluster | undefined;
  readonly binary: string | undefined;
  readonly process: ProcessState | undefined;
  /** Digest of what should run; undefined while that is not known. */
  readonly wanted: string | undefined;
  readonly pastItsStart: boolean;
  readonly recorded: Outputs | undefined;
  readonly version: string;
}

export function runComponentStep(options: RunStepOptions): Step {
  const { component, clusterDir, clusterName } = options;
  const { title, binary } = componentTable[component];
  return defineStep<Observed>({
    id: options.id,
    title: `run ${title} of ${clusterName}`,
    subject: options.subject,
    needs: options.needs ?? [],
    observe: (context) => observe(context, options),
    change: (observed) => runChange(component, observed),
    intent: async ({ cluster }) => ({
      undo: {
        handler: STOP_PROCESS,
        title: `stop ${component} of ${clusterName}`,
        data: { clusterDir, component, clusterId: cluster?.clusterId },
      },
    }),
    apply: async (context) => {
      const path = await binaryPath(context, { binary, toolchainDir: options.toolchainDir, binariesStep: options.binariesStep });
      if (path === undefined) throw new SlipwayError('SLW-LOC-008', `no ${binary} binary for the local cluster ${clusterName}`);
      const onWaiting = (reason: string): void => context.report({ type: 'progress', message: reason });
      await runComponent(context.host, clusterDir, {
        component,
        binary: path,
        signal: context.signal,
        timeoutMs: context.timeoutMs,
        onWaiting,
      });
      return componentOutputs(await requireCluster(context.host, clusterDir), component);
    },
    verify: (context) => verifyServing(context, options),
  });
}

async function observe(context: StepContext, options: RunStepOptions): Promise<Observed> {
  const { host } = context;
  const { component, clusterDir } = options;
  const [cluster, binary] = await Promise.all([
    readCluster(host, clusterDir),
    binaryPath(context, {
      binary: componentTable[component].binary,
      toolchainDir: options.toolchainDir,
      binariesStep: options.binariesStep,
    }),
  ]);
  const process = cluster && (await observeProcess(host, { clusterId: cluster.clusterId, component }));
  const wanted = cluster && binary !== undefined ? specDigest(await componentSpec(host, cluster, { component, binary })) : undefined;
  const pastItsStart =
    !cluster || process?.state !== 'running' || (await isPastItsStart(host, cluster, { component, signal: context.signal }));
  return { cluster, binary, process, wanted, pastItsStart, recorded: context.record?.outputs, version: binary ?? component };
}

function runChange(component: ControlPlaneComponent, observed: Observed): Change {
  const { cluster, process } = observed;
  const one = (kind: 'create' | 'update', reason: string): Change => ({
    kind,
    summary: `${kind === 'create' ? 'start' : 'restart'} ${component}`,
    details: [{ object: component, kind, reason }],
  });
  if (!cluster || !process || process.state === 'absent') return one('create', 'process is not there');
  if (process.state === 'dead') return one('update', 'process is not running');
  const reason = restartReason(component, observed, componentOutputs(cluster, component));
  return reason === undefined ? { kind: 'none', summary: `${component} runs` } : one('update', reason);
}

function restartReason(component: ControlPlaneComponent, observed: Observed, outputs: Outputs): string | undefined {
  const { process, wanted, recorded, pastItsStart } = observed;
  const etcd = component === 'kube-apiserver' ? ', its etcd' : '';
  if (process?.entry?.specDigest !== wanted) return `binary, arguments${etcd} or certificates changed`;
  if (!pastItsStart) return 'process runs but its controllers are not started';
  return recorded && Object.entries(outputs).some(([name, value]) => recorded[name] !== value) ? 'address changed' : undefined;
}

function componentOutputs(cluster: LocalCluster, component: ControlPlaneComponent): Outputs {
  const port = cluster.ports[componentTable[component].ports[0] ?? 'apiserver'];
  const common = { clusterId: cluster.clusterId, component, port };
  return component === 'kube-apiserver'
    ? { ...common, server: serverUrl(cluster), kubeconfig: clusterLayout(cluster.dir).kubeconfig }
    : common;
}

/** The process may be starting again after a change of another one; a bounded wait, then the reason. */
async function verifyServing({ host, signal, timeoutMs, report }: StepContext, { component, clusterDir }: RunStepOptions): Promise<void> {
  const probe = componentProbe(host, await requireCluster(host, clusterDir), { component });
  const onWaiting = (message: string): void =>
    report({ type: 'waiting', object: component, reason: 'NotReady', message, boundMs: timeoutMs });
  await waitUntilServing(host, probe, { component, signal, timeoutMs, onWaiting });
}

/** Works from the record, also when the folder is gone. */
export const stopProcessHandler: UndoHandler = {
  plan: async ({ host, record }) => {
    const key = await keyOf(host, record.intent.undo?.data ?? null);
    const state = key && (await observeProcess(host, key)).state;
    return state === undefined || state === 'absent'
      ? { kind: 'none', summary: 'nothing is left' }
      : { kind: 'delete', summary: `stop ${key?.component ?? ''}` };
  },
  undo: async ({ host, record }) => {
    const key = await keyOf(host, record.intent.undo?.data ?? null);
    if (key) await stopProcess(host, key);
  },
};

async function keyOf(host: Host, data: Json): Promise<{ clusterId: string; component: string } | undefined> {
  const { clusterDir, component, clusterId } = data as unknown as { clusterDir: string; component: string; clusterId?: string };
  const cluster = await readCluster(host, clusterDir);
  const id = clusterId ?? cluster?.clusterId;
  return id === undefined ? undefined : { clusterId: id, component };
}
