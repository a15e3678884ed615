import { mkdirSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isSlipwayError, type SlipwayError } from '../../src/core/errors.ts';
import { readGitopsStatus } from '../../src/flux/status.ts';
import { declaredNames, declaredSources } from '../../src/flux/sources-step.ts';
import { fluxSteps } from '../../src/flux/steps.ts';
import { startGitServer } from '../../src/git/server.ts';
import { writeServerConfig } from '../../src/git/server-config.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { refOf } from '../../src/kube/types.ts';
import { bringUp, type FluxWorld, host, kustomization, pathRepository, startFluxWorld } from '../support/flux-world.ts';
import { type StallCase, stallCases } from '../support/stall-cases.ts';

let world: FluxWorld;
const end = new AbortController();
const records = new Map();
const results: string[] = [];
const addresses = { locked: '', open: '' };

beforeAll(async () => {
  world = await startFluxWorld();
  await bringUp(fluxSteps(world.options({ repositories: [] })), { records });
  await world.startControllers();
  void pretendKubelet();
  await serveRemote();
});
afterAll(async () => {
  console.log(results.join('\n'));
  end.abort();
  await world.stop();
});

/** Two doors to one repository: one that wants a token nobody has, one that lets everybody in. */
async function serveRemote(): Promise<void> {
  const gitDir = join(world.dir, 'remote.git');
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', gitDir]);
  const tree = execFileSync('git', ['mktree'], { cwd: gitDir, input: '', encoding: 'utf8' }).trim();
  const commit = execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit-tree', '-m', 'x', tree], {
    cwd: gitDir,
    encoding: 'utf8',
  }).trim();
  execFileSync('git', ['update-ref', 'refs/heads/main', commit], { cwd: gitDir });
  const token = 'nobody-knows-this-token';
  const configFile = join(world.dir, 'remote.json');
  await writeServerConfig(host, configFile, { format: 1, port: 0, token, repositories: [{ name: 'fleet', gitDir, refs: ['refs/heads'] }] });
  const { port } = await startGitServer(host, { configFile, port: 0, signal: end.signal });
  addresses.locked = `http://127.0.0.1:${port}/fleet.git`;
  const { createServer, request } = await import('node:http');
  const authorization = `Basic ${Buffer.from(`slipway:${token}`).toString('base64')}`;
  const proxy = createServer((incoming, outgoing) => {
    const inner = request(
      {
        port,
        host: '127.0.0.1',
        path: incoming.url ?? '/',
        method: incoming.method ?? 'GET',
        headers: { ...incoming.headers, authorization },
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(inner);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  end.signal.addEventListener('abort', () => (proxy.close(), proxy.closeAllConnections()));
  const address = proxy.address();
  addresses.open = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/fleet.git`;
}

const containers = (state: object, more: object = {}) => ({
  phase: 'Pending',
  containerStatuses: [{ name: 'main', image: 'x', imageID: '', ready: false, restartCount: 1, state, ...more }],
});
const STATES: Readonly<Record<string, object>> = {
  ImagePullBackOff: containers({ waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "example.invalid/x:1"' } }),
  CrashLoopBackOff: {
    ...containers(
      { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' } },
      { lastState: { terminated: { reason: 'Error', exitCode: 3 } } },
    ),
    phase: 'Running',
  },
  Unschedulable: {
    phase: 'Pending',
    conditions: [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient memory' },
    ],
  },
  Running: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
};

/** Puts each pod into the state its annotation names, as a kubelet or the scheduler would. */
async function pretendKubelet(): Promise<void> {
  const done = new Set<string>();
  for await (const event of world.client.watch({ apiVersion: 'v1', kind: 'Pod' }, { signal: end.signal })) {
    const pods: readonly KubeObject[] = event.type === 'synced' ? event.items : event.type === 'disconnected' ? [] : [event.object];
    for (const pod of pods) {
      const status = STATES[pod.metadata.annotations?.['test/state'] ?? ''];
      if (!status || done.has(pod.metadata.uid ?? '')) continue;
      done.add(pod.metadata.uid ?? '');
      await world.client.mergePatch(refOf(pod), { status }, { subresource: 'status' }).catch(() => undefined);
    }
  }
}

function fill(files: Readonly<Record<string, string>>): string {
  const folder = join(world.dir, 'fleet');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  return world.put(files);
}

async function attempt(stall: StallCase, files: Readonly<Record<string, string>>): Promise<SlipwayError | undefined> {
  const folder = fill(files);
  const units = stall.units ?? [kustomization('app', { timeout: '15s', retryInterval: '5s' })];
  const options = world.options(
    { repositories: [pathRepository(folder, units, stall.source ? { source: stall.source } : {})] },
    {
      redactor: world.options({ repositories: [] }).redactor,
      ...(stall.withoutNodes && {
        cannotRun: (object: KubeObject) => (object.kind === 'Pod' ? 'no node of this cluster runs it' : undefined),
      }),
    },
  );
  try {
    await bringUp(fluxSteps(options), { records, timeoutMs: 100_000 });
    return undefined;
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    const { causes } = await readGitopsStatus(world.client, {
      declared: declaredNames(options),
      sources: declaredSources(options),
      ...(options.cannotRun && { cannotRun: options.cannotRun }),
    });
    expect.soft(causes[0]?.object, 'status').toMatch(stall.object);
    return error;
  }
}

describe('up and status name the true cause first', () => {
  it.each(stallCases({ locked: 'LOCKED', open: 'OPEN' }).map(({ name }, index) => ({ name, index })))('$name', async ({ index }) => {
    const stall = stallCases(addresses)[index];
    if (!stall) throw new Error('no such case');
    await stall.prepare?.(world.client);
    if (stall.before) expect(await attempt(stall, stall.before)).toBeUndefined();
    const begun = performance.now();
    const error = await attempt(stall, stall.files);
    results.push(`${String(Math.round(performance.now() - begun)).padStart(6)} ms  ${stall.name}: ${error?.code} ${error?.message}`);
    if (!error) throw new Error('it did not stall');
    expectCause(error, stall);
  });
});

function expectCause(error: SlipwayError, stall: StallCase): void {
  const causes = (error.data?.['causes'] ?? []) as readonly {
    readonly object: string;
    readonly reason: string;
    readonly message: string;
    readonly file?: string;
  }[];
  const [first] = causes;
  expect.soft(error.object).toMatch(stall.object);
  expect.soft(first?.reason).toMatch(stall.reason);
  if (stall.says) expect.soft(error.message).toMatch(stall.says);
  if (stall.file) expect.soft(first?.file).toMatch(stall.file);
  if (stall.code) expect.soft(error.code).toBe(stall.code);
  expect.soft(error.code, 'found before the bound').not.toBe('SLW-FLX-002');
}
