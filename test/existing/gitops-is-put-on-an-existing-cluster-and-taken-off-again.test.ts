import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  configMap,
  configMapRef,
  existingProject,
  type ExistingCluster,
  objectNames,
  startExistingCluster,
  valueOf,
} from '../support/existing-cluster.ts';
import { createSandbox, type Sandbox, succeed } from '../support/slipway.ts';
import { processesMentioning } from '../support/world.ts';

const DOWN = ['down', '--confirm', 'prod'];
const REPOSITORIES =
  '{fleet: {git: {url: ./fleet}, kustomizations: {platform: {path: ./platform}, apps: {path: ./apps, dependsOn: [platform]}}}}';

let cluster: ExistingCluster;
let sandbox: Sandbox;
/** What stands on the cluster before anybody puts anything on it. */
let before: readonly string[];

beforeAll(async () => {
  cluster = await startExistingCluster();
  before = await objectNames(cluster.client);
  sandbox = createSandbox({
    files: {
      'slipway.yaml': project(),
      'fleet/platform/settings.yaml': configMap('settings'),
      'fleet/apps/web.yaml': configMap('web'),
    },
  });
});
afterAll(async () => {
  await sandbox?.remove();
  await cluster?.stop();
});

const project = (): string => existingProject({ kubeconfig: `{file: ${cluster.kubeconfigFile}}`, repositories: REPOSITORIES });
const projectFile = (): string => join(sandbox.project, 'slipway.yaml');
const run = (...args: readonly string[]) => sandbox.run(args);
const up = () => succeed(sandbox, ['up', '--yes']);
const values = () => Promise.all(['settings', 'web'].map((name) => valueOf(cluster.client, name)));
const fluxObject = (kind: string, name: string) => ({
  apiVersion: kind === 'Kustomization' ? 'kustomize.toolkit.fluxcd.io/v1' : 'source.toolkit.fluxcd.io/v1',
  kind,
  namespace: 'flux-system',
  name,
});
async function forgetWorkloads(): Promise<void> {
  for (const name of ['settings', 'web']) await cluster.client.delete(configMapRef(name));
}

describe('an existing cluster', () => {
  it('gets Flux and the fleet, is ready, and the next up plans nothing', async () => {
    const first = await up();
    expect(first.stdout).toMatch(/prod: applied revision main@sha1:[0-9a-f]{40} of fleet/);
    expect(await values()).toEqual(['one', 'one']);
    expect((await run('plan', '--detailed-exitcode')).code).toBe(0);
    expect((await run('status')).stdout.split('\n')[0]).toBe('prod: ready');
    expect((await up()).stderr).toContain('0 changed');
  });

  it('shows the Git server that runs here for it, and names it first when it is dead', async () => {
    const before = await run('status');
    const pid = Number(/Process\/git-server {2}pid (\d+)/.exec(before.stdout)?.[1]);
    expect((await run('logs', 'prod', 'git-server')).code).toBe(0);
    process.kill(pid, 'SIGKILL');
    const after = await run('status');
    expect(after.stdout.split('\n').slice(0, 3)).toEqual([
      'prod: stopped',
      'Cause:',
      expect.stringContaining('Process/git-server: NotRunning'),
    ]);
    await up();
    expect((await run('status')).stdout.split('\n')[0]).toBe('prod: ready');
  });

  it('follows an edit of the folder with the next up', async () => {
    sandbox.put({ 'fleet/apps/web.yaml': configMap('web', 'two') });
    await up();
    expect(await values()).toEqual(['one', 'two']);
  });

  it('has what was put on it corrected, and nothing else', async () => {
    await cluster.client.delete({ apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'flux-system', name: 'helm-controller' });
    await cluster.client.mergePatch(fluxObject('Kustomization', 'apps'), { spec: { path: './elsewhere' } });
    const plan = await run('plan', '--detailed-exitcode');
    expect([plan.code, plan.stdout]).toEqual([
      2,
      expect.stringMatching(/ServiceAccount\/flux-system\/helm-controller[^]*Kustomization\/flux-system\/apps/),
    ]);
    await up();
    expect((await run('plan', '--detailed-exitcode')).code).toBe(0);
  });

  it('loses by down what Slipway installed and no more: workloads stay', async () => {
    await succeed(sandbox, DOWN);
    const added = (await objectNames(cluster.client)).filter((name) => !before.includes(name));
    expect(added).toEqual(['ConfigMap/default/settings', 'ConfigMap/default/web']);
    expect(processesMentioning(sandbox.dir)).toEqual([]);
    const again = await succeed(sandbox, DOWN);
    expect(again.stdout).toContain('nothing of prod is there');
  });
});

describe('down', () => {
  afterEach(forgetWorkloads);

  it('keeps the namespace of Flux and whatever others put there, and the next down still does', async () => {
    for (const round of [1, 2]) {
      await up();
      if (round === 1)
        await cluster.client.create({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'planted', namespace: 'flux-system' },
          data: { value: 'mine' },
        });
      const down = await succeed(sandbox, DOWN);
      expect(await valueOf(cluster.client, 'planted', 'flux-system')).toBe('mine');
      const namespace = await cluster.client.get({ apiVersion: 'v1', kind: 'Namespace', name: 'flux-system' });
      expect(namespace?.metadata.labels).not.toHaveProperty('slipway.dev/owner');
      const left = (await objectNames(cluster.client)).filter((name) => !before.includes(name) && !name.includes('/default/'));
      expect(left, `round ${round}`).toEqual([
        'ConfigMap/flux-system/planted',
        'Namespace/flux-system',
        'ServiceAccount/flux-system/default',
      ]);
      if (round === 1) expect(down.stderr).toContain('namespace flux-system stays: it holds ConfigMap/flux-system/planted');
    }
    // Not waited for: the next up has to cope with a namespace that is on its way out.
    await cluster.client.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'flux-system' });
  });

  it('keeps the definitions while objects of others would go with them', async () => {
    await up();
    const theirs = {
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'HelmRepository',
      metadata: { name: 'theirs', namespace: 'default' },
      spec: { url: 'https://127.0.0.1:1/charts', interval: '1h' },
    };
    await cluster.client.create(theirs);
    const down = await succeed(sandbox, DOWN);
    expect(down.stderr).toContain('HelmRepository/default/theirs');
    const ref = { apiVersion: theirs.apiVersion, kind: theirs.kind, namespace: 'default', name: 'theirs' };
    expect(await cluster.client.get(ref)).toMatchObject({ spec: theirs.spec });
    await cluster.client.mergePatch(ref, { metadata: { finalizers: null } });
    await cluster.client.delete(ref);
  });

  it('leaves definitions that were there before us where they were', async () => {
    const definitions = (await objectNames(cluster.client)).filter((name) => name.startsWith('CustomResourceDefinition/'));
    expect(definitions).toContain('CustomResourceDefinition/gitrepositories.source.toolkit.fluxcd.io');
    await up();
    await succeed(sandbox, DOWN);
    expect((await objectNames(cluster.client)).filter((name) => name.startsWith('CustomResourceDefinition/'))).toEqual(definitions);
    for (const name of definitions)
      await cluster.client.delete({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        name: name.split('/')[1] ?? '',
      });
  });

  it('--prune removes workloads too, dependents first', async () => {
    await up();
    const order: string[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const event of cluster.client.watch(
        { apiVersion: 'v1', kind: 'ConfigMap' },
        { namespace: 'default', signal: stop.signal },
      ))
        if (event.type === 'deleted') order.push(event.object.metadata.name);
    })().catch(() => undefined);
    await succeed(sandbox, [...DOWN, '--prune']);
    stop.abort();
    await watching;
    expect(order).toEqual(['web', 'settings']);
    expect(await objectNames(cluster.client)).toEqual(before);
  });

  it('ends a half-failed up, also with the project file broken since', async () => {
    sandbox.put({ 'fleet/apps/web.yaml': configMap('web').replace('{value: one}', '{value: {a: b}}') });
    const failed = await run('up', '--yes');
    expect([failed.code, failed.stderr]).toEqual([
      1,
      expect.stringMatching(/SLW-FLX-001[^]*ConfigMap\/default\/web[^]*apps\/web\.yaml:1:1/),
    ]);
    writeFileSync(projectFile(), 'kind: [\n');
    const down = await succeed(sandbox, DOWN);
    expect(down.stderr).toMatch(/the project file is not used/);
    expect((await objectNames(cluster.client)).filter((name) => !before.includes(name))).toEqual(['ConfigMap/default/settings']);
    sandbox.put({ 'fleet/apps/web.yaml': configMap('web'), 'slipway.yaml': project() });
  });

  it('works with the project file deleted, and --forget leaves nothing of the project either', async () => {
    await up();
    rmSync(projectFile());
    await succeed(sandbox, [...DOWN, '--forget']);
    expect((await objectNames(cluster.client)).filter((name) => !before.includes(name))).toEqual([
      'ConfigMap/default/settings',
      'ConfigMap/default/web',
    ]);
    expect(existsSync(join(sandbox.project, '.slipway', 'prod'))).toBe(false);
  });
});
