/**
 * A private place for real local clusters: own process register, own folder, the step driver, and an end that leaves nothing even
 * when a test fails. Binaries come from SLIPWAY_TEST_BIN as `--toolchain`, else from the cache or a build.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterLayout } from '../../src/control-plane/cluster-layout.ts';
import type { ControlPlaneOptions } from '../../src/control-plane/control-plane-options.ts';
import { readCluster } from '../../src/control-plane/local-cluster.ts';
import { listClusterIds } from '../../src/control-plane/process-registry.ts';
import { listProcesses, stopProcess } from '../../src/control-plane/processes.ts';
import type { Host, ProcessIdentity } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/types.ts';

export interface LocalClusterWorld {
  readonly host: Host;
  readonly dir: string;
  options(name: string): ControlPlaneOptions;
  client(name: string): Promise<KubeClient>;
  connect(kubeconfig: string): Promise<KubeClient>;
  /** Identities of a cluster's live processes, by component. */
  alive(name: string): Promise<Readonly<Record<string, ProcessIdentity>>>;
  close(): Promise<void>;
}

export async function createLocalClusterWorld(): Promise<LocalClusterWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-local-'));
  const real = createNodeHost();
  const host: Host = {
    ...real,
    env: { ...real.env, get: (name) => (name === 'XDG_STATE_HOME' ? join(dir, 'state') : real.env.get(name)) },
  };
  const clients: KubeClient[] = [];
  const connect = async (kubeconfig: string): Promise<KubeClient> => {
    const client = await createKubeClient(host, { kubeconfig });
    clients.push(client);
    return client;
  };
  const clusterDir = (name: string): string => join(dir, 'clusters', name);
  return {
    host,
    dir,
    connect,
    options: (clusterName) => ({
      clusterName,
      clusterDir: clusterDir(clusterName),
      subject: `Cluster/${clusterName}`,
      toolchainDir: process.env['SLIPWAY_TEST_BIN'],
    }),
    client: async (name) => connect((await host.files.readText(clusterLayout(clusterDir(name)).kubeconfig)) ?? ''),
    alive: async (name) => {
      const cluster = await readCluster(host, clusterDir(name));
      const states = await listProcesses(host, cluster?.clusterId ?? '-');
      return Object.fromEntries(
        states.flatMap(({ component, identity, state }) => (state === 'running' && identity ? [[component, identity]] : [])),
      );
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
      for (const clusterId of await listClusterIds(host)) {
        for (const { component } of await listProcesses(host, clusterId)) await stopProcess(host, { clusterId, component });
      }
      await rm(dir, { recursive: true, force: true });
    },
  };
}
