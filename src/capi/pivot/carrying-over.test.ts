import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/types.ts';
import { canonicalDigest, canonicalForm, differingPaths } from './canonical.ts';
import { inChains } from './in-chains.ts';
import { cleanManagedFields } from './managed-fields.ts';
import { observedPause, unpausePatch } from './pausing.ts';
import { mapStatus } from './status-copy.ts';
import { shortUid } from './transaction.ts';

const CLUSTER: KubeObject = {
  apiVersion: 'cluster.x-k8s.io/v1beta2',
  kind: 'Cluster',
  metadata: { name: 'shop', namespace: 'a', uid: '1', generation: 4, annotations: { kept: 'yes' }, finalizers: ['f'] },
  spec: { topology: {} },
  status: { observedGeneration: 4, conditions: [{ type: 'Ready', observedGeneration: 3 }] },
};

describe('the canonical form', () => {
  it('does not see marks, pauses, status, versions of the group and uids of owners', () => {
    const owner = { apiVersion: 'x/v1', kind: 'X', name: 'x', uid: '7' };
    const one = { ...CLUSTER, metadata: { ...CLUSTER.metadata, ownerReferences: [owner] } };
    const other: KubeObject = {
      ...CLUSTER,
      apiVersion: 'cluster.x-k8s.io/v1beta1',
      metadata: {
        ...CLUSTER.metadata,
        uid: '2',
        resourceVersion: '9',
        annotations: {
          kept: 'yes',
          'slipway.dev/pivot-run': 'r',
          'slipway.dev/pivoted-to': 't',
          'cluster.x-k8s.io/paused': 'slipway.dev/pivot',
        },
        ownerReferences: [{ ...owner, uid: '8' }],
      },
      spec: { topology: {}, paused: true },
      status: {},
    };
    expect(differingPaths(canonicalForm(one), canonicalForm(other))).toEqual([]);
    expect(canonicalDigest(one)).toBe(canonicalDigest(other));
  });

  it.each([
    ['a label', { metadata: { ...CLUSTER.metadata, labels: { a: 'b' } } }, 'labels.a'],
    ['an annotation', { metadata: { ...CLUSTER.metadata, annotations: {} } }, 'annotations.kept'],
    [
      'a pause of somebody else',
      { metadata: { ...CLUSTER.metadata, annotations: { kept: 'yes', 'cluster.x-k8s.io/paused': 'true' } } },
      'annotations.cluster.x-k8s.io/paused',
    ],
    ['a field', { spec: { topology: { version: 'v1' } } }, 'spec.topology.version'],
  ])('sees %s', (_what, change, path) => {
    expect(differingPaths(canonicalForm(CLUSTER), canonicalForm({ ...CLUSTER, ...change } as KubeObject))).toEqual([path]);
  });
});

describe('status', () => {
  it('keeps the distance of every observed generation, and is never below 1', () => {
    expect(mapStatus(CLUSTER, 2)).toEqual({ observedGeneration: 2, conditions: [{ type: 'Ready', observedGeneration: 1 }] });
    expect(mapStatus(CLUSTER, 1)).toEqual({ observedGeneration: 1, conditions: [{ type: 'Ready', observedGeneration: 1 }] });
  });
});

describe('managed fields', () => {
  it('name owners by their new uids, forget those that are left out, and our own pause', () => {
    const managedFields = [
      {
        manager: 'flux',
        operation: 'Apply',
        fieldsV1: { 'f:metadata': { 'f:ownerReferences': { 'k:{"uid":"old"}': {}, 'k:{"uid":"gone"}': {} } } },
      },
      {
        manager: 'slipway',
        operation: 'Update',
        fieldsV1: { 'f:spec': { 'f:paused': {} }, 'f:metadata': { 'f:annotations': { 'f:slipway.dev/pivoted-to': {} } } },
      },
      { manager: 'slipway', operation: 'Update', fieldsV1: { 'f:spec': { 'f:paused': {}, 'f:topology': {} } } },
    ];
    const cleaned = cleanManagedFields({ ...CLUSTER, metadata: { ...CLUSTER.metadata, managedFields } }, (uid) =>
      uid === 'old' ? 'new' : undefined,
    );
    expect(cleaned).toEqual([
      { manager: 'flux', operation: 'Apply', fieldsV1: { 'f:metadata': { 'f:ownerReferences': { 'k:{"uid":"new"}': {} } } } },
      { manager: 'slipway', operation: 'Update', fieldsV1: { 'f:spec': { 'f:topology': {} } } },
    ]);
  });
});

describe('pauses', () => {
  it('are given back exactly', () => {
    expect(unpausePatch(CLUSTER.apiVersion, 'field', undefined)).toEqual({ spec: { paused: null } });
    expect(unpausePatch(CLUSTER.apiVersion, 'field', false)).toEqual({ spec: { paused: false } });
  });

  it.each([
    [{ type: 'Paused', status: 'True', observedGeneration: 4 }, 'paused'],
    [{ type: 'Paused', status: 'True', observedGeneration: 3 }, 'not-yet'],
    [{ type: 'Paused', status: 'False', observedGeneration: 4 }, 'not-yet'],
    [{ type: 'Ready', status: 'True' }, undefined],
  ])('%o is read as %s, at either place', (condition, expected) => {
    expect(observedPause({ ...CLUSTER, status: { conditions: [condition] } })).toBe(expected);
    expect(observedPause({ ...CLUSTER, status: { v1beta2: { conditions: [condition] } } })).toBe(expected);
  });
});

describe('chains in flight', () => {
  it('keep their order, run beside each other, and never exceed the limit', async () => {
    const chains = fc.array(fc.array(fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), { maxLength: 4 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(chains, fc.integer({ min: 1, max: 4 }), async (shape, parallel) => {
        let running = 0;
        let most = 0;
        const ended: string[] = [];
        const named = shape.map((chain, c) => chain.map((batch, b) => batch.map((_item, i) => ({ id: `${c}/${b}/${i}`, c, b }))));
        await inChains(named, { parallel, signal: new AbortController().signal }, async ({ id, c, b }) => {
          running++;
          most = Math.max(most, running);
          for (const earlier of named[c]?.slice(0, b).flat() ?? []) expect(ended).toContain(earlier.id);
          await Promise.resolve();
          running--;
          ended.push(id);
        });
        expect(ended).toHaveLength(named.flat(2).length);
        expect(most).toBeLessThanOrEqual(parallel);
      }),
    );
  });

  it('start nothing new after a failure', async () => {
    const started: number[] = [];
    const chain = [[1], [2], [3]];
    await expect(
      inChains([chain], { parallel: 2, signal: new AbortController().signal }, async (item) => {
        started.push(item);
        if (item === 2) throw new Error('no');
        await Promise.resolve();
      }),
    ).rejects.toThrow('no');
    expect(started).toEqual([1, 2]);
  });
});

it('shortens uids without making two of them equal', () => {
  fc.assert(fc.property(fc.uuid(), fc.uuid(), (a, b) => void expect(shortUid(a) === shortUid(b)).toBe(a === b)));
  expect(shortUid('0198c5d6-0000-7000-8000-000000000000')).toHaveLength(22);
});
