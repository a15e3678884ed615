/**
 * Provisioner `eks`: a private cluster of Amazon EKS by modules/aws-eks, and what Flux applies on it. The module needs AWS alone; whatever
 * follows needs a way to the private API, which the step `eks/reach-cluster` proves first.
 */
import { join } from 'node:path';
import { placeOfRecord } from '../../aws/account.ts';
import { moduleUndo } from '../../cloud/cloud.ts';
import type { ResolvedGitops } from '../../config/resolved-gitops.ts';
import type { EksCluster, ResolvedCluster } from '../../config/resolved.ts';
import { isSlipwayError } from '../../core/errors.ts';
import type { Step, StepContext, UndoContext } from '../../engine/step.ts';
import type { FluxStepsOptions } from '../../flux/step-options.ts';
import { fluxSteps } from '../../flux/steps.ts';
import { ownerOf } from '../../kube/ownership.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { ClusterView, Provisioner, ProvisionerContext } from '../provisioner.ts';
import { clearClusterHandler, sweepCluster } from './clear-cluster.ts';
import { eksStepIds } from './ids.ts';
import { clusterModuleStep, DESTROY_CLUSTER } from './module-step.ts';
import { CLEAR_CLUSTER, connectCluster, connectFromRecords, madeCluster, reachStep } from './reach-step.ts';
import { mapUsersStep, UNMAP_USERS, unmapUsersHandler } from './users-step.ts';
import { kubeconfigOfRun, kubeconfigPath, type MadeCluster, plainKubeconfig } from './way.ts';

export const eksProvisioner: Provisioner = {
  name: 'eks',
  steps: (cluster, context) => Promise.resolve(eksSteps(asEks(cluster), context)),
  requireInReach: () => Promise.resolve(),
  undoHandlers: (context) =>
    new Map([
      [
        DESTROY_CLUSTER,
        moduleUndo(context, {
          before: (undo, place) => sweepCluster(undo, place, context),
          after: (undo, place) => sweepCluster(undo, place, context),
        }),
      ],
      [CLEAR_CLUSTER, clearClusterHandler(context)],
      [UNMAP_USERS, unmapUsersHandler(context)],
    ]),
  connectForUndo,
  kubeconfig: (view, context) => {
    const made = madeOfView(view);
    return Promise.resolve(made && { text: plainKubeconfig(made), path: kubeconfigPath(context, view.name) });
  },
  way: async (view, context, signal) => {
    const made = madeOfView(view);
    const access = view.cluster?.provisioner === 'eks' ? view.cluster.access : undefined;
    return made && { text: await kubeconfigOfRun(made, access, { context, signal }) };
  },
  cannotRun: () => Promise.resolve(undefined),
  processes: () => Promise.resolve([]),
  logs: () => Promise.resolve(new Map()),
};

function eksSteps(cluster: EksCluster, context: ProvisionerContext): readonly Step[] {
  const { awsAuth } = cluster.eks;
  const users = awsAuth ? [mapUsersStep(cluster, awsAuth, context)] : [];
  const flux = cluster.gitops ? fluxSteps(fluxOptions(cluster, context, cluster.gitops)) : [];
  return [clusterModuleStep(cluster, context), reachStep(cluster, context), ...users, ...flux];
}

function fluxOptions(cluster: EksCluster, context: ProvisionerContext, gitops: ResolvedGitops): FluxStepsOptions {
  const { name, subject } = cluster;
  const ids = eksStepIds(name);
  return {
    ...{ clusterName: name, subject, gitops, redactor: context.redactor, outputs: context.outputs },
    needs: [ids.reach],
    owner: ownerOf(context.stateId, name),
    gitDir: join(context.stateDir, 'git', name),
    keyDir: join(context.stateDir, 'identities', name),
    registerId: () => Promise.resolve(`eks-${context.stateId}-${name}`),
    connect: (step) => connectWhenReached(cluster, context, step),
    exclude: [context.stateDir],
    undo: 'uninstall',
  };
}

/** Undefined while the cluster is still to be made or was never reached. */
async function connectWhenReached(cluster: EksCluster, context: ProvisionerContext, step: StepContext): Promise<KubeClient | undefined> {
  const ids = eksStepIds(cluster.name);
  const made = madeCluster(step.outputs(ids.module), cluster.eks);
  if (!made || !step.outputs(ids.reach)) return undefined;
  return (await connectCluster(cluster, context, { made, step, waitMs: 0 })).client;
}

/** A cluster that goes is asked when there is a way to it, so that Flux brings nothing back while it is cleared; without a way it goes all the same. */
async function connectForUndo(undo: UndoContext, cluster: string, context: ProvisionerContext): Promise<KubeClient | undefined> {
  if (!undo.records().has(eksStepIds(cluster).module)) return undefined;
  try {
    return await connectFromRecords(undo, cluster, context);
  } catch (error) {
    undo.signal.throwIfAborted();
    if (undo.options['down'] !== true || !isSlipwayError(error)) throw error;
    return undefined;
  }
}

function madeOfView({ name, cluster, records }: ClusterView): MadeCluster | undefined {
  const module = records.get(eksStepIds(name).module);
  const place = cluster?.provisioner === 'eks' ? cluster.eks : placeOfRecord(module?.intent.choices);
  return place && madeCluster(module?.outputs, place);
}

function asEks(cluster: ResolvedCluster): EksCluster {
  if (cluster.provisioner !== 'eks') throw new RangeError(`${cluster.subject} is not of provisioner eks`);
  return cluster;
}
