import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../src/kube/types.ts';
import { endChild } from '../support/end-child.ts';
import { connect, projectWorld, settledWorld } from '../support/project-world.ts';
import { createSandbox, PLAIN_CLUSTER, type Sandbox, succeed } from '../support/slipway.ts';
import { differences, fingerprint, type World } from '../support/world.ts';

let sandbox: Sandbox;
let client: KubeClient;
let before: World;

beforeAll(async () => {
  sandbox = createSandbox({ files: { 'slipway.yaml': PLAIN_CLUSTER } });
  await succeed(sandbox, ['up', '--yes']);
  client = await connect(sandbox, 'demo');
  before = await settledWorld(sandbox, ['demo']);
});
afterAll(async () => {
  await client?.close();
  await sandbox.remove();
});

/** What differs now; and that fingerprint and list agree about it. */
async function changed(): Promise<readonly string[]> {
  const now = await projectWorld(sandbox, ['demo']);
  const found = differences(before, now);
  expect(fingerprint(now) === fingerprint(before)).toBe(found.length === 0);
  return found;
}

async function portsOf(mark: string): Promise<unknown> {
  const world = await projectWorld(sandbox, ['demo']);
  return Object.entries(world).find(([name]) => name.startsWith('process: ') && name.includes(mark))?.[1];
}

async function childOf(script: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', `${script}; process.stdout.write('ready')`, sandbox.dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

describe('the fingerprint', () => {
  it('is the same for the same world', async () => {
    expect(await changed()).toEqual([]);
  });

  it('changes with one field of one object', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', name: 'default' };
    const patch = (value: string | null) => client.mergePatch(namespace, { metadata: { labels: { one: value } } });
    await patch('more');
    expect(await changed()).toEqual([expect.stringContaining('~ demo: Namespace/default')]);
    await patch(null);
    expect(await changed()).toEqual([]);
  });

  it('changes with one process more, one less, and one port more', async () => {
    const idle = await childOf('setInterval(() => {}, 1000)');
    const [alone] = await changed();
    expect(alone).toMatch(/^\+ process: /);
    await endChild(idle);
    expect(await changed()).toEqual([]);
    const quiet = await childOf('setInterval(() => {}, 1000); const extraPort = false');
    expect(await portsOf('extraPort')).toEqual(['0 ports']);
    await endChild(quiet);
    const loud = await childOf(`setInterval(() => {}, 1000); const extraPort = require('node:net').createServer().listen(0, '127.0.0.1')`);
    expect(await portsOf('extraPort')).toEqual(['1 ports']);
    await endChild(loud);
    expect(await changed()).toEqual([]);
  });

  it.each(['project/.slipway/demo/extra', 'project/.slipway/demo/clusters/demo/extra', 'xdg-state/slipway/extra', 'tmp-file'])(
    'changes with the file %s',
    async (path) => {
      const full = path === 'tmp-file' ? join(sandbox.env['TMPDIR'] ?? '', path) : join(sandbox.dir, path);
      writeFileSync(full, '');
      expect(await changed()).toHaveLength(1);
      rmSync(full);
      expect(await changed()).toEqual([]);
    },
  );
});
