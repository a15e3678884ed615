/** What Flux says of one cluster, as status nodes and causes. */
import type { StatusNode } from '../core/status-node.ts';
import type { Cause } from '../flux/cause.ts';
import { createLocator } from '../flux/locate.ts';
import { FLUX_NAMESPACE, SOURCE_API } from '../flux/source.ts';
import { readGitopsStatus } from '../flux/status.ts';
import type { KubeClient } from '../kube/types.ts';
import type { KnownCluster } from './clusters.ts';
import type { ProjectStatus } from './operations.ts';
import type { Workspace } from './workspace.ts';

export interface GitopsLook {
  readonly cluster: KnownCluster;
  readonly workspace: Workspace;
  readonly signal: AbortSignal;
}

/** Nothing for a cluster without GitOps, or whose document is gone. */
export async function gitopsStatus(
  client: KubeClient,
  look: GitopsLook,
): Promise<{ readonly nodes: readonly StatusNode[]; readonly causes: ProjectStatus['causes'] }> {
  const { view, provisioner } = look.cluster;
  const gitops = view.cluster?.gitops;
  if (!view.cluster || !gitops) return { nodes: [], causes: [] };
  const { context } = look.workspace;
  const sources = gitops.repositories.map(({ name, source }) => ({
    apiVersion: SOURCE_API,
    kind: source.type === 'oci' ? 'OCIRepository' : 'GitRepository',
    namespace: FLUX_NAMESPACE,
    name,
  }));
  const declared = gitops.repositories.flatMap(({ kustomizations }) => kustomizations.map(({ name }) => name));
  const cannotRun = await provisioner.cannotRun(view.cluster, context);
  const status = await readGitopsStatus(client, { sources, declared, signal: look.signal, ...(cannotRun && { cannotRun }) });
  const locate = createLocator(context.host, { gitops });
  return { nodes: status.sources, causes: await Promise.all(status.causes.map((cause) => toCause(cause, locate))) };
}

async function toCause(cause: Cause, locate: ReturnType<typeof createLocator>): Promise<ProjectStatus['causes'][number]> {
  const { object, reason, message } = cause;
  const file = cause.file ?? (await locate(cause).catch(() => undefined));
  return { object, reason, message, ...(file !== undefined && { file }) };
}
