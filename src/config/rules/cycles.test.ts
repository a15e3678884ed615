import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCycles } from './cycles.ts';

const graph = (edges: Record<string, readonly string[]>) => new Map(Object.entries(edges));

describe('findCycles', () => {
  it.each([
    ['nothing', {}, []],
    ['a chain', { a: ['b'], b: ['c'], c: [] }, []],
    ['a diamond', { a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, []],
    ['needs outside the graph', { a: ['x'] }, []],
    ['itself', { a: ['a'] }, [['a']]],
    ['two', { a: ['b'], b: ['a'] }, [['a', 'b']]],
    ['behind a tail', { a: ['b'], b: ['c'], c: ['b'] }, [['b', 'c']]],
    [
      'two circles',
      { a: ['b'], b: ['a'], c: ['d'], d: ['c'] },
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
  ])('%s', (_title, edges, expected) => {
    expect(findCycles(graph(edges))).toEqual(expected);
  });

  it('follows a chain of 100,000', () => {
    const edges = new Map(Array.from({ length: 100_000 }, (_, i) => [`n${i}`, [`n${i + 1}`]] as const));
    expect(findCycles(edges)).toEqual([]);
    expect(findCycles(new Map([...edges, ['n99999', ['n0']]]))).toHaveLength(1);
  });

  it('finds one exactly when there is no order', () => {
    const edges = fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 7 })), { maxLength: 16 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const needs = new Map(
          Array.from({ length: 8 }, (_, i) => [String(i), pairs.filter(([from]) => from === i).map(([, to]) => String(to))] as const),
        );
        const cycles = findCycles(needs);
        expect(cycles.length > 0).toBe(!hasOrder(needs));
        for (const cycle of cycles)
          for (const [i, node] of cycle.entries()) expect(needs.get(node)).toContain(cycle[(i + 1) % cycle.length]);
      }),
    );
  });
});

/** Kahn's algorithm. */
function hasOrder(needs: ReadonlyMap<string, readonly string[]>): boolean {
  const left = new Map(needs);
  for (let ready = freeNode(left); ready !== undefined; ready = freeNode(left)) left.delete(ready);
  return left.size === 0;
}

function freeNode(left: ReadonlyMap<string, readonly string[]>): string | undefined {
  return [...left].find(([, needs]) => needs.every((need) => !left.has(need)))?.[0];
}
