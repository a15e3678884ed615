import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox, type Sandbox, succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { listeningPorts, processesMentioning } from '../support/world.ts';

const cluster = (name: string): string =>
  `apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: ${name}}\nspec: {provisioner: local}\n`;
const project = (...names: readonly string[]): string =>
  ['apiVersion: slipway.dev/v1alpha1\nkind: Project\nmetadata: {name: pair}\n', ...names.map(cluster)].join('---\n');

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = createSandbox({ files: { 'slipway.yaml': project('left', 'right') } });
});
afterAll(() => sandbox.remove());

const of = (name: string): readonly number[] =>
  processesMentioning(`/clusters/${name}/`)
    .filter(({ argv }) => argv.some((part) => part.includes(sandbox.dir)))
    .map(({ pid }) => pid);

describe('two clusters in one project', () => {
  it('come up side by side, each with its own processes and ports', async () => {
    await succeed(sandbox, ['up', '--yes']);
    const [left, right] = [of('left'), of('right')];
    expect([left.length, right.length]).toEqual([3, 3]);
    const ports = [...left, ...right].flatMap(listeningPorts);
    expect(new Set(ports).size).toBe(ports.length);
    expect((await succeed(sandbox, ['kubeconfig', 'left'])).stdout).not.toBe((await succeed(sandbox, ['kubeconfig', 'right'])).stdout);
  });

  it('status --only shows one, and refuses what is not there', async () => {
    const one = await succeed(sandbox, ['status', '--only', 'Cluster/right']);
    expect(one.stdout).toContain('Cluster/right');
    expect(one.stdout).not.toContain('Cluster/left');
    const none = await sandbox.run(['status', '--only', 'Cluster/rigt']);
    expect([none.code, none.stderr]).toEqual([64, expect.stringMatching(/SLW-ENG-004.*did you mean Cluster\/right/)]);
  });

  it('down --only takes one and leaves the other running', async () => {
    const right = of('right');
    await succeed(sandbox, ['down', '--only', 'Cluster/left', '--confirm', 'left']);
    expect([of('left'), of('right')]).toEqual([[], right]);
    await succeed(sandbox, ['up', '--yes', '--only', 'Cluster/left']);
    expect(of('left')).toHaveLength(3);
    expect(of('right')).toEqual(right);
  });

  it('a document removed from the project plans a delete, which only its name confirms', async () => {
    sandbox.put({ 'slipway.yaml': project('left') });
    const plan = await sandbox.run(['plan', '--detailed-exitcode']);
    expect(plan.code).toBe(2);
    expect(plan.stdout).toMatch(/Cluster\/right[\s\S]*- delete/);
    for (const flags of [['--yes'], ['--yes', '--confirm', 'left'], ['--yes', '--confirm', 'pair']]) {
      const refused = await sandbox.run(['up', ...flags]);
      expect([refused.code, of('right').length], flags.join(' ')).toEqual([64, 3]);
      expect(refused.stderr).toContain('SLW-CLI-004');
    }
    const left = of('left');
    await succeed(sandbox, ['up', '--confirm', 'right']);
    expect([of('left'), of('right')]).toEqual([left, []]);
    expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  it('down leaves nothing', async () => {
    await succeed(sandbox, ['down', '--confirm', 'pair']);
    expectNothingLeft({ sandbox, project: 'pair' });
  });
});
