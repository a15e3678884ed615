import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { mountReadOnly, mountSmallDisk, resizeDisk, unmount, whyNoMounts } from '../support/mounts.ts';
import { atEvent, createSandbox, killAll, killPid, PLAIN_CLUSTER, REPOSITORY, type Sandbox, succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { processesMentioning } from '../support/world.ts';

let sandbox: Sandbox;
const mounted: string[] = [];
const listeners: Server[] = [];
afterEach(async () => {
  for (const server of listeners.splice(0)) server.close();
  await killAll(sandbox.dir);
  for (const dir of mounted.splice(0)) unmount(dir);
  await sandbox.remove();
});

const plain = (): void => {
  sandbox = createSandbox({ files: { 'slipway.yaml': PLAIN_CLUSTER } });
};

interface ClusterFile {
  readonly ports: Readonly<Record<string, number>>;
}
const clusterFile = (): ClusterFile =>
  JSON.parse(readFileSync(join(sandbox.project, '.slipway', 'demo', 'clusters', 'demo', 'cluster.json'), 'utf8')) as ClusterFile;

async function occupy(port: number): Promise<void> {
  const server = createServer();
  listeners.push(server);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
}

async function downLeavesNothing(): Promise<void> {
  await succeed(sandbox, ['down', '--confirm', 'demo']);
  expectNothingLeft({ sandbox, project: 'demo' });
}

describe('a port', () => {
  it.each(['etcd', 'apiserver', 'controllerManager'])('taken between choice and use is replaced by another: %s', async (name) => {
    plain();
    const run = sandbox.start(['up', '--yes', '--output', 'json']);
    await atEvent(run, (event) => event['type'] === 'step.applied' && event['step'] === 'local/prepare-cluster/demo');
    run.child.kill('SIGKILL');
    await run.result;
    await killAll(sandbox.dir);
    const chosen = clusterFile().ports[name] ?? 0;
    await occupy(chosen);
    await succeed(sandbox, ['up', '--yes']);
    expect(clusterFile().ports[name]).not.toBe(chosen);
    expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
    await downLeavesNothing();
  });
});

const noMounts = whyNoMounts();

describe.skipIf(noMounts !== undefined)(`a disk${noMounts === undefined ? '' : ` (skipped: ${noMounts})`}`, () => {
  it('that is too small for the cluster: up says so, and goes on once there is room', async () => {
    plain();
    const disk = join(sandbox.dir, 'disk');
    mountSmallDisk(disk, '4m');
    mounted.push(disk);
    const up = await sandbox.run(['up', '--yes', '--state-dir', join(disk, 'state'), '--timeout', '20s']);
    expect(up.code, up.stderr).not.toBe(0);
    expect(up.code).not.toBe(70);
    expect(up.stderr).toMatch(/SLW-(HST-002|STA-006): .*(no space left|full)/i);
    resizeDisk(disk, '400m');
    await succeed(sandbox, ['up', '--yes', '--state-dir', join(disk, 'state')]);
    await succeed(sandbox, ['down', '--confirm', 'demo', '--state-dir', join(disk, 'state')]);
    expect(processesMentioning(sandbox.dir)).toEqual([]);
  });

  it('that is full to the last byte: nothing is done without a record, and nothing is lost', async () => {
    plain();
    const disk = join(sandbox.dir, 'disk');
    const state = join(disk, 'state');
    mountSmallDisk(disk, '400m');
    mounted.push(disk);
    await succeed(sandbox, ['up', '--yes', '--state-dir', state]);
    spawnSync('sh', ['-c', `cat /dev/zero > '${join(disk, 'filler')}'`]);
    expect((await sandbox.run(['status', '--state-dir', state])).code).toBe(0);
    const victim = processesMentioning(sandbox.dir).find(({ argv }) => argv[0]?.endsWith('/kube-controller-manager'));
    killPid(victim?.pid ?? 0);
    const up = await sandbox.run(['up', '--yes', '--state-dir', state]);
    expect([up.code === 75 || up.code === 69, up.stderr]).toEqual([true, expect.stringMatching(/SLW-(STA-006|HST-002)/)]);
    rmSync(join(disk, 'filler'));
    await succeed(sandbox, ['up', '--yes', '--state-dir', state]);
    expect((await sandbox.run(['plan', '--detailed-exitcode', '--state-dir', state])).code).toBe(0);
    await succeed(sandbox, ['down', '--confirm', 'demo', '--state-dir', state]);
    expect(processesMentioning(sandbox.dir)).toEqual([]);
  });

  it('that is read-only: what acts is refused with 77, what looks works', async () => {
    plain();
    await succeed(sandbox, ['up', '--yes']);
    mountReadOnly(sandbox.project);
    mounted.push(sandbox.project);
    for (const verb of [
      ['up', '--yes'],
      ['down', '--confirm', 'demo'],
    ]) {
      const refused = await sandbox.run(verb);
      expect([refused.code, refused.stderr], verb.join(' ')).toEqual([77, expect.stringMatching(/SLW-(STA-005|HST-00[13])/)]);
    }
    for (const verb of [['validate'], ['plan'], ['status'], ['kubeconfig'], ['journal', 'show'], ['journal', 'verify'], ['logs', 'demo']]) {
      const looked = await sandbox.run(verb);
      expect([looked.code, looked.stderr], verb.join(' ')).toEqual([0, '']);
    }
    expect(processesMentioning(sandbox.dir)).toHaveLength(3);
    unmount(sandbox.project);
    await downLeavesNothing();
  });

  it('that is read-only from the start: up is refused before anything is started', async () => {
    plain();
    mountReadOnly(sandbox.project);
    mounted.push(sandbox.project);
    const up = await sandbox.run(['up', '--yes']);
    expect([up.code, up.stderr]).toEqual([77, expect.stringMatching(/SLW-(STA-005|HST-00[13])/)]);
    expect((await sandbox.run(['plan'])).code).toBe(0);
    expect(processesMentioning(sandbox.dir)).toEqual([]);
  });
});

describe('a clock', () => {
  const at = (days: number) => ({
    main: join(REPOSITORY, 'test', 'support', 'clock-main.ts'),
    env: { SLIPWAY_TEST_CLOCK_MS: String(days * 86_400_000) },
  });

  it('that jumps a few hours ahead or some minutes back changes nothing', async () => {
    plain();
    await succeed(sandbox, ['up', '--yes']);
    for (const days of [0.2, -0.002]) expect((await sandbox.run(['plan', '--detailed-exitcode'], at(days))).code).toBe(0);
    await downLeavesNothing();
  });

  it('that went back and comes right again: certificates are renewed, the cluster goes on', async () => {
    plain();
    await succeed(sandbox, ['up', '--yes'], at(-300));
    const plan = await sandbox.run(['plan', '--detailed-exitcode']);
    expect([plan.code, plan.stdout]).toEqual([2, expect.stringMatching(/certificate/)]);
    await succeed(sandbox, ['up', '--yes']);
    expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
    await downLeavesNothing();
  });
});

describe('an API server', () => {
  it('that is killed while Flux is being applied: the same command reaches the end', async () => {
    sandbox = createSandbox({ example: 'quickstart' });
    const run = sandbox.start(['up', '--yes', '--output', 'json', '--timeout', '10s']);
    await atEvent(run, (event) => event['type'] === 'step.intended' && event['step'] === 'flux/install-components/demo');
    killPid(processesMentioning(sandbox.dir).find(({ argv }) => argv[0]?.endsWith('/kube-apiserver'))?.pid ?? 0);
    const { code, stdout } = await run.result;
    expect(code, stdout.slice(-1000)).not.toBe(70);
    const up = await succeed(sandbox, ['up', '--yes']);
    expect(up.stdout).toContain('applied revision');
    expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
    await downLeavesNothing();
  });
});
