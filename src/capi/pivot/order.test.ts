import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/types.ts';
import { Inventory } from './inventory.ts';
import type { KindRole, MovingKind } from './kinds.ts';
import { chainsOf, orderObjects } from './order.ts';

const kind = (name: string, role: KindRole): MovingKind => ({
  apiVersion: 'cluster.x-k8s.io/v1beta2',
  group: 'cluster.x-k8s.io',
  kind: name,
  role,
  namespaced: true,
  hasStatus: true,
  isForced: false,
});
const KINDS = [kind('Cluster', 'cluster'), kind('ClusterClass', 'class'), kind('DevTemplate', 'template'), kind('Machine', 'resource')];

function object(kindName: string, name: string, owners: readonly string[] = [], more: Partial<KubeObject['metadata']> = {}): KubeObject {
  const apiVersion = kindName === 'Secret' ? 'v1' : 'cluster.x-k8s.io/v1beta2';
  const ownerReferences = owners.map((uid) => ({ apiVersion: 'x/v1', kind: 'X', name: uid, uid }));
  return { apiVersion, kind: kindName, metadata: { name, namespace: 'a', uid: name, ownerReferences, ...more } };
}

function order(objects: readonly KubeObject[]): ReturnType<typeof orderObjects> {
  const selected = objects.map((entry) => ({ object: entry, verdict: 'moves' as const, reason: '' }));
  return orderObjects(selected, new Inventory(objects, KINDS));
}

const names = (entries: ReturnType<typeof orderObjects>): readonly string[] => entries.map((entry) => entry.object.metadata.name);

describe('the order of creation', () => {
  it('puts classes and templates first, then what Clusters need, then Clusters and theirs', () => {
    const entries = order([
      object('Machine', 'machine', ['cluster']),
      object('Cluster', 'cluster'),
      object('Secret', 'credentials'),
      object('DevTemplate', 'template', ['class']),
      object('ClusterClass', 'class'),
      object('DevTemplate', 'template-of-cluster', ['cluster']),
    ]);
    expect(names(entries)).toEqual(['class', 'template', 'credentials', 'cluster', 'template-of-cluster', 'machine']);
    expect(names(entries.filter(({ isEarly }) => isEarly))).toEqual(['class', 'template']);
  });

  it('makes what names a Cluster after it, though nothing owns it', () => {
    const bound = object('Machine', 'bound', [], { labels: { 'cluster.x-k8s.io/cluster-name': 'cluster' } });
    expect(names(order([bound, object('Cluster', 'cluster')]))).toEqual(['cluster', 'bound']);
  });

  it('names owners that are not there', () => {
    const [entry] = order([object('Machine', 'machine', ['elsewhere'])]);
    expect(entry?.droppedOwners.map(({ uid }) => uid)).toEqual(['elsewhere']);
    expect(entry?.owners).toEqual([]);
  });

  it('breaks a circle of owners and tells which edge is to be added later', () => {
    const entries = order([object('Machine', 'a', ['b']), object('Machine', 'b', ['a'])]);
    expect(entries).toHaveLength(2);
    expect(entries.flatMap(({ lateOwners }) => lateOwners)).toHaveLength(1);
    expect(entries.flatMap(({ owners }) => owners)).toHaveLength(2);
  });

  it('never creates an object before an owner, whatever the graph', () => {
    const graph = fc.array(
      fc.record({
        role: fc.constantFrom('Cluster', 'ClusterClass', 'DevTemplate', 'Machine', 'Secret'),
        owners: fc.array(fc.nat(12), { maxLength: 3 }),
      }),
      { maxLength: 13 },
    );
    fc.assert(
      fc.property(graph, (nodes) => {
        const objects = nodes.map(({ role, owners }, index) =>
          object(
            role,
            `n${index}`,
            owners.map((owner) => `n${owner}`),
          ),
        );
        const entries = order(objects);
        expect(entries).toHaveLength(objects.length);
        const levelOf = new Map(entries.map(({ object: { metadata }, level }) => [metadata.uid, level]));
        for (const {
          level,
          owners,
          lateOwners,
          droppedOwners,
          object: { metadata },
        } of entries) {
          const late = new Set(lateOwners.map(({ uid }) => uid));
          for (const owner of owners) if (!late.has(owner.uid)) expect(levelOf.get(owner.uid)).toBeLessThan(level);
          expect(owners.length + droppedOwners.length).toBe(metadata.ownerReferences?.length);
        }
        expect(entries.map(({ level }) => level)).toEqual(entries.map(({ level }) => level).toSorted((a, b) => a - b));
      }),
    );
  });
});

describe('chains', () => {
  it('keep the ages of one kind and Cluster apart by batches, oldest first', () => {
    const at = (name: string, second: number, cluster: string): { readonly object: KubeObject } => ({
      object: object('Machine', name, [], {
        creationTimestamp: `2026-01-01T00:00:0${second}Z`,
        labels: { 'cluster.x-k8s.io/cluster-name': cluster },
      }),
    });
    const chains = chainsOf([at('young', 5, 'one'), at('old', 1, 'one'), at('twin', 1, 'one'), at('other', 3, 'two')]);
    expect(chains.map((chain) => chain.map((batch) => batch.map((entry) => entry.object.metadata.name)))).toEqual([
      [['old', 'twin'], ['young']],
      [['other']],
    ]);
  });
});
