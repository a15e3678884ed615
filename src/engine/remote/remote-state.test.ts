import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../test/support/memory-store.ts';
import { temporaryFolder } from '../../../test/support/virtual-host.ts';
import type { Host } from '../../host/host.ts';
import { createNodeHost } from '../../host/node.ts';
import type { Journal } from '../journal/journal.ts';
import { formerPlaces } from '../relocate.ts';
import { openState } from '../state-folder.ts';
import { unlockRemote } from './lock.ts';
import { readRemoteState } from './read.ts';
import { RemoteState } from './remote-state.ts';
import type { RemoteStore } from './store.ts';

const real = createNodeHost();
const { signal } = new AbortController();
const open: Journal[] = [];

afterEach(() => {
  for (const journal of open.splice(0)) journal.close();
});

interface Machine {
  readonly host: Host;
  readonly dir: string;
  readonly journal: Journal;
  readonly remote: RemoteState;
}

/** One machine with its state folder, attached to the store or (store undefined) to a bucket that does not exist. */
async function machine(name: string, store: RemoteStore | (() => RemoteStore | undefined), dir = temporaryFolder()): Promise<Machine> {
  const host: Host = { ...real, env: { ...real.env, hostname: name } };
  const { journal, dir: realDir } = await openState(host, dir);
  open.push(journal);
  const backend = { location: 's3://bucket/demo', open: async () => (typeof store === 'function' ? store() : store) };
  return { host, dir: realDir, journal, remote: new RemoteState(host, { journal, dir: realDir, backend, verb: 'up', signal }) };
}

function entry(text: string): { time: string; run: string; type: string; body: object } {
  return { time: '2026-11-21T00:00:00.000Z', run: 'r', type: 'step.verified', body: { text } };
}

const bodies = (rows: Iterable<{ readonly body: string }>): readonly string[] =>
  [...rows].map(({ body }) => (JSON.parse(body) as { text: string }).text);

describe('a journal beside a remote state', () => {
  it('is the same on the next machine, with its identity and its places', async () => {
    const store = new MemoryStore();
    const ann = await machine('ann', store);
    await ann.remote.activate();
    await ann.remote.append([entry('a'), entry('b')]);
    await ann.remote.append([entry('c')]);
    await ann.remote.close();
    const bob = await machine('bob', store);
    const attached = await bob.remote.activate();
    expect(attached.sync).toMatchObject({ adopted: 3, dropped: [] });
    await bob.remote.append([entry('d')]);
    await bob.remote.close();
    expect(bodies(bob.journal.read())).toEqual(['a', 'b', 'c', 'd']);
    expect(bob.journal.meta('state.id')).toBe(ann.journal.meta('state.id'));
    expect(formerPlaces(bob.journal, bob.dir)).toContain(ann.dir);
    await ann.remote.activate();
    expect(bodies(ann.journal.read())).toEqual(['a', 'b', 'c', 'd']);
    expect(ann.journal.verify().intact).toBe(true);
  });

  it('counts locally until its bucket is there, then goes there whole', async () => {
    const store = new MemoryStore();
    let exists = false;
    const ann = await machine('ann', () => (exists ? store : undefined));
    expect(await ann.remote.activate()).toEqual({});
    await ann.remote.append([entry('bucket intended')]);
    expect(store.objects.size).toBe(0);
    exists = true;
    await ann.remote.activate();
    await ann.remote.append([entry('bucket made')]);
    await ann.remote.close();
    expect(bodies((await readRemoteState(store, [], signal))?.rows ?? [])).toEqual(['bucket intended', 'bucket made']);
  });

  it('resolves an append only when its rows are remote', async () => {
    const store = new MemoryStore();
    const ann = await machine('ann', store);
    await ann.remote.activate();
    const results = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (text) => {
        await ann.remote.append([entry(text)]);
        const rows = bodies((await readRemoteState(store, [], signal))?.rows ?? []);
        return rows.includes(text);
      }),
    );
    expect(results).toEqual([true, true, true, true]);
  });

  it('refuses every word after one that did not get there, and sends both with the next run', async () => {
    const store = new MemoryStore();
    const ann = await machine('ann', store);
    await ann.remote.activate();
    store.onPut = (key) => {
      if (key.startsWith('journal/')) throw new Error('the network is gone');
      return undefined;
    };
    await expect(ann.remote.append([entry('a')])).rejects.toThrow('the network is gone');
    await expect(ann.remote.append([entry('b')])).rejects.toThrow('the network is gone');
    await ann.remote.close();
    ann.journal.close();
    store.onPut = () => undefined;
    const again = await machine('ann', store, ann.dir);
    await again.remote.activate();
    expect(bodies((await readRemoteState(store, [], signal))?.rows ?? [])).toEqual(['a']);
  });

  it('is not mistaken for a foreign one when the answer to an upload was lost', async () => {
    const store = new MemoryStore();
    const ann = await machine('ann', store);
    await ann.remote.activate();
    const lost = new Set<string>();
    store.onPut = (key) => (lost.has(key) ? undefined : (lost.add(key), 'lost'));
    await ann.remote.append([entry('a')]);
    await ann.remote.append([entry('b')]);
    expect(bodies((await readRemoteState(store, [], signal))?.rows ?? [])).toEqual(['a', 'b']);
  });

  it('stops the run whose lock was taken away, and lets its unsent words go', async () => {
    const store = new MemoryStore();
    const ann = await machine('ann', store);
    await ann.remote.activate();
    await ann.remote.append([entry('a')]);
    await unlockRemote(store, { confirm: `ann:${process.pid}`, signal });
    const bob = await machine('bob', store);
    await bob.remote.activate();
    await bob.remote.append([entry('of bob')]);
    await expect(ann.remote.append([entry('too late')])).rejects.toMatchObject({ code: 'SLW-RST-003', exit: 75 });
    await ann.remote.close();
    ann.journal.close();
    await expect((await machine('ann', store, ann.dir)).remote.activate()).rejects.toMatchObject({ code: 'SLW-RST-001' });
    await bob.remote.close();
    const back = await machine('ann', store, ann.dir);
    const { sync } = await back.remote.activate();
    expect(bodies(sync?.dropped ?? [])).toEqual(['too late']);
    expect(bodies(back.journal.read())).toEqual(['a', 'of bob']);
    expect(back.journal.verify().intact).toBe(true);
  });

  it('is not joined with the journal of another project', async () => {
    const store = new MemoryStore();
    const ann = await machine('ann', store);
    await ann.remote.activate();
    await ann.remote.append([entry('a')]);
    await ann.remote.close();
    const other = await machine('ann', () => undefined);
    await other.remote.append([entry('x')]);
    const joined = new RemoteState(other.host, {
      journal: other.journal,
      dir: other.dir,
      backend: { location: 's3://bucket/demo', open: async () => store },
      verb: 'up',
      signal,
    });
    await expect(joined.activate()).rejects.toMatchObject({ code: 'SLW-RST-004', exit: 65 });
    expect(bodies(other.journal.read())).toEqual(['x']);
    await ann.remote.activate();
  });

  it('that lost objects is refused', async () => {
    const store = new MemoryStore();
    const ann = await machine('ann', store);
    await ann.remote.activate();
    for (const text of ['a', 'b', 'c']) await ann.remote.append([entry(text)]);
    await ann.remote.close();
    const bob = await machine('bob', store);
    store.objects.delete('journal/000000000002.ndjson');
    await expect(bob.remote.activate()).rejects.toMatchObject({ code: 'SLW-RST-005' });
    store.objects.delete('journal/000000000003.ndjson');
    await expect(ann.remote.activate()).rejects.toMatchObject({ code: 'SLW-RST-005' });
  });

  it('counts locally again once its store is taken away, and begins anew in the next one', async () => {
    let store = new MemoryStore();
    const ann = await machine('ann', () => store);
    await ann.remote.activate();
    await ann.remote.append([entry('up')]);
    await ann.remote.quiesce();
    store = new MemoryStore();
    await ann.remote.append([entry('bucket removed')]);
    await ann.remote.close();
    expect(store.objects.size).toBe(0);
    await ann.remote.activate();
    expect(bodies((await readRemoteState(store, [], signal))?.rows ?? [])).toEqual(['up', 'bucket removed']);
  });

  it('of many words is read from a snapshot and what followed', async () => {
    const store = new MemoryStore();
    const ann = await machine('ann', store);
    await ann.remote.activate();
    const words = Array.from({ length: 205 }, (_, index) => `word ${index}`);
    for (const text of words) await ann.remote.append([entry(text)]);
    await ann.remote.close();
    expect([...store.objects.keys()].filter((key) => key.startsWith('snapshots/'))).toHaveLength(1);
    await ann.remote.activate();
    await ann.remote.append([entry('after')]);
    await ann.remote.close();
    const bob = await machine('bob', store);
    await bob.remote.activate();
    expect(bodies(bob.journal.read())).toEqual([...words, 'after']);
  });
});

describe('a look at the remote journal', () => {
  it('sees all rows whatever the local copy knows', async () => {
    const store = new MemoryStore();
    const ann = await machine('ann', store);
    await ann.remote.activate();
    for (const text of ['a', 'b', 'c', 'd']) await ann.remote.append([entry(text)]);
    const all = [...ann.journal.read()];
    for (let known = 0; known <= all.length; known++)
      expect(bodies((await readRemoteState(store, all.slice(0, known), signal))?.rows ?? [])).toEqual(['a', 'b', 'c', 'd']);
    const stray = await machine('bob', () => undefined);
    await stray.remote.append([entry('x')]);
    expect(bodies((await readRemoteState(store, [...stray.journal.read()], signal))?.rows ?? [])).toEqual(['a', 'b', 'c', 'd']);
    expect(await readRemoteState(new MemoryStore(), all, signal)).toBeUndefined();
  });
});

describe('two machines that take turns and fail in between', () => {
  const turn = fc.record({
    who: fc.constantFrom('ann', 'bob'),
    words: fc.integer({ min: 0, max: 4 }),
    /** The put after which the network is gone; none when larger than what is put. */
    dies: fc.integer({ min: 0, max: 12 }),
  });

  it('agree in the end, and no acknowledged word is lost or doubled', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 6 }), async (turns) => {
        const store = new MemoryStore();
        const folders = { ann: temporaryFolder(), bob: temporaryFolder() };
        const promised: string[] = [];
        for (const [index, { who, words, dies }] of turns.entries())
          await takeTurn({ store, promised, index }, { who, words, dies, dir: folders[who] });
        const last = await machine('ann', store, folders.ann);
        await unlockWhoever(store);
        await last.remote.activate();
        const texts = bodies(last.journal.read());
        expect(texts.filter((text) => promised.includes(text))).toEqual(promised);
        expect(last.journal.verify().intact).toBe(true);
        expect(bodies((await readRemoteState(store, [], signal))?.rows ?? [])).toEqual(texts);
        last.journal.close();
      }),
      { numRuns: 20 },
    );
  });

  interface Table {
    readonly store: MemoryStore;
    readonly promised: string[];
    readonly index: number;
  }

  interface Turn {
    readonly who: string;
    readonly words: number;
    readonly dies: number;
    readonly dir: string;
  }

  async function takeTurn({ store, promised, index }: Table, { who, words, dies, dir }: Turn): Promise<void> {
    const here = await machine(who, store, dir);
    await unlockWhoever(store);
    let left = dies;
    store.onPut = () => {
      if (left-- <= 0) throw new Error('gone');
      return undefined;
    };
    try {
      await here.remote.activate();
      for (let word = 0; word < words; word++) {
        const text = `${who} ${index} ${word}`;
        await here.remote.append([entry(text)]);
        promised.push(text);
      }
      await here.remote.close();
    } catch (thrown) {
      expect((thrown as Error).message).toBe('gone');
    }
    store.onPut = () => undefined;
    here.journal.close();
  }

  async function unlockWhoever(store: MemoryStore): Promise<void> {
    store.onPut = () => undefined;
    for (const who of ['ann', 'bob']) await unlockRemote(store, { confirm: `${who}:${process.pid}`, signal }).catch(() => undefined);
  }
});
