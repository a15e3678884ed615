/**
 * Every write of a pivot is a kill point: before the first and after each (a sample of them takes every seventh). From each of them the same command completes with the world of
 * an uninterrupted run, and a rollback gives back the world from before. Without controllers, so that nothing but the pivot writes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { retirePivot, rollbackPivot, runPivot } from '../../src/capi/pivot/pivot.ts';
import type { PivotOptions } from '../../src/capi/pivot/options.ts';
import {
  classDrafts,
  clusterDrafts,
  differencesBetween,
  killAt,
  make,
  type Pair,
  pivotOptions,
  startPair,
  transactionOn,
  unpausedClusters,
  worldOf,
} from '../support/pivot-fixture.ts';
import { THOROUGH } from '../support/thorough.ts';

let pair: Pair;
let count = 0;

beforeAll(async () => {
  pair = await startPair();
}, 180_000);

afterAll(async () => pair?.stop());

interface Start {
  readonly namespace: string;
  readonly options: PivotOptions;
  readonly source: unknown;
}

/** A namespace of its own with one Cluster, its class and what belongs to both. */
async function start(more: Partial<PivotOptions> = {}): Promise<Start> {
  const namespace = `kill-${++count}`;
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await Promise.all([pair.source.create(object), pair.target.create(object)]);
  await make(pair.source, [...classDrafts(namespace, 'small'), ...clusterDrafts(namespace, 'shop', { class: 'small' })]);
  const options = pivotOptions(pair, { namespaces: [namespace], ...more });
  return { namespace, options, source: await worldOf(pair.source, namespace) };
}

/** Runs with a kill at the n-th write; false when there was no such write, so that the run came to its end. */
async function killed(act: (options: PivotOptions) => Promise<unknown>, options: PivotOptions, point: number): Promise<boolean> {
  const kill = point === 0 ? killAt(1, 'before') : killAt(point, 'after');
  await act({ ...options, onWrite: kill.onWrite }).catch((error: unknown) => {
    if (!kill.hit()) throw error;
  });
  return kill.hit() !== undefined;
}

async function neverTwoOwners(namespace: string): Promise<void> {
  const [here, there] = await Promise.all([unpausedClusters(pair.source, namespace), unpausedClusters(pair.target, namespace)]);
  expect(here.filter((name) => there.includes(name))).toEqual([]);
}

const STRIDE = THOROUGH ? 1 : 7;

/** Goes through the kill points of an act until it runs through. */
async function everyPoint(visit: (point: number) => Promise<boolean>): Promise<number> {
  for (let point = 0; ; point += STRIDE) if (!(await visit(point))) return point;
}

describe('a killed run', () => {
  it('completes when run again, with the world of an uninterrupted one', async () => {
    const whole = await start();
    await runPivot(whole.options);
    const expected = await worldOf(pair.target, whole.namespace);
    const frozen = await worldOf(pair.source, whole.namespace);
    await retirePivot(whole.options);
    const points = await everyPoint(async (point) => {
      const { namespace, options } = await start();
      const wasKilled = await killed(runPivot, options, point);
      await neverTwoOwners(namespace);
      expect((await runPivot(options)).status.stage).toBe('released');
      expect(differencesBetween(await worldOf(pair.target, namespace), expected), `target after a kill at ${point}`).toEqual([]);
      expect(differencesBetween(await worldOf(pair.source, namespace), frozen), `source after a kill at ${point}`).toEqual([]);
      await retirePivot(options);
      return wasKilled;
    });
    expect(points).toBeGreaterThan(40);
  });

  it('is taken back by a rollback, from before and from after COMMIT', async () => {
    const points = await everyPoint(async (point) => {
      const { namespace, options, source } = await start();
      const wasKilled = await killed(runPivot, options, point);
      await neverTwoOwners(namespace);
      if (point > 0 && wasKilled) expect((await rollbackPivot(options)).status.stage).toBe('none');
      if (wasKilled) {
        expect(differencesBetween(await worldOf(pair.source, namespace), source), `source after a kill at ${point}`).toEqual([]);
        expect(Object.keys(await worldOf(pair.target, namespace)), `target after a kill at ${point}`).toEqual([]);
      } else await retirePivot(options);
      return wasKilled;
    });
    expect(points).toBeGreaterThan(40);
  });
});

describe('a killed rollback', () => {
  const beforeCommit: Partial<PivotOptions> = {
    hooks: [{ name: 'stop', at: 'before-commit', run: () => Promise.reject(new Error('stopped')) }],
  };

  it('before COMMIT completes when it is called again', async () => {
    await everyPoint(async (point) => {
      const { namespace, options, source } = await start(beforeCommit);
      await expect(runPivot(options)).rejects.toThrow('stopped');
      const wasKilled = await killed(rollbackPivot, options, point);
      await neverTwoOwners(namespace);
      if (wasKilled) await rollbackPivot(options).catch(onlyNothingLeft);
      expect(differencesBetween(await worldOf(pair.source, namespace), source), `source after a kill at ${point}`).toEqual([]);
      expect(Object.keys(await worldOf(pair.target, namespace)), `target after a kill at ${point}`).toEqual([]);
      return wasKilled;
    });
  });

  it('after the release completes when it is called again', async () => {
    await everyPoint(async (point) => {
      const { namespace, options, source } = await start();
      await runPivot(options);
      const wasKilled = await killed(rollbackPivot, options, point);
      await neverTwoOwners(namespace);
      if (wasKilled) await rollbackPivot(options).catch(onlyNothingLeft);
      expect(differencesBetween(await worldOf(pair.source, namespace), source), `source after a kill at ${point}`).toEqual([]);
      expect(Object.keys(await worldOf(pair.target, namespace)), `target after a kill at ${point}`).toEqual([]);
      return wasKilled;
    });
  });
});

/** Killed after its very last write a rollback has nothing left to do. */
function onlyNothingLeft(error: unknown): void {
  expect(error).toMatchObject({ code: 'SLW-PIV-030' });
}

describe('a killed retirement', () => {
  it('of a source that lives on completes when it is called again', async () => {
    await everyPoint(async (point) => {
      const { namespace, options } = await start({ disposableSource: false, acceptUnobservedPause: true });
      await runPivot(options);
      const expected = await worldOf(pair.target, namespace);
      const wasKilled = await killed(retirePivot, options, point);
      expect((await retirePivot(options)).status.stage).toBe('retired');
      expect(Object.keys(await worldOf(pair.source, namespace)), `source after a kill at ${point}`).toEqual(['Secret/unrelated']);
      expect(differencesBetween(await worldOf(pair.target, namespace), expected)).toEqual([]);
      return wasKilled;
    });
  });

  it('ends its record on the source too, where only that of the target was written', async () => {
    const { options } = await start({ disposableSource: false, acceptUnobservedPause: true });
    await runPivot(options);
    const onWrite: PivotOptions['onWrite'] = ({ purpose }, moment) => {
      if (purpose === 'retire' && moment === 'after') throw new Error('killed');
    };
    await expect(retirePivot({ ...options, onWrite })).rejects.toThrow('killed');
    expect(await stages()).toEqual(['retiring', 'retired']);
    expect((await retirePivot(options)).status.stage).toBe('retired');
    expect(await stages()).toEqual(['retired', 'retired']);
  });
});

/** As the records on source and target say. */
async function stages(): Promise<readonly unknown[]> {
  const records = await Promise.all([pair.source, pair.target].map(transactionOn));
  return records.map((record) => (record?.['data'] as { readonly stage?: string } | undefined)?.stage);
}
