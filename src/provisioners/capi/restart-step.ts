/**
 * The step that starts dead control planes of infrastructure `local` again, from their folders alone: the API server that holds their
 * objects may be among the dead. It runs before anything is asked of them.
 */
import { ensureLocalControlPlanes, observeLocalControlPlanes, type StandingControlPlane } from '../../capi/local/standing.ts';
import { type Change, defineStep, type Step, type StepContext, type StepId } from '../../engine/step.ts';
import type { BinaryName } from '../../toolchain/catalogue.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { clustersDir } from './ids.ts';

export interface RestartOptions {
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
  return defineStep<readonly StandingControlPlane[]>({
    id: options.id,
    title: `keep the local control planes of ${options.cluster} running`,
    subject: options.subject,
    needs: options.needs,
    observe: async ({ host }) => (await observeLocalControlPlanes(host, folder)).filter(({ name }) => names.includes(name)),
    change: restartChange,
    apply: async (step) => {
      await ensure(step);
      return {};
    },
    verify: ensure,
  });
}

function restartChange(standing: readonly StandingControlPlane[]): Change {
  const details = standing
    .filter(({ state }) => state === 'stopped')
    .flatMap(({ name, stopped }) =>
      stopped.map((component) => ({ object: `${name}/${component}`, kind: 'update' as const, reason: 'process is not running' })),
    );
  if (details.length > 0)
    return { kind: 'update', summary: `start ${details.length} process${details.length === 1 ? '' : 'es'} again`, details };
  return { kind: 'none', summary: standing.length === 0 ? 'no local control plane was made yet' : 'all local control planes run' };
}
