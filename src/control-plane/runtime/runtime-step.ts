/** The step that makes known controllers run on a local cluster, and its undo, which ends them. */
import type { Json } from '../../core/digest.ts';
import { SlipwayError } from '../../core/errors.ts';
import {
  type Change,
  type ChangeDetail,
  defineStep,
  type Step,
  type StepContext,
  type StepId,
  type UndoHandler,
} from '../../engine/step.ts';
import type { Host } from '../../host/host.ts';
import type { KubeClient } from '../../kube/types.ts';
import { readPins } from '../../toolchain/catalogue.ts';
import { adminKubeconfig, type LocalCluster, readCluster, requireCluster } from '../local-cluster.ts';
import { isControlPlaneAlive, observeProcess } from '../processes.ts';
import { classifyPodSpec } from './classify.ts';
import { asDeployment, DEPLOYMENT, isRolledOut, podKey } from './pod.ts';
import { endPodProcess, podEntries } from './run-pod.ts';
import { createRuntime, type Runtime } from './runtime.ts';

export const STOP_RUNTIME = 'local/stop-runtime';

export interface RuntimeStepOptions {
  readonly clusterName: string;
  readonly clusterDir: string;
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly toolchainDir?: string | undefined;
  readonly nodes?: 'none' | 'simulated';
  /** Opens a client from a kubeconfig's text. The step does not close it. */
  readonly connect: (kubeconfig: string) => Promise<KubeClient>;
}

export const runtimeStepId = (clusterName: string): StepId => `local/converge-runtime/${clusterName}`;

interface Observed {
  readonly clusterId: string | undefined;
  readonly details: readonly ChangeDetail[];
}

/** A runtime for the cluster in `clusterDir`. @throws SLW-LOC-008 when it was not prepared */
export async function openRuntime(
  context: Pick<StepContext, 'host' | 'report' | 'timeoutMs'>,
  options: Pick<RuntimeStepOptions, 'clusterDir' | 'toolchainDir' | 'connect' | 'nodes'>,
): Promise<Runtime> {
  const { host, report, timeoutMs } = context;
  const cluster = await requireCluster(host, options.clusterDir);
  const client = await connectTo(host, cluster, options);
  if (!client) throw new SlipwayError('SLW-LOC-008', `no valid certificates in ${options.clusterDir}`);
  return createRuntime({ host, client, cluster, toolchainDir: options.toolchainDir, nodes: options.nodes ?? 'none', timeoutMs, report });
}

/** `verify` converges too: what a kubelet does all the time, the runtime does whenever a run passes by. */
export function convergeRuntimeStep(options: RuntimeStepOptions): Step {
  const { clusterName, clusterDir } = options;
  const converge = async (context: StepContext): Promise<void> => (await openRuntime(context, options)).converge(context.signal);
  return defineStep<Observed>({
    id: runtimeStepId(clusterName),
    title: `run the known controllers of ${clusterName}`,
    subject: options.subject,
    needs: options.needs,
    observe: (context) => observe(context, options),
    change: ({ clusterId, details }) => runtimeChange(clusterId, details),
    intent: async ({ clusterId }) => ({
      undo: { handler: STOP_RUNTIME, title: `stop the controllers of ${clusterName}`, data: { clusterDir, clusterId } },
    }),
    apply: async (context) => {
      await converge(context);
      return {};
    },
    verify: converge,
  });
}

async function observe(context: StepContext, options: RuntimeStepOptions): Promise<Observed> {
  const { host, record, signal } = context;
  const cluster = await readCluster(host, options.clusterDir);
  if (!cluster) return { clusterId: undefined, details: [] };
  const { clusterId } = cluster;
  const dead = await deadProcesses(host, clusterId);
  const client = (await isControlPlaneAlive(host, clusterId)) ? await connectTo(host, cluster, options) : undefined;
  const waiting = client ? await waitingDeployments(host, client, signal) : [];
  const first: ChangeDetail[] = record ? [] : [{ object: 'controllers', kind: 'create', reason: 'the runtime never ran' }];
  return { clusterId, details: [...first, ...dead, ...waiting] };
}

function runtimeChange(clusterId: string | undefined, details: readonly ChangeDetail[]): Change {
  if (clusterId === undefined) return { kind: 'create', summary: 'start the known controllers' };
  if (details.length === 0) return { kind: 'none', summary: 'all known controllers run' };
  const kind = details.some((detail) => detail.kind === 'update') ? 'update' : 'create';
  return { kind, summary: `start ${details.length} controller${details.length === 1 ? '' : 's'}`, details };
}

async function deadProcesses(host: Host, clusterId: string): Promise<readonly ChangeDetail[]> {
  const entries = await podEntries(host, clusterId);
  const states = await Promise.all(entries.map((entry) => observeProcess(host, entry)));
  return states
    .filter(({ state }) => state !== 'running')
    .map(({ component, entry }) => ({
      object: `Pod/${entry?.labels['pod'] ?? component}`,
      kind: 'update',
      reason: 'process is not running',
    }));
}

/** An API server that is just starting says nothing; the run looks again. */
async function waitingDeployments(host: Host, client: KubeClient, signal: AbortSignal): Promise<readonly ChangeDetail[]> {
  const [pins, list] = await Promise.all([readPins(host), client.list(DEPLOYMENT, { signal })]);
  return list.items
    .map(asDeployment)
    .filter((deployment) => classifyPodSpec(pins, deployment.spec.template.spec).runs && !isRolledOut(deployment))
    .map((deployment) => ({ object: `Deployment/${podKey(deployment)}`, kind: 'create', reason: 'is not rolled out' }));
}

async function connectTo(
  host: Host,
  cluster: LocalCluster,
  options: Pick<RuntimeStepOptions, 'clusterDir' | 'connect'>,
): Promise<KubeClient | undefined> {
  const kubeconfig = await adminKubeconfig(host, options.clusterDir, cluster);
  return kubeconfig === undefined ? undefined : options.connect(kubeconfig);
}

/** Ends every process that was started for a pod; the pods themselves go with the cluster. */
export const stopRuntimeHandler: UndoHandler = {
  plan: async ({ host, record }) => {
    const entries = await podEntries(host, clusterIdOf(record.intent.undo?.data ?? null));
    return entries.length === 0
      ? { kind: 'none', summary: 'no controllers are left' }
      : { kind: 'delete', summary: `stop ${entries.length} controller${entries.length === 1 ? '' : 's'}` };
  },
  undo: async ({ host, record }) => {
    const entries = await podEntries(host, clusterIdOf(record.intent.undo?.data ?? null));
    await Promise.all(entries.map((entry) => endPodProcess(host, entry)));
  },
};

const clusterIdOf = (data: Json): string => (data as { clusterId?: string }).clusterId ?? '-';
