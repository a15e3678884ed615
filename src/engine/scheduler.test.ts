import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GraphNode, orderGraph, reach } from './graph.ts';
import { schedule } from './scheduler.ts';

const never = new AbortController().signal;
const graph = fc
  .array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 12 })
  .map((rows): readonly GraphNode[] =>
    rows.map((needs, index) => ({ id: `n${index}`, after: [...new Set(needs.filter((need) => need < index))].map((need) => `n${need}`) })),
  );

describe('the scheduler', () => {
  it('runs every node once, after what it names, never more than allowed at a time', async () => {
    await fc.assert(
      fc.asyncProperty(graph, fc.integer({ min: 1, max: 4 }), fc.infiniteStream(fc.nat(3)), async (nodes, parallel, delays) => {
        const done: string[] = [];
        let running = 0;
        const run = async (id: string): Promise<boolean> => {
          expect(++running).toBeLessThanOrEqual(parallel);
          for (const need of nodes.find((node) => node.id === id)?.after ?? []) expect(done).toContain(need);
          for (let turns = delays.next().value as number; turns > 0; turns--) await Promise.resolve();
          running--;
          done.push(id);
          return true;
        };
        expect(await schedule(nodes, { parallel, signal: never, run })).toEqual({ skipped: [], left: [] });
        expect(done.toSorted()).toEqual(nodes.map((node) => node.id).toSorted());
      }),
    );
  });

  it('skips exactly what depends on failed nodes', async () => {
    await fc.assert(
      fc.asyncProperty(graph, fc.func(fc.boolean()), async (nodes, ok) => {
        const ran = new Set<string>();
        const { skipped } = await schedule(nodes, { parallel: 2, signal: never, run: async (id) => (ran.add(id), ok(id)) });
        expect(nodes.filter((node) => ran.has(node.id))).toEqual(
          nodes.filter((node) => node.after.every((need) => ran.has(need) && ok(need))),
        );
        expect(new Set(skipped)).toEqual(new Set(nodes.map((node) => node.id).filter((id) => !ran.has(id))));
        expect(skipped).toHaveLength(new Set(skipped).size);
      }),
    );
  });

  it('starts nothing after an abort and says what is left', async () => {
    const abort = new AbortController();
    const nodes = ['a', 'b', 'c'].map((id) => ({ id, after: [] }));
    const result = await schedule(nodes, { parallel: 1, signal: abort.signal, run: async (id) => (id === 'b' && abort.abort(), true) });
    expect(result).toEqual({ skipped: [], left: ['c'] });
  });

  it('waits for what runs before it throws what a node threw', async () => {
    let finished = false;
    const run = async (id: string): Promise<boolean> => {
      if (id === 'bad') throw new Error('broken');
      await new Promise((resolve) => setImmediate(resolve));
      return (finished = true);
    };
    await expect(
      schedule(
        ['bad', 'slow', 'never'].map((id) => ({ id, after: [] })),
        { parallel: 2, signal: never, run },
      ),
    ).rejects.toThrow('broken');
    expect(finished).toBe(true);
  });
});

describe('the graph', () => {
  it('is ordered also when circles are broken, and then has none', () => {
    const edges = fc.array(fc.tuple(fc.nat(6), fc.nat(6)), { maxLength: 20 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const nodes = [0, 1, 2, 3, 4, 5, 6].map((id) => ({
          id: String(id),
          after: pairs.filter(([from]) => from === id).map(([, to]) => String(to)),
        }));
        const ordered = orderGraph(nodes, (path) => expect(path[0]).toBe(path.at(-1)));
        expect(ordered.map((node) => node.id).toSorted()).toEqual(nodes.map((node) => node.id));
        const place = new Map(ordered.map((node, index) => [node.id, index]));
        for (const node of ordered) for (const need of node.after) expect(place.get(need)).toBeLessThan(place.get(node.id) as number);
      }),
    );
  });

  it('knows what is reachable, also in circles', () => {
    const edges: Record<string, string[]> = { a: ['b'], b: ['c'], c: ['a'], d: ['a'] };
    expect([...reach(['a'], (id) => edges[id] ?? [])]).toEqual(['a', 'b', 'c']);
  });
});
