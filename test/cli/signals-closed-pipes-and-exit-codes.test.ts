import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  atEvent,
  createSandbox,
  parseNdjson,
  PLAIN_CLUSTER,
  REPOSITORY,
  type Sandbox,
  type SlipwayResult,
  succeed,
} from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { processesMentioning } from '../support/world.ts';

const sandbox: Sandbox = createSandbox({ files: { 'slipway.yaml': PLAIN_CLUSTER } });
afterAll(() => sandbox.remove());

async function downLeavesNothing(): Promise<void> {
  await succeed(sandbox, ['down', '--confirm', 'demo']);
  expectNothingLeft({ sandbox, project: 'demo' });
}

/** Runs up with JSON events and sends the signals, each once the one before was answered for. */
async function upInterrupted(...signals: readonly NodeJS.Signals[]): Promise<SlipwayResult> {
  const run = sandbox.start(['up', '--yes', '--output', 'json']);
  await atEvent(run, (event) => event['type'] === 'step.started' && event['step'] === 'local/run-apiserver/demo');
  for (const signal of signals) {
    run.child.kill(signal);
    if (signal !== signals.at(-1)) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return run.result;
}

const lastRun = (result: SlipwayResult): Record<string, unknown> | undefined =>
  parseNdjson(result.stdout).findLast((event) => event['type'] === 'run.finished');

describe('a signal', () => {
  afterEach(downLeavesNothing);

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s once ends gracefully, and the same command goes on', async (signal, exit) => {
    const result = await upInterrupted(signal);
    expect([result.code, result.signal]).toEqual([exit, null]);
    expect(lastRun(result)).toMatchObject({ status: 'cancelled' });
    const next = await succeed(sandbox, ['up', '--yes']);
    expect(next.stderr).not.toContain('did not end cleanly');
    expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  it('twice detaches at once, and the next run finds what goes on', async () => {
    const result = await upInterrupted('SIGINT', 'SIGINT');
    expect([result.code, result.signal]).toEqual([130, null]);
    await succeed(sandbox, ['up', '--yes']);
    expect(processesMentioning(sandbox.dir)).toHaveLength(3);
    expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  it('in a down ends it between two steps, and the same command goes on', async () => {
    await succeed(sandbox, ['up', '--yes']);
    const run = sandbox.start(['down', '--confirm', 'demo', '--output', 'json']);
    await atEvent(run, (event) => event['type'] === 'step.started' && event['step'] === 'local/run-apiserver/demo');
    run.child.kill('SIGINT');
    expect((await run.result).code).toBe(130);
  });
});

describe('a reader that goes away', () => {
  const main = `'${process.execPath}' --disable-warning=ExperimentalWarning '${join(REPOSITORY, 'src', 'cli', 'main.ts')}'`;
  const shell = (script: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } =>
    spawnSync('bash', ['-c', `set -o pipefail; ${script}`], {
      cwd: sandbox.project,
      env: { ...process.env, ...sandbox.env, NO_COLOR: '1' },
      encoding: 'utf8',
    });

  it('does not stop an up: it ends what it began, with its own exit code', async () => {
    const { status, stdout, stderr } = shell(`${main} up --yes --output json | head -1`);
    expect([status, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ type: 'version' })]);
    expect(stderr).not.toContain('EPIPE');
    expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  it('ends what only shows things calmly', () => {
    for (const verb of ['journal show', 'status --watch --output json', 'logs demo -f']) {
      const { status, stderr } = shell(`timeout 60 ${main} ${verb} | head -1`);
      expect([verb, status, stderr]).toEqual([verb, 0, '']);
    }
  });

  it('of stderr does not stop it either', async () => {
    const { status } = shell(`${main} down --confirm demo 2> >(head -1 >/dev/null)`);
    expect(status).toBe(0);
    expectNothingLeft({ sandbox, project: 'demo' });
  });
});

describe('exit codes', () => {
  afterAll(downLeavesNothing);
  const broken = createSandbox({ files: { 'slipway.yaml': 'kind: Cluster\n' } });
  afterAll(() => broken.remove());

  it.each([
    ['a command that is not there', ['upp'], 64],
    ['a flag that is not there', ['up', '--nope'], 64],
    ['a value that does not fit its flag', ['up', '--parallel', 'many'], 64],
    ['consent that nobody can give', ['up'], 64],
    ['a cluster that is not in the project', ['kubeconfig', 'nope'], 64],
    ['a project that is not there', ['plan', '-f', 'nowhere'], 65],
    ['changes with --detailed-exitcode', ['plan', '--detailed-exitcode'], 2],
    ['changes without it', ['plan'], 0],
    ['a down with nothing to do', ['down'], 0],
  ] as const)('%s: %j gives %d', async (_title, args, exit) => {
    const { code, stdout, stderr } = await sandbox.run(args);
    expect([code, stdout + stderr]).toEqual([exit, expect.not.stringContaining('SLW-BUG')]);
    if (exit > 2) expect([stdout, stderr]).toEqual(['', expect.stringMatching(/^error SLW-[A-Z]{3}-\d{3}: /m)]);
  });

  it('an invalid project gives 65, with every fault and its place', async () => {
    const { code, stdout, stderr } = await broken.run(['validate']);
    expect([code, stdout]).toEqual([65, '']);
    expect(stderr).toMatch(/SLW-CFG-\d{3}: slipway\.yaml:1:1: /);
  });

  it('a destroying change is granted by --confirm NAME alone, once for each name', async () => {
    await succeed(sandbox, ['up', '--yes']);
    for (const flags of [[], ['--yes'], ['--confirm', 'other'], ['--yes', '--confirm', 'DEMO']]) {
      const { code, stderr } = await sandbox.run(['down', ...flags]);
      expect([flags, code, stderr]).toEqual([flags, 64, expect.stringContaining('SLW-CLI-004')]);
    }
    expect(processesMentioning(sandbox.dir)).toHaveLength(3);
  });

  it('the launcher passes arguments, exit code and streams through', () => {
    expect(execFileSync(join(REPOSITORY, 'slipway'), ['version'], { encoding: 'utf8' })).toMatch(/^slipway \d/);
    expect(spawnSync(join(REPOSITORY, 'slipway'), ['plan', '-f', 'no such folder']).status).toBe(65);
  });
});
