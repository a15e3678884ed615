import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSameWorld, settledWorld } from '../support/project-world.ts';
import { createSandbox, killPid, type Sandbox, succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { processesMentioning, type World } from '../support/world.ts';

let sandbox: Sandbox;
let reference: World;

beforeAll(async () => {
  sandbox = createSandbox({ example: 'quickstart' });
  await succeed(sandbox, ['up', '--yes']);
  reference = await settledWorld(sandbox, ['demo']);
});
afterAll(() => sandbox.remove());

const CHILDREN = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'source-controller',
  'kustomize-controller',
  'helm-controller',
  'git-server',
] as const;

function pidOf(child: string): number {
  const found = processesMentioning(sandbox.dir).filter(({ argv }) =>
    child === 'git-server' ? argv.includes('serve') : argv[0]?.endsWith(`/${child}`) === true,
  );
  expect(found).toHaveLength(1);
  return found[0]?.pid ?? 0;
}

const planExit = async (): Promise<number | null> => (await sandbox.run(['plan', '--detailed-exitcode'])).code;

describe('SIGKILL', () => {
  it('knows every child', () => {
    expect(processesMentioning(sandbox.dir)).toHaveLength(CHILDREN.length);
  });

  it.each(CHILDREN)('of %s is seen by plan and mended by up', async (child) => {
    const pid = pidOf(child);
    expect(killPid(pid)).toBe(true);
    expect(await planExit()).toBe(2);
    await succeed(sandbox, ['up', '--yes']);
    expect(pidOf(child)).not.toBe(pid);
    expect(await planExit()).toBe(0);
    await expectSameWorld(sandbox, ['demo'], reference);
  });

  it('of everything at once is mended by up, and nothing is left after down', async () => {
    for (const { pid } of processesMentioning(sandbox.dir)) killPid(pid);
    expect(await planExit()).toBe(2);
    await succeed(sandbox, ['up', '--yes']);
    await expectSameWorld(sandbox, ['demo'], reference);
    expect(await planExit()).toBe(0);
    for (const { pid } of processesMentioning(sandbox.dir)) killPid(pid);
    await succeed(sandbox, ['down', '--confirm', 'demo']);
    expectNothingLeft({ sandbox, project: 'demo' });
  });
});
