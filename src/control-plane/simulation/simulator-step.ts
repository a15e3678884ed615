/**
 * The step that keeps KWOK running where pods that no process stands for are to be simulated, and its undo. One simulated Node;
 * every pod on it is marked. KWOK only moves statuses: it is no scheduler, the local runtime binds the pods.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../../core/digest.ts';
import { SlipwayError } from '../../core/errors.ts';
import { type Change, defineStep, type Step, type StepContext, type StepId, type UndoHandler } from '../../engine/step.ts';
import type { Host } from '../../host/host.ts';
import type { KubeClient } from '../../kube/types.ts';
import { binaryPath } from '../binaries-step.ts';
import { clusterLayout } from '../cluster-layout.ts';
import { readCluster, requireCluster } from '../local-cluster.ts';
import {
  ensureProcess,
  isControlPlaneAlive,
  observeProcess,
  type ProcessSpec,
  type ProcessState,
  specDigest,
  stopProcess,
} from '../processes.ts';
import { httpProbe } from '../readiness-probe.ts';
import { RUNTIME_LABEL, SIMULATED_NODE } from '../runtime/virtual-node.ts';

export const STOP_SIMULATOR = 'local/stop-simulator';
export const simulatorStepId = (clusterName: string): StepId => `local/run-simulator/${clusterName}`;

const COMPONENT = 'kwok';
const PORT_ATTEMPTS = 5;

export interface SimulatorOptions {
  readonly clusterName: string;
  readonly clusterDir: string;
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly binariesStep: StepId;
  readonly toolchainDir?: string | undefined;
}

interface Observed {
  readonly process: ProcessState | undefined;
  readonly wanted: string | undefined;
}

export function runSimulatorStep(options: SimulatorOptions): Step {
  const { clusterName, clusterDir } = options;
  return defineStep<Observed>({
    id: simulatorStepId(clusterName),
    title: `simulate other pods of ${clusterName}`,
    subject: options.subject,
    needs: options.needs,
    observe: (context) => observe(context, options),
    change: simulatorChange,
    intent: async (_observed, _change, { host }) => {
      const data: Json = { clusterDir, clusterId: (await readCluster(host, clusterDir))?.clusterId ?? null };
      return { undo: { handler: STOP_SIMULATOR, title: `end the simulation of pods on ${clusterName}`, data } };
    },
    apply: async (context) => ({ port: await start(context, options) }),
  });
}

async function observe(context: StepContext, options: SimulatorOptions): Promise<Observed> {
  const cluster = await readCluster(context.host, options.clusterDir);
  if (!cluster) return { process: undefined, wanted: undefined };
  const process = await observeProcess(context.host, { clusterId: cluster.clusterId, component: COMPONENT });
  const binary = await binaryPath(context, { binary: 'kwok', ...options, toolchainDir: options.toolchainDir });
  const port = process.entry?.ports['http'];
  return {
    process,
    wanted: binary !== undefined && port !== undefined ? specDigest(simulatorSpec(options.clusterDir, binary, port)) : undefined,
  };
}

function simulatorChange({ process, wanted }: Observed): Change {
  const one = (kind: 'create' | 'update', reason: string): Change => ({
    kind,
    summary: `${kind === 'create' ? 'start' : 'restart'} ${COMPONENT}`,
    details: [{ object: COMPONENT, kind, reason }],
  });
  if (!process || process.state === 'absent') return one('create', 'process is not there');
  if (process.state === 'dead') return one('update', 'process is not running');
  if (process.entry?.specDigest !== wanted) return one('update', 'binary or arguments changed');
  return { kind: 'none', summary: `${COMPONENT} runs` };
}

async function start(context: StepContext, options: SimulatorOptions): Promise<number> {
  const { host, signal, timeoutMs, report } = context;
  const cluster = await requireCluster(host, options.clusterDir);
  const binary = await binaryPath(context, { binary: 'kwok', ...options, toolchainDir: options.toolchainDir });
  if (binary === undefined) throw new SlipwayError('SLW-LOC-008', `no kwok binary for the local cluster ${options.clusterName}`);
  const known = (await observeProcess(host, { clusterId: cluster.clusterId, component: COMPONENT })).entry?.ports['http'];
  for (let attempt = 1, port = known ?? (await host.net.freePort()); ; attempt++, port = await host.net.freePort()) {
    try {
      const onWaiting = (message: string): void => report({ type: 'progress', message });
      await ensureProcess(host, simulatorSpec(options.clusterDir, binary, port), {
        clusterId: cluster.clusterId,
        signal,
        timeoutMs,
        ready: httpProbe(port, '/healthz'),
        onWaiting,
      });
      return port;
    } catch (error) {
      const taken = error instanceof SlipwayError && error.code === 'SLW-LOC-002';
      if (!taken || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

function simulatorSpec(clusterDir: string, binary: string, port: number): ProcessSpec {
  const layout = clusterLayout(clusterDir);
  const stages = join(dirname(fileURLToPath(import.meta.url)), 'stages.yaml');
  const selector = `${RUNTIME_LABEL}=simulated`;
  return {
    component: COMPONENT,
    command: binary,
    args: [
      '--kubeconfig',
      layout.kubeconfig,
      '--config',
      stages,
      '--manage-nodes-with-label-selector',
      selector,
      '--server-address',
      `127.0.0.1:${port}`,
    ],
    cwd: clusterDir,
    env: { HOME: clusterDir, TMPDIR: '/tmp' },
    logFile: layout.log(COMPONENT),
    clusterDir,
    ports: { http: port },
  };
}

/** Ends the process; on a cluster that stays, its Node goes too, and with it (by garbage collection) every simulated pod. */
export function stopSimulatorHandler(connect: (host: Host, clusterDir: string) => Promise<KubeClient | undefined>): UndoHandler {
  return {
    undo: async ({ host, record, options, signal }) => {
      const { clusterDir, clusterId } = (record.intent.undo?.data ?? {}) as {
        readonly clusterDir: string;
        readonly clusterId: string | null;
      };
      if (clusterId === null) return;
      if (options['down'] !== true && (await isControlPlaneAlive(host, clusterId))) {
        const client = await connect(host, clusterDir);
        await client?.delete({ apiVersion: 'v1', kind: 'Node', name: SIMULATED_NODE }, { signal });
      }
      await stopProcess(host, { clusterId, component: COMPONENT });
    },
  };
}
