import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observeLocalControlPlanes } from '../../src/capi/local/standing.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { ObjectRef } from '../../src/kube/types.ts';
import {
  clusterIdOf,
  clusterRef,
  conditionOf,
  controlPlaneRef,
  createLocalInfrastructureWorld,
  define,
  endpointOf,
  kubeconfigRef,
  localClusterRef,
  type LocalInfrastructureWorld,
  type Management,
  never,
  publishedKubeconfig,
} from '../support/local-infrastructure-world.ts';

/** Polls as long as a loaded machine needs. */
const patient = { timeout: 240_000, interval: 250 };
let world: LocalInfrastructureWorld;
let management: Management;

beforeAll(async () => {
  world = await createLocalInfrastructureWorld();
  management = await world.management({ core: true });
});
afterAll(() => world.close());

const statusOf = async (ref: ObjectRef, type: string): Promise<string | undefined> =>
  (await conditionOf(management.client, ref, type))?.status;

describe('with the core controllers of Cluster API', () => {
  it('a Cluster of processes becomes Available, reached through its kubeconfig Secret', async () => {
    const { client } = management;
    const stop = new AbortController();
    const watching = world.infrastructure(management).watch(stop.signal);
    await define(client, 'shop', { version: world.version, owned: false });
    await expect.poll(() => statusOf(clusterRef('shop'), 'RemoteConnectionProbe'), patient).toBe('True');
    await expect.poll(() => statusOf(clusterRef('shop'), 'Available'), patient).toBe('True');
    stop.abort();
    await watching;
    const cluster = await client.get(clusterRef('shop'));
    expect(cluster?.['status']).toMatchObject({
      phase: 'Provisioned',
      initialization: { infrastructureProvisioned: true, controlPlaneInitialized: true },
      controlPlane: { versions: [{ version: world.version }] },
    });
    expect(await endpointOf(client, clusterRef('shop'))).toEqual(await endpointOf(client, localClusterRef('shop')));
    expect((await client.get(controlPlaneRef('shop')))?.['status']).toMatchObject({
      externalManagedControlPlane: true,
      version: world.version,
      initialization: { controlPlaneInitialized: true },
    });
  });

  it('the kubeconfig Secret opens the control plane, and folder and register know it', async () => {
    const { client } = management;
    const secret = await client.get(kubeconfigRef('shop'));
    expect(secret).toMatchObject({
      type: 'cluster.x-k8s.io/secret',
      metadata: { labels: { 'cluster.x-k8s.io/cluster-name': 'shop' }, ownerReferences: [{ kind: 'LocalControlPlane', controller: true }] },
    });
    const shop = await createKubeClient(world.host, { kubeconfig: await publishedKubeconfig(client, 'shop') });
    expect((await shop.raw('/readyz')).status).toBe(200);
    await shop.close();
    const clusterId = await clusterIdOf(client, 'shop');
    expect(Object.keys(await world.alive(clusterId))).toEqual(['etcd', 'kube-apiserver', 'kube-controller-manager']);
    expect(await observeLocalControlPlanes(world.host, world.clustersDir)).toMatchObject([
      { name: 'shop', namespace: 'default', clusterId, state: 'running', stopped: [], version: world.version },
    ]);
  });

  it('converging again writes nothing and starts nothing', async () => {
    const { client } = management;
    const infrastructure = world.infrastructure(management);
    await infrastructure.converge(never());
    const before = [await client.get(controlPlaneRef('shop')), await client.get(localClusterRef('shop'))];
    const alive = await world.alive(await clusterIdOf(client, 'shop'));
    await infrastructure.converge(never());
    expect([await client.get(controlPlaneRef('shop')), await client.get(localClusterRef('shop'))]).toEqual(before);
    expect(await world.alive(await clusterIdOf(client, 'shop'))).toEqual(alive);
  });

  it('deleting the Cluster ends the processes and leaves no file, no register entry and no Secret', async () => {
    const { client } = management;
    const clusterId = await clusterIdOf(client, 'shop');
    const stop = new AbortController();
    const watching = world.infrastructure(management).watch(stop.signal);
    await client.delete(clusterRef('shop'));
    await expect.poll(() => client.get(clusterRef('shop')), patient).toBeUndefined();
    stop.abort();
    await watching;
    expect(await client.get(controlPlaneRef('shop'))).toBeUndefined();
    expect(await client.get(localClusterRef('shop'))).toBeUndefined();
    expect(await world.alive(clusterId)).toEqual({});
    expect(await world.host.files.list(world.clustersDir)).toEqual([]);
    expect(await world.host.files.list(`${world.dir}/state/slipway/processes`)).toEqual([]);
    await expect.poll(() => client.get(kubeconfigRef('shop')), patient).toBeUndefined();
  });
});
