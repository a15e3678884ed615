/** The bootstrap cluster of a management cluster, for those who look: while its folder is there. */
import type { ClusterView, Companion, ProvisionerContext } from '../provisioner.ts';
import { folderKubeconfig, processViews } from '../on-this-machine.ts';
import { bootstrapName, clusterDir } from './ids.ts';

/** Only one that Slipway made; a bootstrap cluster that was there before is a document of somebody else. Reads only. */
export async function bootstrapCompanions({ name }: ClusterView, { host, stateDir }: ProvisionerContext): Promise<readonly Companion[]> {
  const companion = bootstrapName(name);
  const dir = clusterDir(stateDir, companion);
  const processes = await processViews(host, dir);
  if (processes.length === 0) return [];
  return [{ name: companion, kubeconfig: await folderKubeconfig(host, dir), processes }];
}
