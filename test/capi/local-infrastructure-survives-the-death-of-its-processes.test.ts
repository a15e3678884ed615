import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureLocalControlPlanes, observeLocalControlPlanes } from '../../src/capi/local/standing.ts';
import { clusterLayout } from '../../src/control-plane/cluster-layout.ts';
import { requireCluster } from '../../src/control-plane/local-cluster.ts';
import type { Host } from '../../src/host/host.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { fingerprintOf } from '../../src/pki/certificates.ts';
import {
  clusterIdOf,
  clusterRef,
  conditionOf,
  controlPlaneRef,
  createLocalInfrastructureWorld,
  define,
  endpointOf,
  localClusterRef,
  type LocalInfrastructureWorld,
  type Management,
  never,
  publishedKubeconfig,
} from '../support/local-infrastructure-world.ts';

const HOUR = 3_600_000;
const patient = { timeout: 120_000, interval: 100 };
const lives = { leafLifeMs: HOUR };
let world: LocalInfrastructureWorld;
let management: Management;
let dir: string;

const converge = (): Promise<void> => world.infrastructure(management, { certificateLives: lives }).converge(never());
const portsOf = async (): Promise<unknown> => (await requireCluster(world.host, dir)).ports;

async function alive(): Promise<Readonly<Record<string, { readonly pid: number }>>> {
  return world.alive(await clusterIdOf(management.client, 'shop'));
}

/** Until those very processes are gone: a watch may have others in their place by then. */
async function killAll(): Promise<void> {
  const victims = Object.values(await world.alive(await clusterIdOf(management.client, 'shop')));
  for (const identity of victims) await world.host.processes.signal(identity, 'SIGKILL');
  for (const identity of victims) await expect.poll(() => world.host.processes.isAlive(identity), patient).toBe(false);
}

async function reachable(): Promise<number> {
  const client = await createKubeClient(world.host, { kubeconfig: await publishedKubeconfig(management.client, 'shop') });
  try {
    return (await client.raw('/readyz')).status;
  } finally {
    await client.close();
  }
}

/** Made three quarters of an hour ago, with certificates that live for one: still good, and due. */
beforeAll(async () => {
  world = await createLocalInfrastructureWorld();
  dir = join(world.clustersDir, 'shop');
  management = await world.management();
  await define(management.client, 'shop', { version: world.version, owned: true });
  const earlier: Host = { ...world.host, clock: { ...world.host.clock, now: () => world.host.clock.now() - 0.75 * HOUR } };
  await world.infrastructure(management, { host: earlier, certificateLives: lives }).converge(never());
});
afterAll(() => world.close());

it('certificates in their last third are renewed, and the kubeconfig Secret follows', async () => {
  const admin = async (): Promise<string> => fingerprintOf((await world.host.files.readText(clusterLayout(dir).cert('admin'))) ?? '');
  const before = { admin: await admin(), kubeconfig: await publishedKubeconfig(management.client, 'shop') };
  await converge();
  expect(await admin()).not.toBe(before.admin);
  const after = await publishedKubeconfig(management.client, 'shop');
  expect(after).not.toBe(before.kubeconfig);
  expect(after).toBe(await world.host.files.readText(clusterLayout(dir).kubeconfig));
  expect(await reachable()).toBe(200);
});

describe('processes that died', () => {
  it('are started again by a watch, on the same ports', async () => {
    const before = await portsOf();
    const stop = new AbortController();
    const watching = world.infrastructure(management, { certificateLives: lives }).watch(stop.signal);
    await expect
      .poll(async () => (await conditionOf(management.client, controlPlaneRef('shop'), 'Available'))?.status, patient)
      .toBe('True');
    const killed = Object.values(await alive()).map(({ pid }) => pid);
    await killAll();
    await expect.poll(async () => Object.values(await alive()).filter(({ pid }) => !killed.includes(pid)).length, patient).toBe(3);
    stop.abort();
    await watching;
    await converge();
    expect(await portsOf()).toEqual(before);
    expect(await reachable()).toBe(200);
  });

  it('are seen and started from the folder alone, without the API server that holds the object', async () => {
    await killAll();
    const stopped = ['etcd', 'kube-apiserver', 'kube-controller-manager'];
    expect(await observeLocalControlPlanes(world.host, world.clustersDir)).toMatchObject([{ name: 'shop', state: 'stopped', stopped }]);
    await management.server.kill();
    const options = {
      clustersDir: world.clustersDir,
      timeoutMs: 300_000,
      signal: never(),
      report: () => undefined,
      certificateLives: lives,
    };
    expect(await ensureLocalControlPlanes(world.host, options)).toMatchObject([{ name: 'shop', state: 'running', stopped: [] }]);
    const [{ clusterId } = { clusterId: '-' }] = await observeLocalControlPlanes(world.host, world.clustersDir);
    const running = await world.alive(clusterId);
    expect(Object.keys(running)).toEqual(stopped);
    expect(await ensureLocalControlPlanes(world.host, { ...options, names: ['other'] })).toEqual([]);
    await ensureLocalControlPlanes(world.host, options);
    expect(await world.alive(clusterId)).toEqual(running);
    await management.server.start();
  });

  it('get new ports when others took theirs, and endpoint, Cluster and kubeconfig follow', async () => {
    const { client } = management;
    const { ports } = await requireCluster(world.host, dir);
    await client.mergePatch(clusterRef('shop'), { spec: { controlPlaneEndpoint: { host: '127.0.0.1', port: ports.apiserver } } });
    await killAll();
    const squatters = await Promise.all([ports.etcd, ports.apiserver].map(occupy));
    try {
      await converge();
      const after = (await requireCluster(world.host, dir)).ports;
      expect(after.apiserver).not.toBe(ports.apiserver);
      const endpoint = { host: '127.0.0.1', port: after.apiserver };
      expect(await endpointOf(client, localClusterRef('shop'))).toEqual(endpoint);
      expect(await endpointOf(client, clusterRef('shop'))).toEqual(endpoint);
      expect(await reachable()).toBe(200);
    } finally {
      for (const server of squatters) server.close();
    }
  });
});

it('a control plane whose folder was taken away does not become a new, empty one', async () => {
  await killAll();
  await world.host.files.rename(dir, join(world.dir, 'taken-away'));
  await world.host.files.remove(join(world.dir, 'state', 'slipway', 'processes', await clusterIdOf(management.client, 'shop')));
  await expect(converge()).rejects.toMatchObject({ code: 'SLW-CAP-309' });
  expect(await world.host.files.stat(dir)).toBeUndefined();
  expect((await conditionOf(management.client, controlPlaneRef('shop'), 'Available'))?.message).toContain('SLW-CAP-309');
});

function occupy(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
