/** Folder, identity, certificates and kubeconfigs of a local cluster: everything that must be there before a process starts. */
import type { Host } from '../host/host.ts';
import { ensureIdentities } from '../pki/identity-files.ts';
import { type CertificateLives, clusterIdentities, clusterLayout } from './cluster-layout.ts';
import { type ClusterIdentity, ensureKubeconfigs, type LocalCluster, readCluster, writeCluster } from './local-cluster.ts';
import { registryRoot } from './process-registry.ts';

export interface PrepareClusterOptions {
  readonly name: string;
  readonly dir: string;
  /** Its ports count only while the folder remembers none. */
  readonly identity: ClusterIdentity;
  readonly lives?: CertificateLives | undefined;
}

/** Makes or mends it; safe to call again after dying anywhere inside. @throws SLW-LOC-006, SLW-LOC-009, SLW-PKI-001 */
export async function prepareCluster(host: Host, { name, dir: wanted, identity, lives }: PrepareClusterOptions): Promise<LocalCluster> {
  const layout = clusterLayout(wanted);
  await host.files.mkdir(wanted);
  await host.files.chmod(wanted, 0o700);
  const before = await readCluster(host, wanted);
  const dir = await host.files.realpath(wanted);
  const inode = (await host.files.stat(dir))?.ino;
  const cluster: LocalCluster = {
    format: 1,
    name,
    clusterId: identity.clusterId,
    dir,
    ports: before?.ports ?? identity.ports,
    registry: registryRoot(host),
    ...(inode !== undefined && { inode }),
  };
  await writeCluster(host, wanted, cluster);
  await host.files.mkdir(layout.logsDir);
  await ensureIdentities(host, clusterIdentities(name, layout, lives));
  await ensureKubeconfigs(host, layout, cluster);
  return cluster;
}
