/** The end of a control plane: its processes, every other process of its cluster, its folder, its entries in the register. */
import { join } from 'node:path';
import { SlipwayError } from '../../core/errors.ts';
import { clusterLayout } from '../../control-plane/cluster-layout.ts';
import { clusterRegistry, listEntries } from '../../control-plane/process-registry.ts';
import { listProcesses, stopProcess } from '../../control-plane/processes.ts';
import type { Host } from '../../host/host.ts';
import { createKubeClient } from '../../kube/client.ts';
import { formatRef, type KubeClient } from '../../kube/types.ts';
import { type Claimant, folderOf, inspectFolder } from './claim.ts';
import { removeFolderLock } from './folder-lock.ts';
import { type Ownership, readOwnership, writeOwnership } from './ownership.ts';

/** A folder under this name has lost its processes and is about to be removed. */
const condemnedFolder = (clustersDir: string, clusterId: string): string => join(clustersDir, `.removing-${clusterId}`);

/** It holds no state, and waits long for watchers and for an etcd that is gone. */
const APISERVER_GRACE_MS = 1_500;

/**
 * Ends what belongs to the claimant, if it is the owner. Safe to call again after dying anywhere inside: what is recognised as
 * condemned stays so. The caller holds the folder's lock.
 * @throws SLW-CAP-304 another object adopted the processes, SLW-CAP-305 the control plane is the one that is asked, SLW-CAP-301
 */
export async function removeControlPlane(host: Host, claimant: Claimant, client: KubeClient): Promise<void> {
  const { clusterId, clustersDir, name } = claimant;
  if (clusterId === undefined) return;
  const condemned = condemnedFolder(clustersDir, clusterId);
  const { dir, ownership, cluster } = await inspectFolder(host, claimant);
  requireOwner(claimant, ownership ?? (await readOwnership(host, condemned)), cluster !== undefined);
  if (ownership) {
    if (ownership.removing !== true) {
      await refuseItself(host, dir, { client, claimant });
      await writeOwnership(host, dir, { ...ownership, removing: true });
    }
    await stopAll(host, clusterId);
    await host.files.rename(dir, condemned);
  } else await stopAll(host, clusterId);
  await host.files.remove(condemned);
  await host.files.remove(folderOf(clustersDir, name));
  await removeFolderLock(host, clustersDir, name);
}

/** A cluster whose ownership was never written down is nobody's of ours. */
function requireOwner({ ref, clusterId = '', adoptions }: Claimant, ownership: Ownership | undefined, hasCluster: boolean): void {
  if (ownership ? isOwnerOrHeir(ownership, { uid: ref.uid, adoptions }) : !hasCluster) return;
  const who = ownership ? `the object with uid ${ownership.owner}` : 'something else';
  throw new SlipwayError('SLW-CAP-304', `${formatRef(ref)} is deleted, but ${who} owns the control plane ${clusterId}`, {
    object: formatRef(ref),
  });
}

/** An heir is a copy of the owner that had no time to adopt; a copy from before the owner's own adoption is none. */
function isOwnerOrHeir(
  { owner, adoptions: adopted = 0 }: Ownership,
  { uid, adoptions }: { readonly uid: string; readonly adoptions: number },
): boolean {
  return owner === uid || adoptions >= adopted;
}

/** The namespace kube-system is made once in the life of a cluster: its uid names it. */
async function refuseItself(
  host: Host,
  dir: string,
  { client, claimant }: { readonly client: KubeClient; readonly claimant: Claimant },
): Promise<void> {
  const kubeconfig = await host.files.readText(clusterLayout(dir).kubeconfig);
  if (kubeconfig === undefined) return;
  const own = await createKubeClient(host, { kubeconfig });
  try {
    const bound = host.clock.timeout(ITSELF_BOUND_MS);
    const [here, there] = await Promise.all([
      client.get(KUBE_SYSTEM, bound),
      own.get(KUBE_SYSTEM, bound).catch(() => undefined), // Who does not answer is not the one that just spoke to us.
    ]);
    if (there !== undefined && here?.metadata.uid === there.metadata.uid)
      throw new SlipwayError('SLW-CAP-305', `${formatRef(claimant.ref)} is deleted on the API server that it stands for`, {
        object: formatRef(claimant.ref),
      });
  } finally {
    await own.close();
  }
}

const KUBE_SYSTEM = { apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' };
const ITSELF_BOUND_MS = 5_000;

/** Clients before servers. */
async function stopAll(host: Host, clusterId: string): Promise<void> {
  const last = ['kube-apiserver', 'etcd'];
  const components = (await listProcesses(host, clusterId)).map(({ component }) => component);
  await Promise.all(
    components.filter((component) => !last.includes(component)).map((component) => stopProcess(host, { clusterId, component })),
  );
  await stopProcess(host, { clusterId, component: 'kube-apiserver' }, APISERVER_GRACE_MS);
  await stopProcess(host, { clusterId, component: 'etcd' });
  // What a writer that was killed left beside the entries.
  if ((await listEntries(host, clusterId)).length === 0) await host.files.remove(clusterRegistry(host, clusterId));
}
