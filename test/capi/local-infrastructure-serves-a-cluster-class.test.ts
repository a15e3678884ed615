import { afterAll, beforeAll, expect, it } from 'vitest';
import { observeLocalControlPlanes } from '../../src/capi/local/standing.ts';
import { CLUSTER, CLUSTER_CLASS, LOCAL_API, LOCAL_CLUSTER, LOCAL_CONTROL_PLANE } from '../../src/capi/words.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import {
  clusterRef,
  conditionOf,
  createLocalInfrastructureWorld,
  type LocalInfrastructureWorld,
  type Management,
} from '../support/local-infrastructure-world.ts';

const patient = { timeout: 240_000, interval: 250 };
const metadata = { name: 'fleet', namespace: 'default' };
const template = (kind: string): KubeObject => ({ apiVersion: LOCAL_API, kind, metadata, spec: { template: { spec: {} } } });
const templateRef = (kind: string): unknown => ({ templateRef: { apiVersion: LOCAL_API, kind, name: metadata.name } });

let world: LocalInfrastructureWorld;
let management: Management;

beforeAll(async () => {
  world = await createLocalInfrastructureWorld();
  management = await world.management({ core: true });
});
afterAll(() => world.close());

it('a Cluster of a ClusterClass becomes Available, and is deleted without a trace', async () => {
  const { client } = management;
  const stop = new AbortController();
  const watching = world.infrastructure(management).watch(stop.signal);
  await client.create(template('LocalClusterTemplate'));
  await client.create(template('LocalControlPlaneTemplate'));
  const classSpec = { infrastructure: templateRef('LocalClusterTemplate'), controlPlane: templateRef('LocalControlPlaneTemplate') };
  await client.create({ ...CLUSTER_CLASS, metadata, spec: classSpec });
  const topology = { classRef: { name: metadata.name }, version: world.version };
  await client.create({ ...CLUSTER, metadata: { name: 'classy', namespace: 'default' }, spec: { topology } });
  await expect.poll(async () => (await conditionOf(client, clusterRef('classy'), 'Available'))?.status, patient).toBe('True');
  expect((await conditionOf(client, clusterRef('classy'), 'TopologyReconciled'))?.status).toBe('True');
  expect(await observeLocalControlPlanes(world.host, world.clustersDir)).toMatchObject([{ name: 'classy', state: 'running' }]);
  await client.delete(clusterRef('classy'));
  await expect.poll(() => client.get(clusterRef('classy')), patient).toBeUndefined();
  stop.abort();
  await watching;
  expect((await client.list(LOCAL_CONTROL_PLANE)).items).toEqual([]);
  expect((await client.list(LOCAL_CLUSTER)).items).toEqual([]);
  expect(await world.host.files.list(world.clustersDir)).toEqual([]);
});
