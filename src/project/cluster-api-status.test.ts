import { describe, expect, it } from 'vitest';
import type { ClusterDescription } from '../capi/describe/description.ts';
import type { ResolvedCluster } from '../config/resolved.ts';
import { causesOfDescription, descriptionOf, foreignNodes } from './cluster-api-status.ts';

const described = (name: string, rest: Partial<ClusterDescription> = {}): ClusterDescription => ({
  ...{ namespace: 'default', name, state: 'ready', available: true, paused: false, causes: [] },
  tree: { kind: 'Cluster', name, state: 'ready', children: [] },
  ...rest,
});

/** Only what this module reads of a document. */
const capi = (name: string): ResolvedCluster =>
  ({ name, provisioner: 'capi', capi: { namespace: 'default' } }) as unknown as ResolvedCluster;
const local = { name: 'shop', provisioner: 'local' } as unknown as ResolvedCluster;

describe('who speaks for a cluster', () => {
  const onBootstrap = { by: 'mgmt-bootstrap', clusters: [described('mgmt', { paused: true }), described('shop')] };
  const onItself = { by: 'mgmt', clusters: [described('mgmt', { state: 'progressing' })] };

  it('is who holds its objects', () => {
    expect(descriptionOf(capi('shop'), [onBootstrap, onItself])?.name).toBe('shop');
    expect(descriptionOf(capi('gone'), [onBootstrap, onItself])).toBeUndefined();
    expect(descriptionOf(local, [onBootstrap])).toBeUndefined();
  });

  it('is the new owner after a pivot, whose old one keeps a paused copy', () => {
    expect(descriptionOf(capi('mgmt'), [onBootstrap, onItself])?.state).toBe('progressing');
    expect(descriptionOf(capi('mgmt'), [onItself, onBootstrap])?.state).toBe('progressing');
  });

  it('is the old owner while the new one has only a paused copy', () => {
    const copying = [
      { by: 'mgmt-bootstrap', clusters: [described('mgmt', { state: 'progressing' })] },
      { by: 'mgmt', clusters: [described('mgmt', { paused: true })] },
    ];
    expect(descriptionOf(capi('mgmt'), copying)?.paused).toBe(false);
  });

  it('is never a namesake of another namespace', () => {
    expect(descriptionOf(capi('shop'), [{ by: 'mgmt', clusters: [described('shop', { namespace: 'others' })] }])).toBeUndefined();
  });
});

describe('a cluster that no document speaks of', () => {
  it('is shown with its namespace and its cause', () => {
    const ref = { apiVersion: 'v1', kind: 'Machine', namespace: 'others', name: 'm' };
    const ill = described('theirs', {
      namespace: 'others',
      state: 'failed',
      causes: [{ ref, object: 'Machine/others/m', reason: 'NoQuota', message: 'no room' }],
    });
    const [node, ...more] = foreignNodes({ by: 'mgmt', clusters: [described('shop'), ill] }, [capi('shop'), local]);
    expect(more).toEqual([]);
    expect(node).toMatchObject({
      name: 'others/theirs',
      reason: 'NoQuota',
      message: 'Machine/others/m: no room',
      facts: { foreign: 'not of this project' },
    });
  });

  it('tells its causes without what only machines need', () => {
    const ref = { apiVersion: 'v1', kind: 'Machine', namespace: 'a', name: 'm' };
    expect(
      causesOfDescription(described('x', { causes: [{ ref, object: 'Machine/a/m', reason: 'R', message: 'm', since: 'then' }] })),
    ).toEqual([{ object: 'Machine/a/m', reason: 'R', message: 'm' }]);
  });
});
