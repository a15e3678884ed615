import { afterAll, describe, expect, it } from 'vitest';
import { createSandbox } from '../support/slipway.ts';
import { processesMentioning } from '../support/world.ts';

const sandbox = createSandbox({ example: 'quickstart' });
afterAll(() => sandbox.remove());

describe('the quickstart', () => {
  it('is planned before anything is there', async () => {
    const plan = await sandbox.run(['plan', '--detailed-exitcode']);
    expect([plan.code, plan.stderr]).toEqual([2, '']);
    expect(plan.stdout).toMatch(/\nPlan: \d+ to create/);
    expect(processesMentioning(sandbox.dir)).toEqual([]);
  });

  it('is refused without consent, and nothing is started', async () => {
    const up = await sandbox.run(['up']);
    expect([up.code, up.stdout]).toEqual([64, '']);
    expect(up.stderr).toContain('SLW-CLI-003');
    expect(processesMentioning(sandbox.dir)).toEqual([]);
  });

  it('goes up and says which revision was applied', async () => {
    const up = await sandbox.run(['up', '--yes']);
    expect(up.code, up.stderr).toBe(0);
    expect(up.stdout).toMatch(/applied revision main@sha1:[0-9a-f]{40}/);
  });

  it('plans nothing right after, and is ready', async () => {
    const [plan, status] = [await sandbox.run(['plan', '--detailed-exitcode']), await sandbox.run(['status'])];
    expect([plan.code, plan.stdout]).toEqual([0, 'No changes. demo is as its project says.\n']);
    expect(status.stdout.split('\n')[0]).toBe('demo: ready');
  });

  it('is not destroyed by --yes', async () => {
    const down = await sandbox.run(['down', '--yes']);
    expect(down.code).toBe(64);
    expect(down.stderr).toContain('add --confirm demo');
    expect((await sandbox.run(['status'])).stdout.split('\n')[0]).toBe('demo: ready');
  });

  it('goes down by its name and leaves no process', async () => {
    const down = await sandbox.run(['down', '--confirm', 'demo']);
    expect(down.code, down.stderr).toBe(0);
    expect(processesMentioning(sandbox.dir)).toEqual([]);
  });
});
