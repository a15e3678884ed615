import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BLOCK_MOVE_ANNOTATION } from '../../src/capi/pivot/marks.ts';
import type { PivotOptions } from '../../src/capi/pivot/options.ts';
import { retirePivot, rollbackPivot, runPivot } from '../../src/capi/pivot/pivot.ts';
import { CLUSTER } from '../../src/capi/words.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import {
  classDrafts,
  clusterDrafts,
  differencesBetween,
  host,
  killAt,
  make,
  type Pair,
  pivotOptions,
  refTo,
  startPair,
  toldControllers,
  worldOf,
} from '../support/pivot-fixture.ts';
import { THOROUGH } from '../support/thorough.ts';

let pair: Pair;
let namespace: string;
let told: string[];
let count = 0;

beforeAll(async () => {
  pair = await startPair();
}, 180_000);

afterAll(async () => pair?.stop());

beforeEach(async () => start());

/** On a target without Clusters: those of its own are not to be held. */
async function start(): Promise<void> {
  for (const { metadata } of (await pair.target.list(CLUSTER)).items) {
    const ref = refTo('Cluster', metadata.namespace ?? '', metadata.name);
    await pair.target.mergePatch(ref, { metadata: { finalizers: null } });
    await pair.target.delete(ref);
  }
  namespace = `hold-${++count}`;
  told = [];
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await Promise.all([pair.source.create(object), pair.target.create(object)]);
  await make(pair.source, [...classDrafts(namespace, 'small'), ...clusterDrafts(namespace, 'shop', { class: 'small' })]);
}

/** Tells of controllers and of the first write of each purpose to Clusters, in order. */
function options(more: Partial<PivotOptions> = {}): PivotOptions {
  const tell = (line: string): void => void (told.at(-1) !== line && told.push(line));
  const onWrite: PivotOptions['onWrite'] = async (write, moment) => {
    await more.onWrite?.(write, moment);
    if (moment === 'after' && write.ref.kind === 'Cluster') tell(`${write.purpose} a Cluster`);
  };
  const ends = toldControllers(pair, ({ end, verb }) => tell(`${verb} the ${end}`));
  return pivotOptions(pair, { namespaces: [namespace], holdFrom: 1, ...ends, ...more, onWrite });
}

const setBlockMove = async (value: string | null): Promise<void> =>
  void (await pair.source.mergePatch(refTo('DevCluster', namespace, 'shop'), {
    metadata: { annotations: { [BLOCK_MOVE_ANNOTATION]: value } },
  }));

/** As a provider of infrastructure does that has to let go of something first. */
const askForTime = (): Promise<void> => setBlockMove('');

/** Lets go, and says so, when a pivot waits for it for the first time. */
function agreesWhenAsked(): PivotOptions['report'] {
  return (event) => {
    if (event.type !== 'waiting' || told.includes('agrees')) return;
    told.push('agrees');
    void setBlockMove(null);
  };
}

const without = (list: readonly string[]): readonly string[] => list.filter((line) => !/^(?:status|seal)/.test(line));

it('those of both ends, from before the first pause: of the source until they are stopped, of the target until it owns everything', async () => {
  await runPivot(options());
  expect(without(told)).toEqual([
    'hold the target',
    'hold the source',
    'pause a Cluster',
    'stop the source',
    'copy a Cluster',
    'release a Cluster',
    'start the target',
  ]);
  told.length = 0;
  await runPivot(options());
  expect(told).toEqual([]);
  await retirePivot(options());
});

describe('nobody is held', () => {
  it('for a few objects', async () => {
    await runPivot(options({ holdFrom: 1_000 }));
    expect(without(told)).toEqual(['pause a Cluster', 'stop the source', 'copy a Cluster', 'release a Cluster']);
    await retirePivot(options());
  });

  it('while the target has a Cluster of its own', async () => {
    await pair.target.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `${namespace}-own` } });
    await make(pair.target, clusterDrafts(`${namespace}-own`, 'own'));
    await runPivot(options());
    expect(told.filter((line) => /hold|start/.test(line))).toEqual([]);
    await retirePivot(options());
  });
});

it('a source that lives on is not held: it is to tell of each pause', async () => {
  await runPivot(options({ disposableSource: false, acceptUnobservedPause: true }));
  expect(told.filter((line) => /source/.test(line))).toEqual([]);
  expect(told).toContain('start the target');
  await retirePivot(options({ disposableSource: false, acceptUnobservedPause: true }));
});

it('a source whose provider asks for time is not held, and not stopped before it has agreed', async () => {
  await askForTime();
  await runPivot(options({ report: agreesWhenAsked() }));
  expect(without(told).slice(0, 4)).toEqual(['hold the target', 'pause a Cluster', 'agrees', 'stop the source']);
  await retirePivot(options());
});

it('a source that an attempt held acts again when a provider asks for time before the next', async () => {
  const dies: PivotOptions['onWrite'] = ({ purpose }) => {
    if (purpose === 'pause') throw new Error('killed');
  };
  await expect(runPivot(options({ onWrite: dies }))).rejects.toThrow('killed');
  expect(told.filter((line) => /source/.test(line))).toEqual(['hold the source']);
  await askForTime();
  await runPivot(options({ report: agreesWhenAsked() }));
  expect(told.filter((line) => /source|agrees/.test(line))).toEqual(['hold the source', 'start the source', 'agrees', 'stop the source']);
  await retirePivot(options());
});

it('a provider that asks for time only after the pause gets it', async () => {
  await runPivot(options({ hooks: [{ name: 'asks', at: 'after-fence', run: askForTime }], report: agreesWhenAsked() }));
  expect(told).toContain('agrees');
  expect(without(told).filter((line) => /source/.test(line))).toEqual([
    'hold the source',
    'stop the source',
    'start the source',
    'stop the source',
  ]);
  await retirePivot(options());
});

it('a class that came between two attempts is reconciled on a target that the first one held', async () => {
  const status = { observedGeneration: 1, conditions: [{ type: 'VariablesReady', status: 'True', reason: 'VariablesReady' }] };
  const CLASS = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'ClusterClass' };
  const reconcile = async (client: KubeClient): Promise<void> => {
    for (const { metadata } of (await client.list(CLASS, { namespace })).items)
      await client.mergePatch({ ...CLASS, namespace, name: metadata.name }, { status }, { subresource: 'status' });
  };
  await reconcile(pair.source);
  const ends = toldControllers(pair, ({ end, verb }) => void (end === 'target' && (isActing = verb === 'start')));
  let isActing = true;
  const over = new AbortController();
  const controllers = (async () => {
    for (; !over.signal.aborted; await host.clock.sleep(100)) if (isActing) await reconcile(pair.target);
  })();
  const stop = { name: 'stop', at: 'after-fence' as const, run: () => Promise.reject(new Error('stopped')) };
  await expect(runPivot(options({ ...ends, hooks: [stop] }))).rejects.toThrow('stopped');
  expect(isActing).toBe(false);
  await make(
    pair.source,
    classDrafts(namespace, 'late').filter(({ object }) => object.metadata.name.startsWith('late')),
  );
  await reconcile(pair.source);
  await runPivot(options({ ...ends, hooks: [{ ...stop, run: () => Promise.resolve() }] }));
  expect(isActing).toBe(true);
  expect(await pair.target.get(refTo('ClusterClass', namespace, 'late'))).toBeDefined();
  over.abort();
  await controllers;
  await retirePivot(options(ends));
});

const STRIDE = THOROUGH ? 1 : 9;

it('a run that was killed anywhere frees the target when it is run again, and a rollback frees both', async () => {
  await runPivot(options());
  const expected = await worldOf(pair.target, namespace);
  await retirePivot(options());
  for (let point = 1, isOver = false; !isOver; point += STRIDE) {
    await start();
    const before = await worldOf(pair.source, namespace);
    const kill = killAt(point, 'after');
    await runPivot(options({ onWrite: kill.onWrite })).catch((error: unknown) => {
      if (!kill.hit()) throw error;
    });
    isOver = !kill.hit();
    if (isOver) {
      await retirePivot(options());
      break;
    }
    if ((point - 1) % (2 * STRIDE) === 0) {
      await runPivot(options());
      expect(differencesBetween(await worldOf(pair.target, namespace), expected), `target after a kill at ${point}`).toEqual([]);
      expect(lastOf('target'), `after a kill at ${point}`).not.toBe('hold the target');
      await retirePivot(options());
    } else {
      await rollbackPivot(options());
      expect(differencesBetween(await worldOf(pair.source, namespace), before), `source after a kill at ${point}`).toEqual([]);
      for (const end of ['source', 'target']) expect(lastOf(end), `after a kill at ${point}`).toMatch(/^(?:start the|nothing of)/);
    }
  }
});

const lastOf = (end: string): string =>
  told.findLast((line) => line.endsWith(`the ${end}`) && !line.includes('Cluster')) ?? `nothing of the ${end}`;
