/**
 * Provisioner `existing`: a cluster that is already there, reached by its kubeconfig. Flux and GitOps are put on it and taken off
 * again; the cluster itself is never touched.
 */
import { join } from 'node:path';
import { type Address } from '../../config/address.ts';
import type { ExistingCluster, ResolvedCluster, ResolvedGitops } from '../../config/resolved.ts';
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import type { Step, UndoContext } from '../../engine/step.ts';
import { ownerOf } from '../../flux/ownership.ts';
import type { FluxStepsOptions } from '../../flux/step-options.ts';
import { fluxSteps } from '../../flux/steps.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { Provisioner, ProvisionerContext } from '../provisioner.ts';
import { connectToSame, reach, reachClusterStep, reachFromRecord, reachStepId } from './reach.ts';

export const existingProvisioner: Provisioner = {
  name: 'existing',
  steps: (cluster, context) => existingSteps(asExisting(cluster), context),
  requireInReach: () => Promise.resolve(),
  undoHandlers: () => new Map(),
  connectForUndo,
  kubeconfig: ({ cluster, name, records }, context) => {
    if (cluster?.provisioner === 'existing') return reach(cluster, context);
    const record = records.get(reachStepId(name));
    return record ? reachFromRecord(record, context) : Promise.resolve(undefined);
  },
  cannotRun: () => Promise.resolve(undefined),
  processes: () => Promise.resolve([]),
  logs: () => Promise.resolve(new Map()),
};

async function existingSteps(cluster: ExistingCluster, context: ProvisionerContext): Promise<readonly Step[]> {
  const steps = [reachClusterStep(cluster, context)];
  if (!cluster.gitops) return steps;
  const { server } = await context.connect(await reach(cluster, context));
  if (!isLoopback(server)) refusePaths(cluster, cluster.gitops);
  return [...steps, ...fluxSteps(fluxOptions(cluster, context, cluster.gitops))];
}

function fluxOptions(cluster: ExistingCluster, context: ProvisionerContext, gitops: ResolvedGitops): FluxStepsOptions {
  return {
    clusterName: cluster.name,
    subject: cluster.subject,
    gitops,
    needs: [reachStepId(cluster.name)],
    owner: ownerOf(context.stateId, cluster.name),
    gitDir: join(context.stateDir, 'git', cluster.name),
    keyDir: join(context.stateDir, 'identities', cluster.name),
    registerId: () => Promise.resolve(`existing-${context.stateId}-${cluster.name}`),
    connect: async () => context.connect(await reach(cluster, context)),
    redactor: context.redactor,
    outputs: context.outputs,
    exclude: [context.stateDir],
    undo: 'uninstall',
  };
}

/** @throws SLW-EXI-002 when the kubeconfig leads elsewhere by now; with `--forget` what cannot be reached is given up instead */
async function connectForUndo(undo: UndoContext, cluster: string, context: ProvisionerContext): Promise<KubeClient | undefined> {
  const record = undo.records().get(reachStepId(cluster));
  if (!record) return undefined;
  try {
    return await connectToSame(record, { context, signal: undo.signal });
  } catch (error) {
    undo.signal.throwIfAborted();
    if (undo.options['forget'] !== true || !isSlipwayError(error)) throw error;
    undo.report({
      type: 'finding',
      level: 'warning',
      code: error.code,
      message: `what was put on ${cluster} is forgotten and stays there: ${error.message}`,
    });
    return undefined;
  }
}

/** Folders are served on this machine's loopback address, which only clusters on this machine can fetch from. */
function refusePaths(cluster: ExistingCluster, gitops: ResolvedGitops): void {
  for (const { name, source, at } of gitops.repositories) {
    const address: Address | undefined = source.type === 'git' ? source.address : undefined;
    if (address?.kind !== 'path') continue;
    throw new SlipwayError(
      'SLW-EXI-001',
      `repository ${name} is the path ${address.path}, which cluster ${cluster.name} on another machine cannot fetch`,
      { at, object: cluster.subject },
    );
  }
}

const isLoopback = (server: string): boolean => /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(new URL(server).hostname);

function asExisting(cluster: ResolvedCluster): ExistingCluster {
  if (cluster.provisioner !== 'existing') throw new RangeError(`${cluster.subject} is not existing`);
  return cluster;
}
