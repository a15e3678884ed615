import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StepRecord, UndoContext } from '../../src/engine/step.ts';
import { fluxStepIds, fluxSteps } from '../../src/flux/steps.ts';
import { fluxUndoHandlers } from '../../src/flux/undo.ts';
import { observeProcess } from '../../src/control-plane/processes.ts';
import { bringUp, type FluxWorld, host, kustomization, pathRepository, startFluxWorld } from '../support/flux-world.ts';

let world: FluxWorld;
let records = new Map<string, StepRecord>();

beforeEach(async () => {
  world = await startFluxWorld();
  records = new Map();
});
afterEach(() => world.stop());

const configMap = (name: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default}\ndata: {a: b}\n`;
const nested = `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: nested, namespace: flux-system}\nspec: {interval: 10m, path: ./nested, prune: true, wait: true, timeout: 30s, sourceRef: {kind: GitRepository, name: fleet}}\n`;

async function install(): Promise<void> {
  const folder = world.put({
    'platform/a.yaml': configMap('platform'),
    'apps/a.yaml': configMap('apps'),
    'apps/nested.yaml': nested,
    'nested/a.yaml': configMap('nested'),
  });
  const steps = fluxSteps(
    world.options({
      repositories: [pathRepository(folder, [kustomization('platform'), kustomization('apps', { dependsOn: ['platform'] })])],
    }),
  );
  await bringUp(steps.slice(0, 1), { records });
  await world.startControllers();
  await bringUp(steps, { records });
}

async function undoAll(options: Readonly<Record<string, boolean>>): Promise<readonly string[]> {
  const handlers = fluxUndoHandlers(() => Promise.resolve(world.client));
  const ids = fluxStepIds('demo');
  const messages: string[] = [];
  for (const id of [ids.sources, ids.serve, ids.install]) {
    const record = records.get(id);
    const undo = record?.intent.undo;
    if (!record || !undo) throw new Error(`${id} cannot be undone`);
    const context: UndoContext = {
      host,
      signal: new AbortController().signal,
      timeoutMs: 60_000,
      record,
      records: () => records,
      options,
      report: (report) => void (report.type === 'finding' && messages.push(report.message)),
    };
    const handler = handlers.get(undo.handler);
    await handler?.undo(context);
    await handler?.undo(context);
  }
  return messages;
}

const left = async (): Promise<readonly string[]> =>
  (await world.client.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: 'default' })).items
    .map(({ metadata }) => metadata.name)
    .filter((name) => name !== 'kube-root-ca.crt');
const fluxKinds = async (): Promise<boolean> => (await world.client.raw('/apis/kustomize.toolkit.fluxcd.io/v1')).status === 200;
const namespace = async () => await world.client.get({ apiVersion: 'v1', kind: 'Namespace', name: 'flux-system' });

describe('taking GitOps off a cluster', () => {
  it('leaves every workload and nothing of ours, and may be done twice', async () => {
    await install();
    expect(await undoAll({})).toEqual([]);
    expect(await left()).toEqual(['apps', 'nested', 'platform']);
    expect(await fluxKinds()).toBe(false);
    expect(await namespace()).toBeUndefined();
    const id = await world.options({ repositories: [] }).registerId(host);
    expect((await observeProcess(host, { clusterId: id ?? '', component: 'git-server' })).state).toBe('absent');
  });

  it('with prune takes all that was applied along, against the dependencies', async () => {
    await install();
    await undoAll({ prune: true });
    expect(await left()).toEqual([]);
    expect(await fluxKinds()).toBe(false);
  });

  it('ends also when no controller lives to remove a finalizer', async () => {
    await install();
    await world.stopControllers();
    await undoAll({});
    expect(await left()).toEqual(['apps', 'nested', 'platform']);
    expect(await fluxKinds()).toBe(false);
  });

  it('keeps a namespace that was there before, and one that holds what others put there', async () => {
    await world.client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'flux-system' } }, { fieldManager: 'somebody' });
    await install();
    await undoAll({});
    expect((await namespace())?.metadata.deletionTimestamp).toBeUndefined();
    expect(await namespace()).toBeDefined();
    await world.client.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'flux-system' });
  });

  it('says why a namespace of ours stays', async () => {
    await install();
    await world.client.apply(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cluster-settings', namespace: 'flux-system' }, data: { a: 'b' } },
      { fieldManager: 'somebody' },
    );
    expect(await undoAll({})).toEqual([expect.stringContaining('ConfigMap/flux-system/cluster-settings')]);
    expect(await namespace()).toBeDefined();
  });

  it('leaves a Flux alone that others installed', async () => {
    const { loadComponents } = await import('../../src/flux/components.ts');
    for (const object of (await loadComponents(host)).objects
      .filter(({ kind }) => kind !== 'CustomResourceDefinition')
      .concat((await loadComponents(host)).objects.filter(({ kind }) => kind === 'CustomResourceDefinition'))) {
      await world.client.apply(object, { fieldManager: 'flux' });
    }
    await install();
    expect(records.get('flux/install-components/demo')).toBeUndefined();
    const handlers = fluxUndoHandlers(() => Promise.resolve(world.client));
    const record = records.get(fluxStepIds('demo').sources);
    if (!record) throw new Error('nothing was applied');
    await handlers.get('gitops/remove-sources')?.undo({
      host,
      signal: new AbortController().signal,
      timeoutMs: 30_000,
      record,
      records: () => records,
      options: {},
      report: () => undefined,
    });
    expect(await fluxKinds()).toBe(true);
    expect(await left()).toEqual(['apps', 'nested', 'platform']);
  });
});
