import { mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeCluster } from '../../control-plane/local-cluster.ts';
import { writeEntry } from '../../control-plane/process-registry.ts';
import type { Host } from '../../host/host.ts';
import { createNodeHost } from '../../host/node.ts';
import { LOCAL_CONTROL_PLANE } from '../words.ts';
import { type Claimant, claimFolder, inspectFolder, nextAdoption } from './claim.ts';
import { withFolder } from './folder-lock.ts';
import { readOwnership } from './ownership.ts';

const ID = 'a'.repeat(20);
const OTHER = 'b'.repeat(20);
const PORTS = { etcd: 1, etcdPeer: 2, apiserver: 3, controllerManager: 4 };
let root: string;
let host: Host;
let clustersDir: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'slipway-claim-')));
  clustersDir = join(root, 'clusters');
  const real = createNodeHost();
  host = { ...real, env: { ...real.env, get: (name) => (name === 'XDG_STATE_HOME' ? join(root, 'state') : real.env.get(name)) } };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const claimant = (uid: string, wish: Partial<Claimant> = {}): Claimant => ({
  ref: { ...LOCAL_CONTROL_PLANE, name: 'shop', namespace: 'default', uid },
  clusterId: ID,
  adoptions: 0,
  name: 'shop',
  clustersDir,
  ...wish,
});

async function claim(who: Claimant): Promise<number | undefined> {
  const state = await inspectFolder(host, who);
  const adoption = nextAdoption(who, state);
  await claimFolder(host, { ...who, adoptions: adoption ?? who.adoptions }, { state, version: 'v1' });
  return adoption;
}

const folder = (): string => join(clustersDir, 'shop');
const ownership = () => readOwnership(host, folder());

async function prepared(clusterId: string): Promise<void> {
  await host.files.mkdir(folder());
  await writeCluster(host, folder(), { format: 1, name: 'shop', clusterId, dir: folder(), ports: PORTS });
}

describe('a folder', () => {
  it('that is not there is taken, again and again', async () => {
    expect(await claim(claimant('one'))).toBeUndefined();
    expect(await claim(claimant('one'))).toBeUndefined();
    expect(await ownership()).toEqual({ format: 1, clusterId: ID, name: 'shop', namespace: 'default', owner: 'one', version: 'v1' });
  });

  it('in which only a killed writer was is taken', async () => {
    await host.files.mkdir(folder());
    await host.files.writeAtomic(join(folder(), '.cluster-api.json.1.0.tmp'), '{');
    expect(await claim(claimant('one'))).toBeUndefined();
  });

  it.each([
    ['of something else', async () => host.files.mkdir(join(folder(), 'data'))],
    ['of another local cluster', () => prepared(OTHER)],
    ['of an object that has no identity yet, as its name is taken', () => prepared(ID), { clusterId: undefined }],
  ])('%s is refused', async (_what, make, wish: Partial<Claimant> = {}) => {
    await make();
    await expect(inspectFolder(host, claimant('one', wish))).rejects.toMatchObject({ code: 'SLW-CAP-301' });
    expect(await ownership()).toBeUndefined();
  });

  it('whose processes run from another folder is refused', async () => {
    const entry = {
      format: 1,
      clusterId: ID,
      component: 'etcd',
      specDigest: '',
      command: '',
      recordFile: '',
      logFile: '',
      ports: {},
    } as const;
    await writeEntry(host, { ...entry, clusterDir: '/elsewhere/shop', logOffset: 0, startedAt: 0, restarts: 0, labels: {} });
    await expect(inspectFolder(host, claimant('one'))).rejects.toMatchObject({
      code: 'SLW-CAP-301',
      message: expect.stringContaining('/elsewhere/shop') as string,
    });
  });

  it('reached by another path is the same', async () => {
    const entry = {
      format: 1,
      clusterId: ID,
      component: 'etcd',
      specDigest: '',
      command: '',
      recordFile: '',
      logFile: '',
      ports: {},
    } as const;
    await host.files.mkdir(clustersDir);
    await writeEntry(host, { ...entry, clusterDir: folder(), logOffset: 0, startedAt: 0, restarts: 0, labels: {} });
    symlinkSync(clustersDir, join(root, 'link'));
    expect(await claim(claimant('one', { clustersDir: join(root, 'link') }))).toBeUndefined();
  });

  it('with damaged ownership is left alone', async () => {
    await host.files.mkdir(folder());
    await host.files.writeAtomic(join(folder(), 'cluster-api.json'), '{"format":2}');
    await expect(inspectFolder(host, claimant('one'))).rejects.toMatchObject({ code: 'SLW-CAP-306' });
  });
});

describe('taking over', () => {
  it('is numbered, so that a copy left behind is known for ever', async () => {
    await claim(claimant('one'));
    expect(await claim(claimant('two'))).toBe(1);
    expect(await claim(claimant('three', { adoptions: 1 }))).toBe(2);
    expect(await ownership()).toMatchObject({ owner: 'three', adoptions: 2 });
  });

  it('goes on where a kill between object and folder left it', async () => {
    await claim(claimant('one'));
    expect(await claim(claimant('two', { adoptions: 1 }))).toBe(1);
    expect(await ownership()).toMatchObject({ owner: 'two', adoptions: 1 });
  });

  it('never lowers the number, also when the annotation was wiped', async () => {
    await claim(claimant('one'));
    await claim(claimant('two'));
    expect(await claim(claimant('two', { adoptions: 0 }))).toBeUndefined();
    expect(await ownership()).toMatchObject({ owner: 'two', adoptions: 1 });
  });
});

describe('the lock of a folder', () => {
  const signal = new AbortController().signal;

  it('lets one in after the other, and goes when there is no folder', async () => {
    const order: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      order.push(`${name} in`);
      await host.files.mkdir(clustersDir);
      order.push(`${name} out`);
    };
    await Promise.all(['a', 'b'].map((name) => withFolder(host, { clustersDir, name: 'shop', signal }, work(name))));
    expect(order.filter((entry) => entry.endsWith('in')).map((entry) => entry.replace('in', 'out'))).toEqual([order[1], order[3]]);
    expect(await host.files.list(clustersDir)).toEqual([]);
  });

  it('stays beside a folder, and is not waited for beyond the signal', async () => {
    await host.files.mkdir(folder());
    const stop = new AbortController();
    await withFolder(host, { clustersDir, name: 'shop', signal }, async () => {
      const second = withFolder(host, { clustersDir, name: 'shop', signal: stop.signal }, () => Promise.resolve());
      stop.abort();
      await expect(second).rejects.toThrow('abort');
    });
    expect(await host.files.list(clustersDir)).toEqual(['.locks', 'shop']);
  });
});
