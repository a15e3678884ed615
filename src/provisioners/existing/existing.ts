/**
 * Provisioner `existing`: a cluster that is already there, reached by its kubeconfig. Flux and GitOps are put on it and taken off
 * again; the cluster itself is never touched.
 */
import { join } from 'node:path';
import type { ResolvedGitops } from '../../config/resolved-gitops.ts';
import type { ExistingCluster, ResolvedCluster } from '../../config/resolved.ts';
import { isSlipwayError } from '../../core/errors.ts';
import type { Step, UndoContext } from '../../engine/step.ts';
import type { FluxStepsOptions } from '../../flux/step-options.ts';
import { fluxSteps } from '../../flux/steps.ts';
import { ownerOf } from '../../kube/ownership.ts';
import type { KubeClient } from '../../kube/types.ts';
import { attendantLogs, attendantViews } from '../on-this-machine.ts';
import type { Provisioner, ProvisionerContext } from '../provisioner.ts';
import { connectIfKnown, connectToSame, reach, reachClusterStep, reachFromRecord, reachStepId } from '../reach-existing.ts';

export const existingProvisioner: Provisioner = {
  name: 'existing',
  steps: (cluster, context) => Promise.resolve(existingSteps(asExisting(cluster), context)),
  requireInReach: () => Promise.resolve(),
  undoHandlers: () => new Map(),
  connectForUndo,
  kubeconfig: ({ cluster, name, records }, context) => {
    if (cluster?.provisioner === 'existing') return reach(cluster, context);
    const record = records.get(reachStepId(name));
    return record ? reachFromRecord(record, context) : Promise.resolve(undefined);
  },
  cannotRun: () => Promise.resolve(undefined),
  processes: ({ name }, context) => attendantViews(context.host, registerIdOf(name, context)),
  logs: ({ name }, context) => attendantLogs(context.host, gitDirOf(name, context)),
};

const registerIdOf = (name: string, { stateId }: ProvisionerContext): string => `existing-${stateId}-${name}`;
const gitDirOf = (name: string, { stateDir }: ProvisionerContext): string => join(stateDir, 'git', name);

function existingSteps(cluster: ExistingCluster, context: ProvisionerContext): readonly Step[] {
  const steps = [reachClusterStep(cluster, context)];
  return cluster.gitops ? [...steps, ...fluxSteps(fluxOptions(cluster, context, cluster.gitops))] : steps;
}

function fluxOptions(cluster: ExistingCluster, context: ProvisionerContext, gitops: ResolvedGitops): FluxStepsOptions {
  return {
    clusterName: cluster.name,
    subject: cluster.subject,
    gitops,
    needs: [reachStepId(cluster.name)],
    owner: ownerOf(context.stateId, cluster.name),
    gitDir: gitDirOf(cluster.name, context),
    keyDir: join(context.stateDir, 'identities', cluster.name),
    registerId: () => Promise.resolve(registerIdOf(cluster.name, context)),
    connect: () => connectIfKnown(cluster, context),
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

function asExisting(cluster: ResolvedCluster): ExistingCluster {
  if (cluster.provisioner !== 'existing') throw new RangeError(`${cluster.subject} is not existing`);
  return cluster;
}
