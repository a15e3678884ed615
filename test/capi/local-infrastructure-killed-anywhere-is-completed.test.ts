import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCluster } from '../../src/control-plane/local-cluster.ts';
import {
  clusterIdOf,
  clusterRef,
  controlPlaneRef,
  createLocalInfrastructureWorld,
  define,
  localClusterRef,
  type LocalInfrastructureWorld,
  type Management,
  never,
  publishedKubeconfig,
} from '../support/local-infrastructure-world.ts';

const MAIN = join(import.meta.dirname, '..', 'support', 'capi-local-main.ts');
/** More changes than a creation makes; a chain that needs more does not get any further. */
const MANY = 200;
const SEED = Number(process.env['SLIPWAY_TEST_SEED'] ?? '20261121');

let world: LocalInfrastructureWorld;
let management: Management;
/** Names in a folder that was made without any kill. */
let calm: readonly string[];
let calmMs = 0;

beforeAll(async () => {
  world = await createLocalInfrastructureWorld();
  management = await world.management();
  writeFileSync(join(world.dir, 'kubeconfig'), management.server.kubeconfig, { mode: 0o600 });
  await define(management.client, 'calm', { version: world.version, owned: true });
  const begun = performance.now();
  expect(await runOnce('never', 0)).toMatchObject({ code: 0 });
  calmMs = performance.now() - begun;
  calm = names('calm');
  // Only one at a time is worked on.
  await management.client.mergePatch(clusterRef('calm'), { spec: { paused: true } });
});
afterAll(() => world.close());

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

function start(side: 'before' | 'after' | 'never', nth: number): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const env = { ...process.env, XDG_STATE_HOME: join(world.dir, 'state') };
  const child = spawn(process.execPath, [MAIN, world.clustersDir, join(world.dir, 'kubeconfig'), side, String(nth)], { env });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code, signal) => resolve({ code, signal, output })));
  return { child, ended };
}

const runOnce = (side: 'before' | 'after' | 'never', nth: number): Promise<Ended> => start(side, nth).ended;

/** A pair of key and certificate is made as a whole: a chain that never got beyond two changes would stand still. */
const STRIDES = [1, 2, 3, 5, 8];

/** Killed right after or right before one of its next changes, again and again, until a run comes to its end. */
async function chain(check: () => void): Promise<number> {
  for (let kills = 0; kills < MANY; kills++) {
    const ended = await runOnce(kills % 2 === 0 ? 'after' : 'before', STRIDES[kills % STRIDES.length] ?? 1);
    check();
    if (ended.signal === 'SIGKILL') continue;
    expect(ended).toMatchObject({ code: 0, signal: null });
    return kills;
  }
  throw new Error(`no end after ${MANY} kills`);
}

/** Command lines of all processes of this machine that work in the cluster's folder. */
function processesOf(name: string): readonly string[] {
  const folder = `${join(world.clustersDir, name)}/`;
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return argv.some((argument) => argument.includes(folder)) && !argv[0]?.endsWith('/sh') ? [argv[0] ?? ''] : [];
      } catch {
        return [];
      }
    })
    .map((command) => command.replace(/.*\//, ''))
    .toSorted();
}

function names(name: string): readonly string[] {
  const folder = join(world.clustersDir, name);
  return [...readdirSync(folder), ...readdirSync(join(folder, 'pki')).map((file) => `pki/${file}`)].toSorted();
}

const atMostOneOfEach = (name: string) => (): void => {
  const running = processesOf(name);
  expect(running).toEqual([...new Set(running)]);
};

async function expectWhole(name: string): Promise<void> {
  const { client } = management;
  expect(processesOf(name)).toEqual(['etcd', 'kube-apiserver', 'kube-controller-manager']);
  expect(Object.keys(await world.alive(await clusterIdOf(client, name)))).toHaveLength(3);
  expect(names(name)).toEqual(calm);
  expect(await publishedKubeconfig(client, name)).toBe(readFileSync(join(world.clustersDir, name, 'kubeconfig'), 'utf8'));
  expect((await client.get(controlPlaneRef(name)))?.['status']).toMatchObject({
    initialization: { controlPlaneInitialized: true },
    conditions: expect.arrayContaining([expect.objectContaining({ type: 'Available', status: 'True' })]),
  });
  expect((await client.get(localClusterRef(name)))?.['status']).toMatchObject({ initialization: { provisioned: true } });
}

async function expectGone(name: string, clusterId: string, ports: readonly number[]): Promise<void> {
  expect(processesOf(name)).toEqual([]);
  expect(readdirSync(world.clustersDir).filter((entry) => entry !== 'calm' && entry !== '.locks')).toEqual([]);
  expect(readdirSync(join(world.clustersDir, '.locks'))).toEqual(['calm']);
  expect(await world.host.files.stat(join(world.dir, 'state', 'slipway', 'processes', clusterId))).toBeUndefined();
  expect(await Promise.all(ports.map((port) => world.host.net.isPortFree(port)))).toEqual(ports.map(() => true));
  expect(await management.client.get(controlPlaneRef(name))).toBeUndefined();
}

async function identityOf(name: string): Promise<{ readonly clusterId: string; readonly ports: readonly number[] }> {
  const cluster = await readCluster(world.host, join(world.clustersDir, name));
  return { clusterId: cluster?.clusterId ?? '-', ports: Object.values(cluster?.ports ?? {}) };
}

async function forget(name: string): Promise<void> {
  await management.client.delete(localClusterRef(name));
  await management.client.delete(clusterRef(name));
}

describe('killed beside every change of the world', () => {
  it('a creation is completed, with one control plane and no trace of the kills', async () => {
    await define(management.client, 'shop', { version: world.version, owned: true });
    const kills = await chain(atMostOneOfEach('shop'));
    expect(kills).toBeGreaterThan(12);
    await expectWhole('shop');
  });

  it('a removal is completed, and nothing is left', async () => {
    const { clusterId, ports } = await identityOf('shop');
    await management.client.delete(controlPlaneRef('shop'));
    const kills = await chain(atMostOneOfEach('shop'));
    expect(kills).toBeGreaterThan(3);
    await expectGone('shop', clusterId, ports);
    await forget('shop');
  });
});

describe('killed at random instants', () => {
  /** mulberry32 */
  let state = SEED;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  let landed = 0;

  /** Early instants are where little is done yet; later runs find more done, and are let go further. */
  async function killAtRandom(times: number, name: string): Promise<void> {
    for (let i = 1; i <= times; i++) {
      const { child, ended } = start('never', 0);
      await sleep(random() * calmMs * (i / times) ** 2);
      child.kill('SIGKILL');
      if ((await ended).signal === 'SIGKILL') landed++;
      atMostOneOfEach(name)();
    }
  }

  it.each(['red', 'green', 'blue'])(`creation and removal end in the same world (seed ${SEED}, %s)`, async (name) => {
    await define(management.client, name, { version: world.version, owned: true });
    await killAtRandom(4, name);
    expect(await runOnce('never', 0)).toMatchObject({ code: 0 });
    await expectWhole(name);
    const { clusterId, ports } = await identityOf(name);
    await management.client.delete(controlPlaneRef(name));
    await killAtRandom(3, name);
    expect(await runOnce('never', 0)).toMatchObject({ code: 0 });
    await expectGone(name, clusterId, ports);
    await forget(name);
  });

  it('kills landed', () => {
    expect(landed).toBeGreaterThan(6);
  });
});

it('two reconcilers at once start nothing twice', async () => {
  await define(management.client, 'twin', { version: world.version, owned: true });
  await Promise.all([world.infrastructure(management), world.infrastructure(management)].map((one) => one.converge(never())));
  await expectWhole('twin');
});
