/** Clusters that Cluster API makes, put where a person looks for them: under their own node, or as foreign under who manages them. */
import { describeClusters } from '../capi/describe/describe.ts';
import type { ClusterDescription } from '../capi/describe/description.ts';
import { CLUSTER } from '../capi/words.ts';
import type { ResolvedCluster } from '../config/resolved.ts';
import { isSlipwayError } from '../core/errors.ts';
import type { StatusNode } from '../core/status-node.ts';
import type { KubeClient } from '../kube/types.ts';
import type { ProjectStatus } from './operations.ts';

/** What one cluster tells about the Clusters it manages. */
export interface Managed {
  /** Name of the cluster that was asked. */
  readonly by: string;
  readonly clusters: readonly ClusterDescription[];
}

export interface ManagedLook {
  readonly by: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** Nothing where Cluster API is not installed. */
export async function readManaged(client: KubeClient, { by, nowMs, signal }: ManagedLook): Promise<Managed> {
  const serves = await client.serves(CLUSTER, signal).catch(unlessUnknown);
  if (!serves) return { by, clusters: [] };
  return { by, clusters: await describeClusters(client, { signal, nowMs }) };
}

/** Simulated API servers know a few groups and answer with an error for every other. */
function unlessUnknown(thrown: unknown): false {
  if (!isSlipwayError(thrown) || thrown.code !== 'SLW-KUB-013') throw thrown;
  return false;
}

/** The description that speaks for a cluster of the project: a pivot leaves a paused copy behind, so that who is not paused knows better. */
export function descriptionOf(cluster: ResolvedCluster, managed: readonly Managed[]): ClusterDescription | undefined {
  if (cluster.provisioner !== 'capi') return undefined;
  const namespace = namespaceOf(cluster);
  const found = managed.flatMap(({ by, clusters }) =>
    clusters.filter((one) => one.name === cluster.name && one.namespace === namespace).map((one) => ({ by, one })),
  );
  const rank = ({ by, one }: (typeof found)[number]): number => (one.paused ? 2 : 0) + (by === cluster.name ? 0 : 1);
  return found.toSorted((a, b) => rank(a) - rank(b))[0]?.one;
}

const namespaceOf = (cluster: ResolvedCluster & { readonly provisioner: 'capi' }): string => cluster.capi.namespace;

/** Clusters that a cluster manages and that no document of the project speaks of. */
export function foreignNodes({ clusters }: Managed, own: readonly ResolvedCluster[]): readonly StatusNode[] {
  const known = new Set(own.flatMap((cluster) => (cluster.provisioner === 'capi' ? [`${namespaceOf(cluster)}/${cluster.name}`] : [])));
  return clusters
    .filter(({ namespace, name }) => !known.has(`${namespace}/${name}`))
    .map(({ namespace, name, tree, causes }) => {
      const [cause] = causes;
      const why = cause && { reason: cause.reason, message: `${cause.object}: ${cause.message}` };
      return { ...tree, name: `${namespace}/${name}`, ...why, facts: { ...tree.facts, foreign: 'not of this project' } };
    });
}

/** Its own causes, as the project lists them. */
export function causesOfDescription({ causes }: ClusterDescription): ProjectStatus['causes'] {
  return causes.map(({ object, reason, message }) => ({ object, reason, message }));
}
