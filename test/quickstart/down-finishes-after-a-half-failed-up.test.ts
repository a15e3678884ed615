import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { atEvent, createSandbox, killPid, PLAIN_CLUSTER, type Sandbox, succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { processesMentioning } from '../support/world.ts';

let sandbox: Sandbox;
afterEach(() => sandbox.remove());

async function downLeavesNothing(): Promise<void> {
  await succeed(sandbox, ['down', '--confirm', 'demo']);
  expectNothingLeft({ sandbox, project: 'demo' });
  const again = await succeed(sandbox, ['down', '--confirm', 'demo']);
  expect(again.stdout).toContain('nothing of demo is there');
}

function killNamed(name: string): boolean {
  const victim = processesMentioning(sandbox.dir).find(({ argv }) => argv[0]?.endsWith(`/${name}`));
  return victim !== undefined && killPid(victim.pid);
}

/** Runs up and acts at the first event of that type and step. */
async function upWith(type: string, step: string, act: () => boolean): Promise<number | null> {
  const run = sandbox.start(['up', '--yes', '--output', 'json', '--timeout', '15s']);
  const acted = atEvent(run, (event) => event['type'] === type && String(event['step']).startsWith(step)).then(act);
  const { code } = await run.result;
  expect(await acted).toBe(true);
  return code;
}

describe('down', () => {
  it('after etcd died in the middle of up', async () => {
    sandbox = createSandbox({ example: 'quickstart' });
    const code = await upWith('step.applied', 'local/run-apiserver', () => killNamed('etcd'));
    expect(code).not.toBe(0);
    await downLeavesNothing();
  });

  it('after the API server died in the middle of up', async () => {
    sandbox = createSandbox({ example: 'quickstart' });
    await upWith('step.intended', 'flux/install-components', () => killNamed('kube-apiserver'));
    await downLeavesNothing();
  });

  it('after a Kustomization whose path is missing', async () => {
    sandbox = createSandbox({ example: 'quickstart' });
    rmSync(join(sandbox.project, 'fleet', 'apps'), { recursive: true });
    const up = await sandbox.run(['up', '--yes']);
    expect(up.code).not.toBe(0);
    expect(up.stderr).toContain('apps');
    await downLeavesNothing();
  });

  it('after an end by Ctrl-C', async () => {
    sandbox = createSandbox({ example: 'quickstart' });
    const run = sandbox.start(['up', '--yes', '--output', 'json']);
    await atEvent(run, (event) => event['step'] === 'flux/install-components/demo');
    run.child.kill('SIGINT');
    expect((await run.result).code).toBe(130);
    await downLeavesNothing();
  });

  it('with a project file that is broken or gone', async () => {
    sandbox = createSandbox({ files: { 'slipway.yaml': PLAIN_CLUSTER } });
    await succeed(sandbox, ['up', '--yes']);
    writeFileSync(join(sandbox.project, 'slipway.yaml'), 'kind: [');
    const refused = await sandbox.run(['down']);
    expect([refused.code, processesMentioning(sandbox.dir).length]).toEqual([64, 3]);
    await downLeavesNothing();
    writeFileSync(join(sandbox.project, 'slipway.yaml'), PLAIN_CLUSTER);
    await succeed(sandbox, ['up', '--yes']);
    rmSync(join(sandbox.project, 'slipway.yaml'));
    await downLeavesNothing();
  });

  it('--forget removes the journal as well', async () => {
    sandbox = createSandbox({ files: { 'slipway.yaml': PLAIN_CLUSTER } });
    await succeed(sandbox, ['up', '--yes']);
    await succeed(sandbox, ['down', '--confirm', 'demo', '--forget']);
    expect(processesMentioning(sandbox.dir)).toEqual([]);
    expect(existsSync(join(sandbox.project, '.slipway', 'demo'))).toBe(false);
  });
});
