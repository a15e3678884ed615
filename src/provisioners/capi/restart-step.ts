/**
 * The step that starts dead control planes of infrastructure `local` again, from their folders alone: the API server that holds their
 * objects may be among the dead. With them the controllers of a management cluster that owns itself, since nothing can be written there
 * before their webhooks answer. It runs before anything is asked of them.
 */
import { ensureLocalControlPlanes, observeLocalControlPlanes, type StandingControlPlane } from '../../capi/local/standing.ts';
import { readCluster } from '../../control-plane/local-cluster.ts';
import { observeProcess } from '../../control-plane/processes.ts';
import { podEntries } from '../../control-plane/runtime/run-pod.ts';
import { type Change, defineStep, type Step, type StepContext, type StepId } from '../../engine/step.ts';
import type { Host } from '../../host/host.ts';
import type { BinaryName } from '../../toolchain/catalogue.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { isTakenOver } from './bootstrap-steps.ts';
import { type Family, guideOfStep } from './home.ts';
import { clustersDir } from './ids.ts';
import { revive } from './revive.ts';
import type { Place } from './way.ts';

export interface RestartOptions {
  readonly family: Family;
  readonly id: StepId;
  readonly cluster: string;
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly context: ProvisionerContext;
  /** The management cluster and the local clusters that it manages. */
  readonly names: readonly string[];
  readonly binaries: readonly BinaryName[];
}

export function restartStep(options: RestartOptions): Step {
  const { names, context } = options;
  const folder = clustersDir(context.stateDir);
  const ensure = async (step: StepContext): Promise<void> => {
    const { host, signal, timeoutMs, report } = step;
    const { toolchainDir } = context;
    await ensureLocalControlPlanes(host, {
      clustersDir: folder,
      names,
      toolchainDir,
      binaries: options.binaries,
      signal,
      timeoutMs,
      report,
    });
  };
  const management = options.family.management;
  return defineStep<Observed>({
    id: options.id,
    title: `keep the local control planes of ${options.cluster} running`,
    subject: options.subject,
    needs: options.needs,
    observe: async (step) => ({
      standing: (await observeLocalControlPlanes(step.host, folder)).filter(({ name }) => names.includes(name)),
      controllers: isTakenOver(step, options.cluster) ? await deadControllers(step.host, management) : [],
    }),
    change: restartChange,
    apply: async (step) => {
      await ensure(step);
      if (isTakenOver(step, options.cluster)) await revive(management, { attendant: step, guide: guideOfStep(step, context) });
      return {};
    },
    verify: ensure,
  });
}

interface Observed {
  readonly standing: readonly StandingControlPlane[];
  /** Components whose process is gone. */
  readonly controllers: readonly string[];
}

async function deadControllers(host: Host, { way }: Place): Promise<readonly string[]> {
  const cluster = way.kind === 'folder' ? await readCluster(host, way.dir) : undefined;
  if (!cluster) return [];
  const states = await Promise.all((await podEntries(host, cluster.clusterId)).map((entry) => observeProcess(host, entry)));
  return states.filter(({ state }) => state !== 'running').map(({ component, entry }) => entry?.labels['pod'] ?? component);
}

function restartChange({ standing, controllers }: Observed): Change {
  const dead = standing
    .filter(({ state }) => state === 'stopped')
    .flatMap(({ name, stopped }) => stopped.map((component) => `${name}/${component}`));
  const objects = [...dead, ...controllers.map((name) => `Pod/${name}`)];
  if (objects.length === 0)
    return { kind: 'none', summary: standing.length === 0 ? 'no local control plane was made yet' : 'all local control planes run' };
  const details = objects.map((object) => ({ object, kind: 'update' as const, reason: 'process is not running' }));
  return { kind: 'update', summary: `start ${details.length} process${details.length === 1 ? '' : 'es'} again`, details };
}
