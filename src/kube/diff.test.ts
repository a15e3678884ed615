import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedFields } from './diff.ts';
import type { KubeObject } from './types.ts';

function object(rest: Readonly<Record<string, unknown>>, metadata: Readonly<Record<string, unknown>> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'X', ...rest, metadata: { name: 'x', ...metadata } };
}

describe('changedFields', () => {
  it('names fields by path, list items by name, and leaves out what the server writes', () => {
    const before = object(
      {
        spec: {
          replicas: 1,
          template: {
            containers: [
              { name: 'a', image: '1' },
              { name: 'b', image: '1' },
            ],
            args: ['x', 'y'],
          },
        },
        status: { ready: 1 },
      },
      { uid: '1', resourceVersion: '1', generation: 1, managedFields: [], labels: { 'app.kubernetes.io/name': 'old' } },
    );
    const after = object(
      {
        spec: {
          replicas: 2,
          template: {
            containers: [
              { name: 'b', image: '2' },
              { name: 'a', image: '1' },
            ],
            args: ['x', 'z'],
          },
        },
        status: { ready: 2 },
      },
      { uid: '2', resourceVersion: '2', generation: 2, labels: { 'app.kubernetes.io/name': 'new' }, annotations: { note: 'n' } },
    );
    expect(changedFields(before, after)).toEqual([
      'spec.replicas',
      'spec.template.containers[b].image',
      'spec.template.args[1]',
      'metadata.labels[app.kubernetes.io/name]',
      'metadata.annotations',
    ]);
  });

  it('finds nothing between equals, and always something after an edit', () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    fc.assert(fc.property(value, (spec) => changedFields(object({ spec }), object({ spec: structuredClone(spec) })).length === 0));
    fc.assert(fc.property(value, value, (a, b) => changedFields(object({ spec: a }), object({ spec: b })).length > 0 === !equal(a, b)));
  });
});

/** Lists whose items are named count as equal in any order, as in `changedFields`. */
function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
