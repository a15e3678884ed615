import { afterAll, beforeAll, expect, it } from 'vitest';
import { planPivot, pivotStatus, retirePivot, rollbackPivot, runPivot } from '../../src/capi/pivot/pivot.ts';
import {
  classDrafts,
  clusterDrafts,
  differencesBetween,
  make,
  type Pair,
  pivotOptions,
  startPair,
  worldOf,
} from '../support/pivot-fixture.ts';

let pair: Pair;

beforeAll(async () => {
  pair = await startPair();
}, 180_000);

afterAll(async () => pair?.stop());

async function namespaceWith(name: string): Promise<void> {
  await pair.source.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'example.com/level': 'high' } } });
  await make(pair.source, [
    ...classDrafts(name, 'small'),
    ...clusterDrafts(name, 'shop', { class: 'small' }),
    ...clusterDrafts(name, 'web'),
  ]);
}

it('moves everything, and nothing else', async () => {
  await namespaceWith('moved');
  const before = await worldOf(pair.source, 'moved');
  const options = pivotOptions(pair, { namespaces: ['moved'] });
  const plan = await planPivot(options);
  expect(plan.refusals).toEqual([]);
  expect(plan.objects.filter(({ verdict }) => verdict === 'stays').map(({ ref }) => `${ref.kind}/${ref.name}`)).toEqual([
    'Secret/unrelated',
  ]);
  const result = await runPivot(options);
  expect(result.status.stage).toBe('released');
  const { 'Secret/unrelated': _stays, ...expected } = before as Record<string, unknown>;
  expect(differencesBetween(await worldOf(pair.target, 'moved'), expected)).toEqual([]);
  expect((await pair.target.get({ apiVersion: 'v1', kind: 'Namespace', name: 'moved' }))?.metadata.labels?.['example.com/level']).toBe(
    'high',
  );
  expect((await runPivot(options)).changed).toBe(false);
  expect((await retirePivot(options)).status.stage).toBe('retired');
  expect((await runPivot(options)).changed).toBe(false);
  await expect(rollbackPivot(options)).rejects.toMatchObject({ code: 'SLW-PIV-030' });
});

it('gives the source back as it was before COMMIT is reached', async () => {
  await namespaceWith('returned');
  await pair.target.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'returned' } });
  const before = await worldOf(pair.source, 'returned');
  const nothing = await worldOf(pair.target, 'returned');
  const options = pivotOptions(pair, {
    namespaces: ['returned'],
    hooks: [{ name: 'stop', at: 'before-commit', run: () => Promise.reject(new Error('stopped before commit')) }],
  });
  await expect(runPivot(options)).rejects.toThrow('stopped before commit');
  expect((await pivotStatus(options)).stage).toBe('preparing');
  expect((await rollbackPivot(options)).status.stage).toBe('none');
  expect(differencesBetween(await worldOf(pair.source, 'returned'), before)).toEqual([]);
  expect(differencesBetween(await worldOf(pair.target, 'returned'), nothing)).toEqual([]);
});

it('brings everything back after the release, with what changed meanwhile', async () => {
  await namespaceWith('reversed');
  await pair.target.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'reversed' } });
  const nothing = await worldOf(pair.target, 'reversed');
  const options = pivotOptions(pair, { namespaces: ['reversed'] });
  await runPivot(options);
  const machine = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Machine', namespace: 'reversed', name: 'web-md-0' };
  await pair.target.mergePatch(machine, {
    metadata: { annotations: { 'example.com/later': 'yes' } },
    spec: { providerID: 'dev:////later' },
  });
  const there = await worldOf(pair.target, 'reversed');
  const result = await rollbackPivot(options);
  expect(result.status.stage).toBe('none');
  const { 'Secret/unrelated': _stays, ...back } = (await worldOf(pair.source, 'reversed')) as Record<string, unknown>;
  expect(differencesBetween(back, there)).toEqual([]);
  expect(differencesBetween(await worldOf(pair.target, 'reversed'), nothing)).toEqual([]);
});

it('retires a source that lives on: what moved is removed there, the rest stays', async () => {
  await namespaceWith('retired');
  const options = pivotOptions(pair, { namespaces: ['retired'], clusters: ['web'], disposableSource: false, acceptUnobservedPause: true });
  const before = (await worldOf(pair.source, 'retired')) as Record<string, unknown>;
  await runPivot(options);
  await retirePivot(options);
  const after = (await worldOf(pair.source, 'retired')) as Record<string, unknown>;
  expect(differencesBetween(after, Object.fromEntries(Object.entries(before).filter(([name]) => !/\/web(?:-|$)/.test(name))))).toEqual([]);
  expect(Object.keys(await worldOf(pair.target, 'retired'))).toEqual(Object.keys(before).filter((name) => /\/web(?:-|$)/.test(name)));
});
