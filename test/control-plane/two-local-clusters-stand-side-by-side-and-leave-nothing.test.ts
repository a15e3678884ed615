import { cp, readdir, rename, stat } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clusterLayout } from '../../src/control-plane/cluster-layout.ts';
import { requireCluster } from '../../src/control-plane/local-cluster.ts';
import { controlPlaneSteps } from '../../src/control-plane/steps.ts';
import { controlPlaneUndoHandlers } from '../../src/control-plane/undo-handlers.ts';
import { createStepDriver, type StepDriver } from '../support/step-driver.ts';
import { createLocalClusterWorld, type LocalClusterWorld } from '../support/local-cluster-world.ts';

let world: LocalClusterWorld;
const drivers: Record<string, StepDriver> = {};
const driver = (name: string): StepDriver => (drivers[name] ??= createStepDriver(world.host));

beforeAll(async () => {
  world = await createLocalClusterWorld();
  await Promise.all(
    ['blue', 'green'].map((name) => driver(name).up(controlPlaneSteps({ ...world.options(name), controllerManager: name === 'blue' }))),
  );
});
afterAll(() => world.close());

it('each has its own data, ports and authority', async () => {
  const [blue, green] = [await world.client('blue'), await world.client('green')];
  await blue.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'only-blue', namespace: 'default' } });
  expect(await green.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'only-blue' })).toBeUndefined();
  expect(Object.keys(await world.alive('blue'))).toEqual(['etcd', 'kube-apiserver', 'kube-controller-manager']);
  expect(Object.keys(await world.alive('green'))).toEqual(['etcd', 'kube-apiserver']);
  const layouts = ['blue', 'green'].map((name) => clusterLayout(world.options(name).clusterDir));
  const { ports } = await requireCluster(world.host, world.options('green').clusterDir);
  const [blueLayout, greenLayout] = layouts;
  if (!blueLayout || !greenLayout) throw new Error('two layouts');
  expect(
    await answer({ port: ports.apiserver, path: '/api/v1/namespaces', layout: greenLayout, client: { layout: blueLayout, pair: 'admin' } }),
  ).toBe(401);
});

it('etcd opens for no one without a certificate of its own authority, on neither port', async () => {
  const layout = clusterLayout(world.options('blue').clusterDir);
  const { ports } = await requireCluster(world.host, world.options('blue').clusterDir);
  for (const port of [ports.etcd, ports.etcdPeer]) {
    expect(await answer({ port, path: '/version', layout })).toMatch(/certificate required|handshake|reset|hang up/i);
    expect(await answer({ port, path: '/version', layout, client: { layout, pair: 'admin' } })).toMatch(
      /unknown|bad certificate|handshake|reset|hang up/i,
    );
  }
  expect(await answer({ port: ports.etcd, path: '/version', layout, client: { layout, pair: 'apiserver-etcd-client' } })).toBe(200);
});

it('no file of a cluster is readable for others, and no argument holds a secret', async () => {
  for (const name of ['blue', 'green']) {
    const { clusterDir } = world.options(name);
    expect((await stat(clusterDir)).mode & 0o077).toBe(0);
    for (const file of await readdir(join(clusterDir, 'pki'))) expect((await stat(join(clusterDir, 'pki', file))).mode & 0o077).toBe(0);
    for (const identity of Object.values(await world.alive(name)))
      expect((await world.host.processes.argv(identity.pid))?.join(' ')).not.toMatch(/PRIVATE KEY|BEGIN/);
  }
});

it('a copied folder is refused and does no harm to the original', async () => {
  const { clusterDir } = world.options('green');
  const copy = { ...world.options('green'), clusterDir: join(world.dir, 'copy') };
  await cp(clusterDir, copy.clusterDir, { recursive: true });
  const before = await world.alive('green');
  await expect(createStepDriver(world.host).up(controlPlaneSteps(copy))).rejects.toMatchObject({ code: 'SLW-LOC-005' });
  expect(await world.alive('green')).toEqual(before);
  await rename(copy.clusterDir, join(world.dir, 'copy-aside'));
});

it('taking one down leaves no process, port, folder or entry of it, and the other untouched', async () => {
  const { clusterDir } = world.options('blue');
  const { ports, clusterId } = await requireCluster(world.host, clusterDir);
  const [blue, green] = [await world.alive('blue'), await world.alive('green')];
  await driver('blue').down(controlPlaneUndoHandlers);
  for (const identity of Object.values(blue)) expect(await world.host.processes.isAlive(identity)).toBe(false);
  for (const port of Object.values(ports)) expect(await world.host.net.isPortFree(port)).toBe(true);
  expect(await world.host.files.stat(clusterDir)).toBeUndefined();
  expect(await readdir(join(world.dir, 'state', 'slipway', 'processes'))).not.toContain(clusterId);
  expect(await world.alive('green')).toEqual(green);
  await driver('green').down(controlPlaneUndoHandlers);
  expect(await readdir(join(world.dir, 'state', 'slipway', 'processes'))).toEqual([]);
});

type Layout = ReturnType<typeof clusterLayout>;

interface Question {
  readonly port: number;
  readonly path: string;
  /** Whose authority is trusted. */
  readonly layout: Layout;
  readonly client?: { readonly layout: Layout; readonly pair: Parameters<Layout['cert']>[0] & Parameters<Layout['key']>[0] };
}

/** Status, or what went wrong with the connection. */
async function answer({ port, path, layout, client }: Question): Promise<number | string> {
  const read = (file: string): Promise<string | undefined> => world.host.files.readText(file);
  const ca = [await read(layout.cert('ca')), await read(layout.cert('etcd-ca'))].join('\n');
  const material = client ? { cert: await read(client.layout.cert(client.pair)), key: await read(client.layout.key(client.pair)) } : {};
  return new Promise((resolve) => {
    const ask = request({ host: '127.0.0.1', port, path, ca, agent: false, ...material }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    ask.on('error', (error) => resolve(error.message)).end();
  });
}
