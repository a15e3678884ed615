/**
 * Provisioner `existing`: a cluster that is already there, reached by its kubeconfig. Flux and GitOps are put on it and taken off
 * again; the cluster itself is never touched.
 */
import type { ExistingCluster, ResolvedCluster } from '../../config/resolved.ts';
import { resolveKubeconfig } from '../../config/references.ts';
import type { Step } from '../../engine/step.ts';
import type { KubeconfigSource, Provisioner, ProvisionerContext } from '../provisioner.ts';

export const existingProvisioner: Provisioner = {
  name: 'existing',
  steps: (cluster, context) => existingSteps(asExisting(cluster), context),
  undoHandlers: () => new Map(),
  kubeconfig: ({ cluster }, context) => (cluster?.provisioner === 'existing' ? reach(cluster, context) : Promise.resolve(undefined)),
  processes: () => Promise.resolve([]),
  logs: () => Promise.resolve(new Map()),
};

function existingSteps(_cluster: ExistingCluster, _context: ProvisionerContext): Promise<readonly Step[]> {
  return Promise.resolve([]);
}

async function reach(cluster: ExistingCluster, context: ProvisionerContext): Promise<KubeconfigSource> {
  const { kubeconfig, context: name } = cluster.existing;
  const { text, path } = await resolveKubeconfig(context.host, kubeconfig, { redactor: context.redactor, outputs: context.outputs });
  return { text, ...(path !== undefined && { path }), ...(name !== undefined && { context: name }) };
}

function asExisting(cluster: ResolvedCluster): ExistingCluster {
  if (cluster.provisioner !== 'existing') throw new RangeError(`${cluster.subject} is not existing`);
  return cluster;
}
