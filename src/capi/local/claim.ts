/** Whether a folder belongs to a LocalControlPlane, and taking it: new, again, or over from the copy that owned it before a pivot. */
import { join } from 'node:path';
import { SlipwayError } from '../../core/errors.ts';
import { type LocalCluster, readCluster, refuseCopy } from '../../control-plane/local-cluster.ts';
import { listEntries } from '../../control-plane/process-registry.ts';
import type { Host } from '../../host/host.ts';
import { formatRef, type ObjectRef } from '../../kube/types.ts';
import { type Ownership, readOwnership, writeOwnership } from './ownership.ts';

/** Who asks for a folder. */
export interface Claimant {
  readonly ref: ObjectRef & { readonly uid: string };
  /** spec.clusterID; undefined while it has none. */
  readonly clusterId: string | undefined;
  /** As its annotation says. */
  readonly adoptions: number;
  /** Name of the Cluster. */
  readonly name: string;
  readonly clustersDir: string;
}

export interface FolderState {
  readonly dir: string;
  readonly ownership: Ownership | undefined;
  readonly cluster: LocalCluster | undefined;
}

export const folderOf = (clustersDir: string, name: string): string => join(clustersDir, name);

/**
 * What the folder holds, all of which belongs to the claimant.
 * @throws SLW-CAP-301 it belongs to another one, SLW-LOC-005 it is a copy, SLW-CAP-306, SLW-LOC-006, SLW-LOC-009
 */
export async function inspectFolder(host: Host, claimant: Claimant): Promise<FolderState> {
  const { clustersDir, name, clusterId } = claimant;
  const dir = folderOf(clustersDir, name);
  const [ownership, cluster] = [await readOwnership(host, dir), await readCluster(host, dir)];
  const identities = [ownership, cluster].flatMap((found) => (found ? [found.clusterId] : []));
  const other = identities.find((identity) => identity !== clusterId);
  if (other !== undefined) throw otherIdentity(claimant, `belongs to ${other}`);
  if (identities.length === 0 && (await isTaken(host, dir))) throw otherIdentity(claimant, 'holds something else');
  if (cluster) await refuseCopy(host, dir, cluster);
  else await requireNotElsewhere(host, claimant);
  return { dir, ownership, cluster };
}

/**
 * The number of this take-over, to be written on the claimant before it claims; undefined: nothing is taken over. A copy that was
 * left behind keeps a smaller number for ever.
 */
export function nextAdoption({ ref, adoptions }: Claimant, { ownership }: FolderState): number | undefined {
  if (!ownership || ownership.owner === ref.uid) return undefined;
  return Math.max(adoptions, (ownership.adoptions ?? 0) + 1);
}

/** Makes the claimant the owner. The number never falls, also when somebody took the annotation away. */
export async function claimFolder(
  host: Host,
  claimant: Claimant,
  wish: { readonly state: FolderState; readonly version: string },
): Promise<void> {
  const { ref, clusterId = '', name } = claimant;
  const { dir, ownership } = wish.state;
  const adoptions = Math.max(claimant.adoptions, ownership?.adoptions ?? 0);
  await host.files.mkdir(dir);
  const owner = { owner: ref.uid, ...(adoptions > 0 && { adoptions }) };
  await writeOwnership(host, dir, { format: 1, clusterId, name, namespace: ref.namespace ?? '', ...owner, version: wish.version });
}

/** The same identity may be kept by another state folder of this user, which must not lose its processes to an empty folder here. */
async function requireNotElsewhere(host: Host, claimant: Claimant): Promise<void> {
  const { clusterId, clustersDir, name } = claimant;
  if (clusterId === undefined) return;
  const here = folderOf(await host.files.realpath(clustersDir).catch(() => clustersDir), name);
  const elsewhere = (await listEntries(host, clusterId)).find(({ clusterDir }) => clusterDir !== here);
  if (elsewhere) throw otherIdentity(claimant, `is not where its processes run, which is ${elsewhere.clusterDir}`);
}

/** Files with a dot are what a killed writer leaves. */
async function isTaken(host: Host, dir: string): Promise<boolean> {
  return (await host.files.list(dir)).some((name) => !name.startsWith('.'));
}

function otherIdentity({ ref, clusterId, name, clustersDir }: Claimant, what: string): SlipwayError {
  const own = clusterId === undefined ? 'has no identity yet' : `is ${clusterId}`;
  return new SlipwayError('SLW-CAP-301', `${formatRef(ref)} ${own}, but the folder ${folderOf(clustersDir, name)} ${what}`, {
    object: formatRef(ref),
  });
}
