/**
 * A local cluster on disk: who it is (`clusterId`, never reused), where it lives, and which ports it has. cluster.json is the
 * only truth about ports; it is durable before a port is used. A copied folder is recognised and left alone.
 */
import { join } from 'node:path';
import { isLabel } from '../core/ids.ts';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { findIdentityFaults } from '../pki/identity-files.ts';
import { clusterIdentities, clusterLayout, type ClusterLayout } from './cluster-layout.ts';
import { ensureKubeconfig, wantedKubeconfig, type KubeconfigWish } from './kubeconfig-file.ts';
import type { ControlPlanePorts } from './control-plane-args.ts';
import { registryRoot } from './process-registry.ts';
import { isControlPlaneAlive, listProcesses } from './processes.ts';

export interface ClusterIdentity {
  readonly clusterId: string;
  readonly ports: ControlPlanePorts;
}

export interface LocalCluster extends ClusterIdentity {
  readonly format: 1;
  readonly name: string;
  /** Real path of the folder when it was prepared. */
  readonly dir: string;
  /** The process register its processes are in; another environment would look for them in vain, and leave them running. */
  readonly registry?: string;
  /** Inode of the folder: it stays when the folder is moved, and is another for a copy. */
  readonly inode?: number;
}

const portNames = ['etcd', 'etcdPeer', 'apiserver', 'controllerManager'] as const satisfies readonly (keyof ControlPlanePorts)[];

/** A fresh identity with four ports that are free now. */
export async function chooseIdentity(host: Host): Promise<ClusterIdentity> {
  const taken = new Set<number>();
  const ports: Record<string, number> = {};
  for (const name of portNames) {
    const port = await host.net.freePort(taken);
    taken.add(port);
    ports[name] = port;
  }
  return { clusterId: Buffer.from(host.random.bytes(10)).toString('hex'), ports: ports as unknown as ControlPlanePorts };
}

/** What cluster.json says; undefined before the first preparation. @throws SLW-LOC-006 when it is damaged, SLW-LOC-009 when its processes are registered elsewhere */
export async function readCluster(host: Host, dir: string): Promise<LocalCluster | undefined> {
  const { clusterFile } = clusterLayout(dir);
  const text = await host.files.readText(clusterFile);
  if (text === undefined) return undefined;
  const cluster = parseCluster(text);
  if (!cluster) throw new SlipwayError('SLW-LOC-006', `cannot read ${clusterFile}`);
  requireRegistry(host, cluster);
  return cluster;
}

function requireRegistry(host: Host, { name, registry }: LocalCluster): void {
  const here = registryRoot(host);
  if (registry === undefined || registry === here) return;
  throw new SlipwayError('SLW-LOC-009', `the processes of ${name} are registered in ${registry}, not in ${here}`, {
    object: `Cluster/${name}`,
    fix: `run it with XDG_STATE_HOME=${join(registry, '..', '..')}`,
  });
}

/** @throws SLW-LOC-008 when the cluster was not prepared */
export async function requireCluster(host: Host, dir: string): Promise<LocalCluster> {
  const cluster = await readCluster(host, dir);
  if (!cluster) throw new SlipwayError('SLW-LOC-008', `no cluster.json in ${dir}`);
  return cluster;
}

/** Writes it when it differs. */
export async function writeCluster(host: Host, dir: string, cluster: LocalCluster): Promise<void> {
  const { clusterFile } = clusterLayout(dir);
  const wanted = `${JSON.stringify(cluster)}\n`;
  if ((await host.files.readText(clusterFile)) !== wanted) await host.files.writeAtomic(clusterFile, wanted);
}

/** @throws SLW-LOC-005 when the folder is a copy and the original, or a process of it, is still there; a moved one is none */
export async function refuseCopy(host: Host, dir: string, cluster: LocalCluster): Promise<void> {
  const here = await host.files.realpath(dir);
  if (cluster.dir === here) return;
  const original = await readCluster(host, cluster.dir);
  if (original === undefined && cluster.inode !== undefined && (await host.files.stat(here))?.ino === cluster.inode) return;
  const alive = (await listProcesses(host, cluster.clusterId)).some((process) => process.state === 'running');
  if (!alive && original?.clusterId !== cluster.clusterId) return;
  throw new SlipwayError('SLW-LOC-005', `${here} is a copy of the local cluster in ${cluster.dir}`, {
    data: { here, original: cluster.dir },
  });
}

/** Takes new free ports for `names`, durably, keeping the others. */
export async function reassignPorts(host: Host, dir: string, names: readonly (keyof ControlPlanePorts)[]): Promise<LocalCluster> {
  const cluster = await requireCluster(host, dir);
  const avoid = new Set<number>(Object.values(cluster.ports));
  const fresh: Record<string, number> = {};
  for (const name of names) {
    const port = await host.net.freePort(avoid);
    avoid.add(port);
    fresh[name] = port;
  }
  const next = { ...cluster, ports: { ...cluster.ports, ...fresh } };
  await writeCluster(host, dir, next);
  return next;
}

export const serverUrl = (cluster: ClusterIdentity): string => `https://127.0.0.1:${cluster.ports.apiserver}`;

/** The kubeconfigs that Slipway keeps for a cluster: the administrator's and the controller manager's. */
export function kubeconfigWishes(layout: ClusterLayout, cluster: LocalCluster): readonly KubeconfigWish[] {
  const common = { cluster: cluster.name, server: serverUrl(cluster), pkiDir: layout.pkiDir };
  return [
    { ...common, path: layout.kubeconfig, pair: 'admin', user: `${cluster.name}-admin` },
    { ...common, path: layout.controllerManagerKubeconfig, pair: 'controller-manager', user: 'system:kube-controller-manager' },
  ];
}

/** Paths of kubeconfigs that are missing or do not fit certificates and ports any more. */
export async function staleKubeconfigs(host: Host, layout: ClusterLayout, cluster: LocalCluster): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const wish of kubeconfigWishes(layout, cluster)) {
    const wanted = await wantedKubeconfig(host, wish);
    if (wanted === undefined || (await host.files.readText(wish.path)) !== wanted) stale.push(wish.path);
  }
  return stale;
}

export async function ensureKubeconfigs(host: Host, layout: ClusterLayout, cluster: LocalCluster): Promise<void> {
  for (const wish of kubeconfigWishes(layout, cluster)) await ensureKubeconfig(host, wish);
}

/** How to reach the API server as administrator, from the certificates themselves; undefined while one of them is missing or expired. */
export async function adminKubeconfig(host: Host, dir: string, cluster: LocalCluster): Promise<string | undefined> {
  const layout = clusterLayout(dir);
  if ((await findIdentityFaults(host, clusterIdentities(cluster.name, layout))).length > 0) return undefined;
  const wish = kubeconfigWishes(layout, cluster).find(({ path }) => path === layout.kubeconfig);
  return wish && wantedKubeconfig(host, wish);
}

/** Administrator's kubeconfig of a cluster that can be asked now; undefined while its control plane is not there or does not run. */
export async function servingKubeconfig(host: Host, dir: string): Promise<string | undefined> {
  const cluster = await readCluster(host, dir);
  const text = cluster && (await adminKubeconfig(host, dir, cluster));
  return cluster && text !== undefined && (await isControlPlaneAlive(host, cluster.clusterId)) ? text : undefined;
}

function parseCluster(text: string): LocalCluster | undefined {
  try {
    const value = JSON.parse(text) as Partial<LocalCluster>;
    const ports = value.ports as Record<string, unknown> | undefined;
    const whole =
      value.format === 1 && isLabel(value.name ?? '') && /^[0-9a-f]{20}$/.test(value.clusterId ?? '') && typeof value.dir === 'string';
    return whole && portNames.every((name) => Number.isInteger(ports?.[name])) ? (value as LocalCluster) : undefined;
  } catch {
    return undefined;
  }
}
