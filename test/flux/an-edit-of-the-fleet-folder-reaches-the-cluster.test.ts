import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fluxSteps } from '../../src/flux/steps.ts';
import { bringUp, type FluxWorld, host, kustomization, pathRepository, startFluxWorld } from '../support/flux-world.ts';

let world: FluxWorld;
let folder = '';
const records = new Map();

beforeAll(async () => {
  world = await startFluxWorld();
  folder = world.put({
    'platform/settings.yaml': configMap('settings', 'one'),
    'apps/web.yaml': configMap('web', 'one'),
    'apps/nested.yaml': nested,
    'apps/release.yaml': release,
    'nested/inner.yaml': configMap('inner', 'one'),
    'charts/shop/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 0.1.0\n',
    'charts/shop/templates/map.yaml': configMap('shop', 'one'),
  });
});
afterAll(() => world.stop());

function configMap(name: string, value: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: default\ndata:\n  value: ${value}\n`;
}

const nested = `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: nested, namespace: flux-system}
spec: {interval: 10m, path: ./nested, prune: true, wait: true, timeout: 20s, sourceRef: {kind: GitRepository, name: fleet}}
`;
const release = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: shop, namespace: flux-system}
spec:
  interval: 10m
  targetNamespace: default
  chart: {spec: {chart: ./charts/shop, reconcileStrategy: Revision, sourceRef: {kind: GitRepository, name: fleet}}}
`;

const steps = () =>
  fluxSteps(
    world.options({
      repositories: [pathRepository(folder, [kustomization('platform'), kustomization('apps', { dependsOn: ['platform'] })])],
    }),
  );

async function value(name: string): Promise<unknown> {
  const object = await world.client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name });
  return (object?.['data'] as { value?: string } | undefined)?.value;
}

describe('GitOps from a folder', () => {
  it('installs Flux, serves the folder and ends when everything nested has applied it', async () => {
    const [install] = steps();
    await bringUp(install ? [install] : [], { records });
    await world.startControllers();
    const { changes, reports } = await bringUp(steps(), { records });
    expect(changes['flux/install-components/demo']).toMatchObject({ kind: 'none' });
    expect(changes['gitops/apply-sources/demo']).toMatchObject({ kind: 'create' });
    expect(await Promise.all(['settings', 'web', 'inner', 'shop'].map(value))).toEqual(['one', 'one', 'one', 'one']);
    expect(reports.filter((report) => report.type === 'finding').map((report) => report.message)).toEqual([
      expect.stringMatching(/applied revision main@sha1:[0-9a-f]{40}/),
    ]);
  });

  it('plans nothing when nothing changed', async () => {
    const begun = performance.now();
    const { changes } = await bringUp(steps(), { records });
    expect(Object.values(changes).map(({ kind }) => kind)).toEqual(['none', 'none', 'none']);
    console.log(`second up: ${Math.round(performance.now() - begun)} ms`);
  });

  it('applies an edit of every layer, the chart included, and plans only the snapshot', async () => {
    world.put({
      'platform/settings.yaml': configMap('settings', 'two'),
      'apps/web.yaml': configMap('web', 'two'),
      'nested/inner.yaml': configMap('inner', 'two'),
      'charts/shop/templates/map.yaml': configMap('shop', 'two'),
    });
    const begun = performance.now();
    const { changes } = await bringUp(steps(), { records });
    console.log(`edit to applied: ${Math.round(performance.now() - begun)} ms`);
    expect(changes['git/serve-repositories/demo']).toMatchObject({
      kind: 'update',
      details: [{ object: 'snapshot of fleet', kind: 'update' }],
    });
    expect(changes['gitops/apply-sources/demo']).toMatchObject({ kind: 'none' });
    expect(await Promise.all(['settings', 'web', 'inner', 'shop'].map(value))).toEqual(['two', 'two', 'two', 'two']);
  });

  it('names the object, the reason and the file of a broken manifest, soon, and recovers with the edit that mends it', async () => {
    const broken = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  namespace: default\ndata:\n  value: {a: b}\n';
    world.put({ 'apps/web.yaml': broken });
    const begun = performance.now();
    await expect(bringUp(steps(), { records })).rejects.toMatchObject({
      code: 'SLW-FLX-001',
      object: 'ConfigMap/default/web',
      message: expect.stringMatching(/apps\/web\.yaml:1:1/),
    });
    console.log(`broken manifest named after ${Math.round(performance.now() - begun)} ms`);
    world.put({ 'apps/web.yaml': configMap('web', 'three') });
    await bringUp(steps(), { records });
    expect(await value('web')).toBe('three');
  });

  it('notices an edited, a deleted object and a killed server, and repairs them', async () => {
    await world.client.mergePatch(
      { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', namespace: 'flux-system', name: 'apps' },
      { spec: { path: './platform' } },
    );
    await world.client.delete({ apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'flux-system', name: 'helm-controller' });
    const server = records.get('git/serve-repositories/demo')?.outputs.port as number;
    const before = await observeServer();
    await host.processes.signal(before, 'SIGKILL');
    while (await host.processes.isAlive(before)) await host.clock.sleep(5);
    const { changes } = await bringUp(steps(), { records });
    expect(changes['flux/install-components/demo']).toMatchObject({
      kind: 'update',
      details: [{ object: 'ServiceAccount/flux-system/helm-controller', kind: 'create' }],
    });
    expect(changes['git/serve-repositories/demo']).toMatchObject({ kind: 'update', details: [{ reason: 'process is not running' }] });
    expect(changes['gitops/apply-sources/demo']).toMatchObject({
      kind: 'update',
      details: [{ object: 'Kustomization/flux-system/apps', kind: 'update', reason: 'spec.path' }],
    });
    expect(records.get('git/serve-repositories/demo')?.outputs.port).toBe(server);
  });
});

async function observeServer() {
  const { observeProcess } = await import('../../src/control-plane/processes.ts');
  const id = await world.options({ repositories: [] }).registerId(host);
  const { identity } = await observeProcess(host, { clusterId: id ?? '', component: 'git-server' });
  if (!identity) throw new Error('the server does not run');
  return identity;
}
