import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localProviderObjects } from '../../src/capi/local/definitions.ts';
import { CONTROL_PLANE_FINALIZER } from '../../src/capi/local/objects.ts';
import { PAUSED_ANNOTATION } from '../../src/capi/words.ts';
import { applyObjects } from '../../src/kube/apply.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient, KubeObject, ObjectRef } from '../../src/kube/types.ts';
import {
  clusterIdOf,
  clusterRef,
  conditionOf,
  controlPlaneRef,
  coreDefinitions,
  createLocalInfrastructureWorld,
  define,
  kubeconfigRef,
  localClusterRef,
  type LocalInfrastructureWorld,
  type Management,
  never,
  publishedKubeconfig,
} from '../support/local-infrastructure-world.ts';

let world: LocalInfrastructureWorld;
let source: Management;
let target: Management;
const patient = { timeout: 60_000, interval: 100 };

beforeAll(async () => {
  world = await createLocalInfrastructureWorld();
  [source, target] = await Promise.all([world.management(), world.management()]);
  await define(source.client, 'shop', { version: world.version, owned: true });
  await world.infrastructure(source).converge(never());
});
afterAll(() => world.close());

const pause = (client: KubeClient, name: string, paused: boolean): Promise<KubeObject> =>
  client.mergePatch(clusterRef(name), { spec: { paused } });

async function copyOf(from: KubeClient, ref: ObjectRef): Promise<KubeObject> {
  const found = await from.get(ref);
  if (!found) throw new Error(`no ${ref.kind}`);
  const { name, namespace, labels, annotations, finalizers } = found.metadata;
  const metadata = { name, ...(namespace && { namespace }), ...(labels && { labels }), ...(annotations && { annotations }) };
  const { status: _, ...rest } = found;
  return { ...rest, apiVersion: found.apiVersion, kind: found.kind, metadata: { ...metadata, ...(finalizers && { finalizers }) } };
}

/** What a pivot does with the objects of one cluster: paused copies, owners mapped, no status. */
async function copyPaused(from: KubeClient, to: KubeClient, name: string): Promise<void> {
  const cluster = await to.create(await copyOf(from, clusterRef(name)));
  const owned = async (ref: ObjectRef, owner: KubeObject): Promise<KubeObject> => {
    const copy = await copyOf(from, ref);
    const { apiVersion, kind, metadata } = owner;
    const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: kind !== 'Cluster' }];
    return to.create({ ...copy, metadata: { ...copy.metadata, ownerReferences } });
  };
  await owned(localClusterRef(name), cluster);
  await owned(kubeconfigRef(name), await owned(controlPlaneRef(name), cluster));
}

describe('paused objects', () => {
  it('are left alone, deleted or not, and say since which generation', async () => {
    const { client } = source;
    const before = await world.alive(await clusterIdOf(client, 'shop'));
    expect(Object.keys(before)).toHaveLength(3);
    await pause(client, 'shop', true);
    await world.infrastructure(source).converge(never());
    for (const ref of [controlPlaneRef('shop'), localClusterRef('shop')]) {
      const { generation } = (await client.get(ref))?.metadata ?? {};
      expect(await conditionOf(client, ref, 'Paused')).toMatchObject({ status: 'True', reason: 'Paused', observedGeneration: generation });
    }
    await copyPaused(client, target.client, 'shop');
    await client.delete(controlPlaneRef('shop'));
    await world.infrastructure(source).converge(never());
    await world.infrastructure(target).converge(never());
    expect(await world.alive(await clusterIdOf(client, 'shop'))).toEqual(before);
  });

  it('may also be one object with the annotation', async () => {
    const { client } = target;
    await client.mergePatch(localClusterRef('shop'), { metadata: { annotations: { [PAUSED_ANNOTATION]: 'true' } } });
    await world.infrastructure(target).converge(never());
    expect((await conditionOf(client, localClusterRef('shop'), 'Paused'))?.message).toContain('LocalCluster has the');
    await client.mergePatch(localClusterRef('shop'), { metadata: { annotations: { [PAUSED_ANNOTATION]: null } } });
  });
});

describe('after a pivot', () => {
  it('the copy adopts the very processes that run', async () => {
    const before = await world.alive(await clusterIdOf(source.client, 'shop'));
    await pause(target.client, 'shop', false);
    await world.infrastructure(target).converge(never());
    expect(await world.alive(await clusterIdOf(target.client, 'shop'))).toEqual(before);
    const controlPlane = await target.client.get(controlPlaneRef('shop'));
    expect(controlPlane?.metadata.annotations).toMatchObject({ 'infrastructure.slipway.dev/adoptions': '1' });
    expect(controlPlane?.['status']).toMatchObject({ initialization: { controlPlaneInitialized: true } });
    expect((await target.client.get(kubeconfigRef('shop')))?.metadata.ownerReferences).toMatchObject([{ uid: controlPlane?.metadata.uid }]);
    expect(await conditionOf(target.client, controlPlaneRef('shop'), 'Paused')).toMatchObject({ status: 'False' });
  });

  it('the copy left behind ends nothing, even when it is let loose and deleted', async () => {
    const before = await world.alive(await clusterIdOf(target.client, 'shop'));
    await pause(source.client, 'shop', false);
    await expect(world.infrastructure(source).converge(never())).rejects.toMatchObject({ code: 'SLW-CAP-304' });
    expect(await conditionOf(source.client, controlPlaneRef('shop'), 'Deleting')).toMatchObject({ reason: 'Refused' });
    expect((await source.client.get(controlPlaneRef('shop')))?.metadata.finalizers).toEqual([CONTROL_PLANE_FINALIZER]);
    expect(await world.alive(await clusterIdOf(target.client, 'shop'))).toEqual(before);
    await world.infrastructure(target).converge(never());
    await pause(source.client, 'shop', true);
  });

  it('a Cluster with a tombstone is left alone although nobody paused it', async () => {
    await source.client.mergePatch(clusterRef('shop'), {
      metadata: { annotations: { 'slipway.dev/pivoted-to': 'other uid' } },
      spec: { paused: false },
    });
    await world.infrastructure(source).converge(never());
    expect((await conditionOf(source.client, controlPlaneRef('shop'), 'Paused'))?.message).toContain('moved');
  });
});

describe('an object that does not fit the folder is refused', () => {
  it('without an identity', async () => {
    const { client } = target;
    await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } });
    const before = await world.alive(await clusterIdOf(client, 'shop'));
    await define(client, 'shop', { version: world.version, owned: true, namespace: 'other' });
    await expect(world.infrastructure(target).converge(never())).rejects.toMatchObject({ code: 'SLW-CAP-301' });
    const other = { ...controlPlaneRef('shop'), namespace: 'other' };
    expect(await conditionOf(client, other, 'Available')).toMatchObject({ status: 'False', reason: 'Refused' });
    expect((await client.get(other))?.['spec']).toEqual({ version: world.version });
    expect(await world.alive(await clusterIdOf(client, 'shop'))).toEqual(before);
    for (const ref of [other, { ...localClusterRef('shop'), namespace: 'other' }, { ...clusterRef('shop'), namespace: 'other' }])
      await client.delete(ref);
    await expect.poll(() => client.get(other), patient).toBeUndefined();
  });

  it('from another state folder, which holds none of its processes', async () => {
    const before = await world.alive(await clusterIdOf(target.client, 'shop'));
    const elsewhere = world.infrastructure(target, { clustersDir: join(world.dir, 'elsewhere') });
    await expect(elsewhere.converge(never())).rejects.toMatchObject({ code: 'SLW-CAP-301' });
    expect(await world.host.files.stat(join(world.dir, 'elsewhere', 'shop'))).toBeUndefined();
    expect(await world.alive(await clusterIdOf(target.client, 'shop'))).toEqual(before);
  });

  it('with another Kubernetes version', async () => {
    await define(target.client, 'old', { version: 'v1.20.0', owned: true });
    await expect(world.infrastructure(target).converge(never())).rejects.toMatchObject({ code: 'SLW-CAP-302' });
    expect((await conditionOf(target.client, controlPlaneRef('old'), 'Available'))?.message).toContain('SLW-CAP-302');
    await target.client.delete(controlPlaneRef('old'));
    await world.infrastructure(target).converge(never());
  });

  it('by the server itself when it changes its identity', async () => {
    await expect(target.client.mergePatch(controlPlaneRef('shop'), { spec: { clusterID: '0'.repeat(20) } })).rejects.toThrow(
      'names processes that run',
    );
    await expect(target.client.mergePatch(controlPlaneRef('shop'), { spec: { version: '1.36' } })).rejects.toThrow('spec.version');
  });
});

describe('a cluster that manages itself', () => {
  it('never ends itself', async () => {
    const { host } = world;
    const own = await createKubeClient(host, { kubeconfig: await publishedKubeconfig(target.client, 'shop') });
    await applyObjects(own, [...(await coreDefinitions()), ...localProviderObjects()], { host });
    await pause(target.client, 'shop', true);
    await copyPaused(target.client, own, 'shop');
    await pause(own, 'shop', false);
    const itself = world.infrastructure({ client: own });
    await itself.converge(never());
    const before = await world.alive(await clusterIdOf(own, 'shop'));
    await own.delete(controlPlaneRef('shop'));
    await expect(itself.converge(never())).rejects.toMatchObject({ code: 'SLW-CAP-305' });
    expect(await world.alive(await clusterIdOf(own, 'shop'))).toEqual(before);
    await own.close();
  });

  it('is ended by an heir that had no time to adopt it, and nothing is left', async () => {
    const { client } = await world.management();
    const own = await createKubeClient(world.host, { kubeconfig: await publishedKubeconfig(target.client, 'shop') });
    const clusterId = await clusterIdOf(own, 'shop');
    await copyPaused(own, client, 'shop');
    await own.close();
    await client.delete(controlPlaneRef('shop'));
    await pause(client, 'shop', false);
    await world.infrastructure({ client }).converge(never());
    expect(await client.get(controlPlaneRef('shop'))).toBeUndefined();
    expect(await world.alive(clusterId)).toEqual({});
    expect(await world.host.files.list(world.clustersDir)).toEqual([]);
  });
});
