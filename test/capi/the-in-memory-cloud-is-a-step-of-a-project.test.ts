import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cloudFile, ensureCloud, observeCloud, stopCloud } from '../../src/capi/in-memory/cloud.ts';
import { cloudStepId, inMemoryUndoHandlers, runCloudStep } from '../../src/capi/in-memory/cloud-step.ts';
import { readCloud } from '../../src/capi/in-memory/oracle.ts';
import type { Host } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { testBinary } from '../support/api-server.ts';
import { createStepDriver, type StepDriver } from '../support/step-driver.ts';

const STATE_ID = 'step-suite';
const ID = cloudStepId('shop');
let dir: string;
let host: Host;
let driver: StepDriver;
const cloudDir = (): string => join(dir, 'cloud');
const steps = () => [
  runCloudStep({
    projectName: 'shop',
    subject: 'Cluster/mgmt',
    stateId: STATE_ID,
    cloudDir: cloudDir(),
    toolchainDir: process.env['SLIPWAY_TEST_BIN'],
  }),
];
const epoch = async (): Promise<number | undefined> => (await (await readCloud(host, cloudFile(cloudDir())))?.state())?.epoch;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-cloud-step-'));
  const real = createNodeHost();
  host = { ...real, env: { ...real.env, get: (name) => (name === 'XDG_STATE_HOME' ? join(dir, 'state') : real.env.get(name)) } };
  driver = createStepDriver(host);
});
afterEach(async () => {
  await stopCloud(host, STATE_ID);
  rmSync(dir, { recursive: true, force: true });
});

describe('the step that runs the in-memory cloud', () => {
  it('starts it once, starts it again when it died, and takes it away', async () => {
    expect((await driver.plan(steps()))[ID]).toMatchObject({ kind: 'create', summary: 'start the in-memory cloud' });
    expect(await driver.up(steps())).toEqual([ID]);
    expect(driver.records.get(ID)?.outputs).toEqual({ cloudFile: cloudFile(cloudDir()) });
    expect((await host.files.stat(cloudFile(cloudDir())))?.mode).toBe(0o600);
    expect(await driver.up(steps())).toEqual([]);
    const { identity } = await observeCloud(host, STATE_ID);
    await host.processes.signal(identity!, 'SIGKILL');
    while (await host.processes.isAlive(identity!)) await host.clock.sleep(5);
    expect((await driver.plan(steps()))[ID]).toMatchObject({ kind: 'update', details: [{ reason: 'process is not running' }] });
    expect(await driver.up(steps())).toEqual([ID]);
    expect(await epoch()).toBe(2);
    await driver.down(inMemoryUndoHandlers);
    expect(await observeCloud(host, STATE_ID)).toMatchObject({ state: 'absent' });
    expect(await host.files.stat(cloudDir())).toBeUndefined();
    await driver.down(inMemoryUndoHandlers);
  });

  it('starts it once when many want it at the same time', async () => {
    const binary = await testBinary('in-memory-provider');
    const options = { stateId: STATE_ID, cloudDir: cloudDir(), binary, signal: new AbortController().signal, timeoutMs: 60_000 };
    const results = await Promise.all(Array.from({ length: 5 }, () => ensureCloud(host, options)));
    expect(results.map(({ action }) => action).toSorted()).toEqual(['none', 'none', 'none', 'none', 'started']);
    expect(new Set(results.map(({ identity }) => identity.pid)).size).toBe(1);
    expect(await epoch()).toBe(1);
  });
});
