/** What Flux says of one cluster, as status nodes. */
import type { KubeClient } from '../kube/types.ts';
import type { ClusterView } from '../provisioners/provisioner.ts';
import type { ProjectStatus, StatusNode } from './operations.ts';
import type { Workspace } from './workspace.ts';

export interface GitopsLook {
  readonly cluster: ClusterView;
  readonly workspace: Workspace;
  readonly signal: AbortSignal;
}

export async function gitopsStatus(client: KubeClient, { signal }: GitopsLook): Promise<{ readonly nodes: readonly StatusNode[]; readonly causes: ProjectStatus['causes'] }> {
  await client.raw('/readyz', signal);
  return { nodes: [], causes: [] };
}
