import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCluster, requireCluster } from '../../src/control-plane/local-cluster.ts';
import { controlPlaneStepIds } from '../../src/control-plane/control-plane-options.ts';
import { controlPlaneSteps } from '../../src/control-plane/steps.ts';
import { createStepDriver, type StepDriver } from '../support/step-driver.ts';
import { createLocalClusterWorld, type LocalClusterWorld } from '../support/local-cluster-world.ts';

let world: LocalClusterWorld;
let driver: StepDriver;
const ids = controlPlaneStepIds('demo');
const steps = () => controlPlaneSteps(world.options('demo'));
const changes = async (): Promise<Record<string, string>> =>
  Object.fromEntries(Object.entries(await driver.plan(steps())).flatMap(([id, { kind }]) => (kind === 'none' ? [] : [[id, kind]])));
const marker = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'marker', namespace: 'default' }, data: { kept: 'yes' } };

/** Polls as long as a loaded machine needs. */
const patient = { timeout: 30_000, interval: 100 };

async function kill(component: string): Promise<void> {
  const identity = (await world.alive('demo'))[component];
  if (!identity || !(await world.host.processes.signal(identity, 'SIGKILL'))) throw new Error(`${component} does not run`);
}

async function markerData(): Promise<unknown> {
  const client = await world.client('demo');
  return (await client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'marker' }))?.['data'];
}

beforeAll(async () => {
  world = await createLocalClusterWorld();
  driver = createStepDriver(world.host);
  await driver.up(steps());
  await (await world.client('demo')).create(marker);
});
afterAll(() => world.close());

describe('after the first run', () => {
  it('nothing is left to do', async () => {
    expect(await changes()).toEqual({});
    expect(await driver.up(steps())).toEqual([]);
  });

  it.each([
    // An API server is started anew beside a new etcd.
    ['etcd', ['etcd', 'kube-apiserver']],
    ['kube-apiserver', ['kube-apiserver']],
    ['kube-controller-manager', ['kube-controller-manager']],
  ] as const)('the death of %s is seen, and mended on the same ports with the data intact', async (component, restarted) => {
    const expected = restarted.map((name) => ids.run[name]);
    const before = await requireCluster(world.host, world.options('demo').clusterDir);
    const alive = await world.alive('demo');
    await kill(component);
    await expect.poll(changes, patient).toEqual(Object.fromEntries(expected.map((id) => [id, 'update'])));
    expect(await driver.up(steps())).toEqual(expected);
    expect((await requireCluster(world.host, world.options('demo').clusterDir)).ports).toEqual(before.ports);
    expect(await markerData()).toEqual({ kept: 'yes' });
    const others = Object.entries(alive).filter(([name]) => !restarted.some((other) => other === name));
    expect(await world.alive('demo')).toMatchObject(Object.fromEntries(others));
    expect(await changes()).toEqual({});
  });

  it('the death of all at once likewise', async () => {
    for (const component of Object.keys(await world.alive('demo'))) await kill(component);
    await expect.poll(async () => Object.keys(await world.alive('demo')), patient).toEqual([]);
    expect(await driver.up(steps())).toEqual(Object.values(ids.run));
    expect(await markerData()).toEqual({ kept: 'yes' });
  });

  it('a remembered port that somebody else took is replaced, and every kubeconfig follows', async () => {
    const { clusterDir } = world.options('demo');
    const before = await requireCluster(world.host, clusterDir);
    for (const component of Object.keys(await world.alive('demo'))) await kill(component);
    await expect.poll(async () => Object.keys(await world.alive('demo')), patient).toEqual([]);
    const squatters = await Promise.all([before.ports.etcd, before.ports.apiserver].map(occupy));
    try {
      await driver.up(steps());
      const after = await readCluster(world.host, clusterDir);
      expect(after?.ports.etcd).not.toBe(before.ports.etcd);
      expect(after?.ports.apiserver).not.toBe(before.ports.apiserver);
      expect(await markerData()).toEqual({ kept: 'yes' });
      expect(await changes()).toEqual({});
    } finally {
      for (const server of squatters) server.close();
    }
  });
});

function occupy(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
