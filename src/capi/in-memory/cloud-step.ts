/** The step that keeps the in-memory cloud of a project running, and its undo, which ends it and removes its folder. */
import { SlipwayError } from '../../core/errors.ts';
import { type Change, defineStep, type Outputs, type Step, type StepId, type UndoHandler, type UndoHandlers } from '../../engine/step.ts';
import { listProcesses, type ProcessState } from '../../control-plane/processes.ts';
import { waitUntilServing } from '../../control-plane/readiness-probe.ts';
import { locateBinaries } from '../../toolchain/locate.ts';
import { provideBinaries } from '../../toolchain/provide.ts';
import {
  CLOUD_COMPONENT,
  cloudClusterId,
  cloudDigest,
  cloudFile,
  type CloudPlace,
  cloudProbe,
  ensureCloud,
  observeCloud,
  stopCloud,
} from './cloud.ts';

export const STOP_CLOUD = 'capi/stop-in-memory-cloud';

export interface RunCloudOptions extends CloudPlace {
  readonly projectName: string;
  /** The document it serves, `Cluster/NAME`. */
  readonly subject: string;
  readonly needs?: readonly StepId[];
  readonly toolchainDir?: string | undefined;
}

export const cloudStepId = (projectName: string): StepId => `capi/run-in-memory-cloud/${projectName}`;

interface Observed {
  readonly binary: string | undefined;
  readonly process: ProcessState;
  readonly recorded: Outputs | undefined;
}

/** Outputs: `cloudFile`. Builds the binary itself when it is missing. */
export function runCloudStep(options: RunCloudOptions): Step {
  const { stateId, cloudDir, toolchainDir } = options;
  return defineStep<Observed>({
    id: cloudStepId(options.projectName),
    title: `run the in-memory cloud of ${options.projectName}`,
    subject: options.subject,
    needs: options.needs ?? [],
    observe: async ({ host, signal, record }) => {
      const { found } = await locateBinaries(host, ['in-memory-provider'], { toolchainDir, signal });
      return { binary: found[0]?.path, process: await observeCloud(host, stateId), recorded: record?.outputs };
    },
    change: (observed) => cloudChange(observed, cloudDir),
    intent: async () => ({ undo: { handler: STOP_CLOUD, title: 'stop the in-memory cloud', data: { stateId, cloudDir } } }),
    apply: async ({ host, signal, timeoutMs, report }) => {
      const [found] = await provideBinaries(host, ['in-memory-provider'], { toolchainDir, signal, report });
      if (!found) throw new SlipwayError('SLW-BUG-001', 'the in-memory provider was built but is not found');
      const onWaiting = (message: string): void => report({ type: 'progress', message });
      await ensureCloud(host, { stateId, cloudDir, binary: found.path, signal, timeoutMs, onWaiting });
      return { cloudFile: cloudFile(cloudDir) };
    },
    verify: async ({ host, signal, timeoutMs }) =>
      waitUntilServing(host, cloudProbe(host, options), { component: CLOUD_COMPONENT, signal, timeoutMs }),
  });
}

function cloudChange({ binary, process, recorded }: Observed, cloudDir: string): Change {
  const one = (kind: 'create' | 'update', reason: string): Change => ({
    kind,
    summary: `${kind === 'create' ? 'start' : 'restart'} the in-memory cloud`,
    details: [{ object: 'in-memory-cloud', kind, reason }],
  });
  if (process.state === 'absent') return one('create', 'process is not there');
  if (process.state === 'dead') return one('update', 'process is not running');
  if (binary === undefined || process.entry?.specDigest !== cloudDigest({ cloudDir, binary }))
    return one('update', 'binary or arguments changed');
  if (recorded && recorded['cloudFile'] !== cloudFile(cloudDir)) return one('update', 'its folder was moved');
  return { kind: 'none', summary: 'the in-memory cloud runs' };
}

const stopCloudHandler: UndoHandler = {
  plan: async ({ host, record }) => {
    const { stateId, cloudDir } = placeOf(record.intent.undo?.data);
    const left = (await listProcesses(host, cloudClusterId(stateId))).length > 0 || (await host.files.stat(cloudDir)) !== undefined;
    return left ? { kind: 'delete', summary: 'stop the in-memory cloud' } : { kind: 'none', summary: 'nothing is left' };
  },
  undo: async ({ host, record }) => {
    const { stateId, cloudDir } = placeOf(record.intent.undo?.data);
    await stopCloud(host, stateId);
    await host.files.remove(cloudDir);
  },
};

const placeOf = (data: unknown): CloudPlace => data as CloudPlace;

export const inMemoryUndoHandlers: UndoHandlers = new Map([[STOP_CLOUD, stopCloudHandler]]);
