import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox, PLAIN_CLUSTER, type Sandbox, succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { processesMentioning } from '../support/world.ts';

let sandbox: Sandbox;
let copy = '';
let pids: readonly number[] = [];

beforeAll(async () => {
  sandbox = createSandbox({ files: { 'slipway.yaml': PLAIN_CLUSTER } });
  copy = join(sandbox.dir, 'copy');
  await succeed(sandbox, ['up', '--yes']);
  pids = alive();
  cpSync(sandbox.project, copy, { recursive: true });
});
afterAll(() => sandbox.remove());

const alive = (): readonly number[] => processesMentioning(sandbox.dir).map(({ pid }) => pid).sort((a, b) => a - b);

describe('a copied project folder', () => {
  it.each([['up', '--yes'], ['up', '--confirm', 'demo'], ['down', '--confirm', 'demo'], ['down', '--confirm', 'demo', '--forget']])('%s %s is refused and touches nothing of the original', async (...args) => {
    const result = await sandbox.run(args, { cwd: copy });
    expect(result.code, result.stderr).toBe(65);
    expect(result.stderr).toContain('SLW-STA-004');
    expect(alive()).toEqual(pids);
    expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  it('gets a cluster of its own once its state is removed', async () => {
    rmSync(join(copy, '.slipway'), { recursive: true });
    await succeed(sandbox, ['up', '--yes'], { cwd: copy });
    expect(alive()).toEqual(expect.arrayContaining([...pids]));
    expect(alive()).toHaveLength(6);
    await succeed(sandbox, ['down', '--confirm', 'demo'], { cwd: copy });
    expect(alive()).toEqual(pids);
  });
});

describe('a moved project folder', () => {
  it('goes on with its cluster, and goes down without a trace', async () => {
    const moved = join(sandbox.dir, 'moved');
    renameSync(sandbox.project, moved);
    const up = await sandbox.run(['up', '--yes'], { cwd: moved });
    expect(up.code, up.stderr).toBe(0);
    expect((await sandbox.run(['plan', '--detailed-exitcode'], { cwd: moved })).code).toBe(0);
    expect(alive()).toHaveLength(3);
    expect((await sandbox.run(['kubeconfig'], { cwd: moved })).code).toBe(0);
    await succeed(sandbox, ['down', '--confirm', 'demo'], { cwd: moved });
    renameSync(moved, sandbox.project);
    expectNothingLeft({ sandbox, project: 'demo' });
  });
});
