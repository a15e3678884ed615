import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemsOf } from '../../src/cli/event-schema.ts';
import type { PivotStatus } from '../../src/capi/pivot/options.ts';
import type { PivotPlan } from '../../src/capi/pivot/plan.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { namespaceObject, plainCluster } from '../support/capi-fixtures.ts';
import { applyAll, createManagement, type Management, waitAvailable } from '../support/capi-management.ts';
import { createSandbox, parseNdjson, type Sandbox } from '../support/slipway.ts';

let management: Management;
let sandbox: Sandbox;
let bare: ApiServer;
let machines = 0;

beforeAll(async () => {
  management = await createManagement({ audit: false });
  const { world } = management;
  const client = await world.source.client();
  await applyAll(client, [namespaceObject('fleet'), namespaceObject('empty'), ...plainCluster({ name: 'shop', namespace: 'fleet' })]);
  await waitAvailable(client, ['fleet']);
  machines = await management.lastEvent();
  // From here on the command line itself does what a kubelet does.
  await Promise.all([world.source.restKubelet(), world.target.restKubelet()]);
  bare = await startApiServer();
  sandbox = createSandbox();
  write('source.yaml', await world.source.kubeconfig());
  write('target.yaml', await world.target.kubeconfig());
  write('bare.yaml', bare.kubeconfig);
  write('gone.yaml', bare.kubeconfig.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'));
  write('guest.yaml', (await world.source.kubeconfig()).replace(/^(\s*)client-certificate/m, '$1as: guest\n$1client-certificate'));
}, 900_000);
afterAll(async () => {
  await sandbox?.remove();
  await bare?.stop();
  await management?.close();
});

function write(name: string, text: string): void {
  writeFileSync(join(sandbox.project, name), text, { mode: 0o600 });
}

interface Stream {
  readonly code: number | null;
  readonly events: readonly Record<string, unknown>[];
  readonly stderr: string;
  result<T>(kind: string): T;
  readonly errors: readonly { readonly code: string; readonly message: string; readonly data?: { readonly reason?: string } }[];
}

/** `slipway pivot …` in json: exit code and events, each as documented. */
async function pivot(...args: readonly string[]): Promise<Stream> {
  const { code, stdout, stderr } = await sandbox.run(['pivot', ...args, '--output', 'json'], {
    env: { XDG_STATE_HOME: management.world.stateHome },
  });
  const events = parseNdjson(stdout);
  expect(stderr, args.join(' ')).toBe('');
  expect(events.flatMap(problemsOf), args.join(' ')).toEqual([]);
  return {
    ...{ code, events, stderr },
    result: <T>(kind: string): T => events.find((event) => event['type'] === 'result' && event['kind'] === kind)?.['data'] as T,
    errors: events.flatMap((event) => (event['type'] === 'error' ? [event['error'] as Stream['errors'][number]] : [])),
  };
}

const ENDS = ['--from', 'source.yaml', '--to', 'target.yaml'] as const;

describe('before a pivot', { timeout: 300_000 }, () => {
  it('the plan gives every object a verdict and a reason, and changes nothing', async () => {
    const first = await pivot('plan', ...ENDS);
    expect(first.code).toBe(0);
    const plan = first.result<PivotPlan>('pivot-plan');
    expect(plan.refusals).toEqual([]);
    expect(plan.clusters).toEqual(['fleet/shop']);
    expect(plan.counts.moves).toBeGreaterThan(15);
    expect(plan.objects.filter(({ reason }) => reason === '')).toEqual([]);
    expect((await pivot('plan', ...ENDS)).result<PivotPlan>('pivot-plan').digest).toBe(plan.digest);
    expect((await pivot('status', ...ENDS)).result<PivotStatus>('pivot-status').stage).toBe('none');
  });

  it.each([
    ['a file that is not there', ['--from', 'nowhere.yaml', '--to', 'target.yaml'], 64, 'SLW-PIV-040'],
    ['a word that is neither a file nor a cluster', ['--from', 'source.yaml', '--to', 'mgmt'], 64, 'SLW-PIV-040'],
    ['a context that is not in the file', ['--from', 'source.yaml#other', '--to', 'target.yaml'], 65, 'SLW-KUB-021'],
    ['a server that does not answer', ['--from', 'gone.yaml', '--to', 'target.yaml'], 69, 'SLW-KUB-001'],
    ['a user who may do nothing', ['--from', 'guest.yaml', '--to', 'target.yaml'], 77, 'SLW-KUB-005'],
    ['one end only', ['--from', 'source.yaml'], 64, 'SLW-CLI-002'],
    ['nobody to be asked', [...ENDS], 64, 'SLW-CLI-003'],
  ] as const)('run refuses %s', async (_what, args, exit, code) => {
    const { code: ended, errors } = await pivot('run', ...args);
    expect(errors.map((error) => error.code)).toContain(code);
    expect(ended).toBe(exit);
  });

  it.each([
    ['the same cluster twice', ['--from', 'source.yaml', '--to', 'source.yaml'], 'same-cluster'],
    ['a target without Cluster API', ['--from', 'source.yaml', '--to', 'bare.yaml'], 'provider-missing'],
    ['a source without Cluster API', ['--from', 'bare.yaml', '--to', 'target.yaml'], 'nothing-to-move'],
    ['a source without Clusters', ['--from', 'target.yaml', '--to', 'source.yaml'], 'nothing-to-move'],
    ['a namespace that is not there', [...ENDS, '--namespace', 'nowhere'], 'nothing-to-move'],
    ['a namespace without Clusters', [...ENDS, '--namespace', 'empty'], 'nothing-to-move'],
    ['a Cluster that is not there', [...ENDS, '--cluster', 'shoop'], 'unknown-cluster'],
  ] as const)('plan says why not: %s', async (_what, args, reason) => {
    const { code, result } = await pivot('plan', ...args);
    expect(result<PivotPlan>('pivot-plan').refusals.map((refusal) => refusal.reason)).toContain(reason);
    expect(code).toBe(1);
    const { code: ended, errors } = await pivot('run', ...args, '--yes');
    expect(errors.map((error) => error.code)).toContain('SLW-PIV-001');
    expect(ended).toBe(1);
  });

  it('there is nothing to take back or to give up', async () => {
    expect((await pivot('rollback', ...ENDS, '--yes')).errors[0]?.code).toBe('SLW-PIV-030');
    expect((await pivot('retire', ...ENDS, '--confirm', 'source')).errors[0]?.code).toBe('SLW-PIV-031');
  });
});

describe('a pivot', { timeout: 900_000 }, () => {
  const hooks = [
    '--hook-before',
    'echo "$SLIPWAY_PIVOT_POINT $SLIPWAY_PIVOT_SOURCE $SLIPWAY_PIVOT_TARGET" >> hooks.log',
    '--hook-after',
    'echo "$SLIPWAY_PIVOT_POINT" >> hooks.log',
  ];

  it('stops where its hook fails, and can be taken back', async () => {
    const { code, errors } = await pivot('run', ...ENDS, '--yes', '--hook-before', 'exit 7');
    expect(errors[0]?.code).toBe('SLW-PIV-041');
    expect(code).toBe(1);
    expect((await pivot('status', ...ENDS)).result<PivotStatus>('pivot-status').stage).toBe('preparing');
    const back = await pivot('rollback', ...ENDS, '--yes');
    expect(back.errors).toEqual([]);
    expect(back.code).toBe(0);
    // Kubernetes takes its time to delete the namespace that the copy had made.
    const target = await management.world.target.client();
    await expect.poll(() => target.get({ apiVersion: 'v1', kind: 'Namespace', name: 'fleet' }), { timeout: 120_000 }).toBeUndefined();
  });

  it('moves everything, tells its phases, and runs its hooks once', async () => {
    const { code, events, errors, result } = await pivot('run', ...ENDS, '--yes', ...hooks);
    expect(errors).toEqual([]);
    expect(code).toBe(0);
    const types = events.map((event) => String(event['type']));
    expect(types).toEqual(
      expect.arrayContaining(['run.started', 'step.started', 'step.progress', 'step.verified', 'run.finished', 'result']),
    );
    expect(result<{ pivot: PivotStatus }>('pivot').pivot.stage).toBe('released');
    expect(readFileSync(join(sandbox.project, 'hooks.log'), 'utf8')).toBe('before source target\nafter\n');
  });

  it('is over when it is over: the same command finds nothing to do', async () => {
    const { code, result } = await pivot('run', ...ENDS, ...hooks);
    expect(code).toBe(0);
    expect(result<{ summary: readonly string[] }>('pivot').summary.join(' ')).toContain('already');
    expect((await pivot('status', ...ENDS)).result<PivotStatus>('pivot-status').next).toEqual(
      expect.arrayContaining(['rollback', 'retire']),
    );
  });

  it('goes back while the source is kept', async () => {
    const { code, errors } = await pivot('rollback', ...ENDS, '--yes');
    expect(errors).toEqual([]);
    expect(code).toBe(0);
    await waitAvailable(await management.world.source.client(), ['fleet']);
  });

  it('can be stopped at any time and be continued from another place', async () => {
    // Controllers that were started again may still be scaling when their Cluster is Available; the plan says when they have done.
    await expect
      .poll(async () => (await pivot('plan', ...ENDS)).result<PivotPlan>('pivot-plan').refusals, { timeout: 120_000 })
      .toEqual([]);
    const run = sandbox.start(['pivot', 'run', ...ENDS, '--yes', '--output', 'json'], {
      env: { XDG_STATE_HOME: management.world.stateHome },
    });
    let said = '';
    let interrupted = false;
    run.child.stdout?.on('data', (text: string) => {
      said += text;
      if (interrupted || !said.includes('pivot/copy/')) return;
      // Once: a second one detaches.
      interrupted = run.child.kill('SIGINT');
    });
    expect((await run.result).code, said.slice(-2_000)).toBe(130);
    expect((await pivot('status', ...ENDS)).result<PivotStatus>('pivot-status').stage).not.toBe('none');
    const { code, errors } = await pivot('run', ...ENDS, '--yes', '--state-dir', join(sandbox.dir, 'elsewhere'));
    expect(errors).toEqual([]);
    expect(code).toBe(0);
  });

  it('gives the source up only by its name, and no machine came or went', async () => {
    const unconfirmed = await pivot('retire', ...ENDS);
    expect(unconfirmed.errors[0]?.code).toBe('SLW-CLI-004');
    expect(unconfirmed.code).toBe(64);
    const { code, errors, result } = await pivot('retire', ...ENDS, '--confirm', 'source');
    expect(errors).toEqual([]);
    expect(code).toBe(0);
    expect(result<{ pivot: PivotStatus }>('pivot').pivot.stage).toBe('retired');
    expect((await pivot('rollback', ...ENDS, '--yes')).errors[0]?.code).toBe('SLW-PIV-030');
    expect(await management.machineEvents(machines)).toEqual([]);
    await waitAvailable(await management.world.target.client(), ['fleet']);
  });
});
