/** Control planes as they stand in their folders, without any API server: the one that holds the objects may itself be the dead one. */
import { join } from 'node:path';
import { clusterLayout } from '../../control-plane/cluster-layout.ts';
import { readCluster, refuseCopy, serverUrl } from '../../control-plane/local-cluster.ts';
import type { Host } from '../../host/host.ts';
import { withFolder } from './folder-lock.ts';
import { readOwnership, writeOwnership } from './ownership.ts';
import { pinnedVersion, raiseControlPlane, type RaiseOptions, stoppedComponents } from './raise.ts';

/** A control plane of infrastructure `local`, from its folder and the process register. */
export interface StandingControlPlane {
  /** Name and namespace of its Cluster. */
  readonly name: string;
  readonly namespace: string;
  readonly clusterId: string;
  readonly dir: string;
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly version: string;
  /** `removing`: its object was deleted and the removal was interrupted. */
  readonly state: 'running' | 'stopped' | 'removing';
  /** Components of the control plane that do not run. */
  readonly stopped: readonly string[];
}

export interface EnsureStandingOptions extends RaiseOptions {
  readonly clustersDir: string;
  /** Only these Clusters; default all. */
  readonly names?: readonly string[];
}

/** Reads folders and process register; changes nothing. Folders of other clusters (provisioner local) are not among them. */
export async function observeLocalControlPlanes(host: Host, clustersDir: string): Promise<readonly StandingControlPlane[]> {
  const names = (await host.files.list(clustersDir)).filter((name) => !name.startsWith('.'));
  const found = await Promise.all(names.map((name) => observe(host, join(clustersDir, name))));
  return found.filter((standing) => standing !== undefined);
}

async function observe(host: Host, dir: string): Promise<StandingControlPlane | undefined> {
  const [ownership, cluster] = [await readOwnership(host, dir), await readCluster(host, dir)];
  if (!ownership || cluster?.clusterId !== ownership.clusterId) return undefined;
  const { clusterId, name, namespace, version } = ownership;
  const stopped = await stoppedComponents(host, clusterId);
  const state = ownership.removing ? 'removing' : stopped.length > 0 ? 'stopped' : 'running';
  return {
    name,
    namespace,
    clusterId,
    dir,
    server: serverUrl(cluster),
    kubeconfig: clusterLayout(dir).kubeconfig,
    version,
    state,
    stopped,
  };
}

/**
 * Starts what died and renews what is due, from the folders alone. Control planes that are being removed are left alone.
 * @throws SLW-LOC-001 to -009, SLW-CAP-306, SLW-TCH
 */
export async function ensureLocalControlPlanes(host: Host, options: EnsureStandingOptions): Promise<readonly StandingControlPlane[]> {
  const { clustersDir, names } = options;
  const known = (await observeLocalControlPlanes(host, clustersDir)).filter(({ name }) => names?.includes(name) ?? true);
  return Promise.all(
    known.map(({ name, dir }) => withFolder(host, { clustersDir, name, signal: options.signal }, () => ensureOne(host, dir, options))),
  ).then((all) => all.filter((standing) => standing !== undefined));
}

async function ensureOne(host: Host, dir: string, options: EnsureStandingOptions): Promise<StandingControlPlane | undefined> {
  const [before, cluster, ownership] = [await observe(host, dir), await readCluster(host, dir), await readOwnership(host, dir)];
  if (!before || !cluster || !ownership || before.state === 'removing') return before;
  await refuseCopy(host, dir, cluster);
  const version = await pinnedVersion(host);
  // What runs goes on in the version that its object asks for; what must be started anew can only have the one that is there.
  if (before.state === 'running' && version !== ownership.version) return before;
  await raiseControlPlane(host, { name: before.name, dir, clusterId: before.clusterId }, options);
  if (version !== ownership.version) await writeOwnership(host, dir, { ...ownership, version });
  return observe(host, dir);
}
