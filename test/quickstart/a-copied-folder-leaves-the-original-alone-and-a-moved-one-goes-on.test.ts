import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox, PLAIN_CLUSTER, type Sandbox, type SlipwayResult, succeed } from '../support/slipway.ts';
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

const alive = (): readonly number[] =>
  processesMentioning(sandbox.dir)
    .map(({ pid }) => pid)
    .sort((a, b) => a - b);

describe('a copied project folder', () => {
  it.each([
    ['up', '--yes'],
    ['up', '--confirm', 'demo'],
    ['down', '--confirm', 'demo'],
    ['down', '--confirm', 'demo', '--forget'],
  ])('%s %s is refused and touches nothing of the original', async (...args) => {
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
  const moved = (): string => join(sandbox.dir, 'moved');
  const inMoved = (...args: readonly string[]): Promise<SlipwayResult> => sandbox.run(args, { cwd: moved() });

  it('goes on with its cluster: up starts it anew from there, with its data', async () => {
    renameSync(sandbox.project, moved());
    const plan = await inMoved('plan', '--detailed-exitcode');
    expect([plan.code, plan.stdout]).toEqual([2, expect.stringContaining('the folder was moved')]);
    expect((await inMoved('doctor')).stdout).toMatch(/folder is gone[^]*fix: if the project was moved, `slipway up`/);
    const up = await inMoved('up', '--yes');
    expect(up.code, up.stderr).toBe(0);
    expect((await inMoved('plan', '--detailed-exitcode')).code).toBe(0);
    expect(
      processesMentioning(moved())
        .map(({ pid }) => pid)
        .sort((a, b) => a - b),
    ).toEqual(alive());
    expect(alive()).toHaveLength(3);
  });

  it('keeps its cluster from a copy made before it was moved', async () => {
    cpSync(moved(), copy, { recursive: true, force: true });
    renameSync(moved(), sandbox.project);
    const before = alive();
    for (const args of [
      ['up', '--yes'],
      ['down', '--confirm', 'demo'],
    ]) {
      const result = await sandbox.run(args, { cwd: copy });
      expect([result.code, alive()], result.stderr).toEqual([1, before]);
      expect(result.stderr).toContain('SLW-LOC-005');
    }
  });

  it('goes down without a trace, also right after it was moved again', async () => {
    await succeed(sandbox, ['down', '--confirm', 'demo']);
    expectNothingLeft({ sandbox, project: 'demo' });
  });
});

describe('a state folder that was removed by hand', () => {
  it('leaves processes that doctor names, and up ends before it makes a new cluster in its place', async () => {
    await succeed(sandbox, ['up', '--yes']);
    const left = alive();
    rmSync(join(sandbox.project, '.slipway'), { recursive: true });
    const named =
      /otherwise end them: kill ([\d ]+)/
        .exec((await sandbox.run(['doctor'])).stdout)?.[1]
        ?.trim()
        .split(' ')
        .map(Number) ?? [];
    // Some may have ended by themselves: their files are gone.
    expect(named.length).toBeGreaterThan(0);
    expect(left).toEqual(expect.arrayContaining(named));
    const { stdout, stderr } = await succeed(sandbox, ['up', '--yes']);
    expect(stdout + stderr).toContain('ended what ran in this folder before its state was removed');
    expect(left.filter((pid) => alive().includes(pid))).toEqual([]);
    expect((await sandbox.run(['doctor'])).stdout).toMatch(/processes: .*all of them known/);
    await succeed(sandbox, ['down', '--confirm', 'demo']);
    expect(alive()).toEqual([]);
    expectNothingLeft({ sandbox, project: 'demo' });
  });
});
