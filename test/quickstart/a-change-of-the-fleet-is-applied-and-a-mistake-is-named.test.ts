import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../src/kube/types.ts';
import { connect } from '../support/project-world.ts';
import { createSandbox, type Sandbox, succeed } from '../support/slipway.ts';

let sandbox: Sandbox;
let client: KubeClient;

beforeAll(async () => {
  sandbox = createSandbox({ example: 'quickstart' });
  const file = join(sandbox.project, 'slipway.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('branch: main', 'branch: main\n          interval: 2s'));
  await succeed(sandbox, ['up', '--yes']);
  client = await connect(sandbox, 'demo');
});
afterAll(async () => {
  await client?.close();
  await sandbox.remove();
});

const spring = (): string => join(sandbox.project, 'fleet', 'promotions', 'spring.yaml');
const PROMOTION = { apiVersion: 'shop.example.com/v1', kind: 'Promotion', namespace: 'shop', name: 'spring' };

function setPercent(value: string): void {
  writeFileSync(spring(), readFileSync(spring(), 'utf8').replace(/percent: .*/, `percent: ${value}`));
}

const percent = async (): Promise<unknown> =>
  ((await client.get(PROMOTION))?.['spec'] as { readonly percent?: number } | undefined)?.percent;

function git(...args: readonly string[]): string {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
  return execFileSync('git', [...identity, ...args], { cwd: join(sandbox.project, 'fleet'), encoding: 'utf8' }).trim();
}

async function untilPercent(value: number): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  for await (const event of client.watch(PROMOTION, { namespace: 'shop', signal })) {
    const objects = event.type === 'synced' ? event.items : 'object' in event ? [event.object] : [];
    if (objects.some((object) => (object['spec'] as { readonly percent?: number } | undefined)?.percent === value)) return;
  }
  throw new Error(`percent never became ${value}`);
}

describe('the fleet of the quickstart', () => {
  it('is edited: plan shows one changed snapshot, up applies it', async () => {
    setPercent('33');
    const plan = await sandbox.run(['plan', '--detailed-exitcode']);
    expect(plan.code).toBe(2);
    expect(plan.stdout).toContain('Plan: 1 to update.');
    await succeed(sandbox, ['up', '--yes']);
    expect(await percent()).toBe(33);
    expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  it('gets a value its schema forbids: up names object, reason and file, and status as well', async () => {
    setPercent('95');
    const up = await sandbox.run(['up', '--yes']);
    expect(up.code, up.stderr).toBe(1);
    const error = up.stderr.slice(up.stderr.indexOf(' error SLW-'));
    expect(error).toMatch(/SLW-FLX-\d+/);
    expect(error).toContain('Promotion/shop/spring');
    expect(error).toMatch(/percent/);
    expect(error).toContain('fleet/promotions/spring.yaml');
    const status = await sandbox.run(['status']);
    expect(status.stdout).toContain('Promotion/shop/spring');
    expect(await percent()).toBe(33);
  });

  it('gets no YAML at all: up names the file', async () => {
    const before = readFileSync(spring(), 'utf8');
    writeFileSync(spring(), `${before}\n\tx: [`);
    const up = await sandbox.run(['up', '--yes']);
    expect(up.code, up.stderr).toBe(1);
    expect(up.stderr).toMatch(/promotions.*spring\.yaml|spring\.yaml/);
    writeFileSync(spring(), before);
  });

  it('is put right: the next up applies it', async () => {
    setPercent('44');
    await succeed(sandbox, ['up', '--yes']);
    expect(await percent()).toBe(44);
  });

  it('becomes a repository: from then on a commit is applied without up', async () => {
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-q', '-m', 'the fleet');
    await succeed(sandbox, ['up', '--yes']);
    expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
    setPercent('55');
    git('commit', '-q', '-am', 'more');
    await untilPercent(55);
    const head = git('rev-parse', 'HEAD');
    const [plan, up] = [await sandbox.run(['plan', '--detailed-exitcode']), await succeed(sandbox, ['up', '--yes'])];
    expect(plan.code).toBe(0);
    expect(up.stdout).toContain(`main@sha1:${head}`);
  });
});
