import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/types.ts';
import { stuckBecause } from './removed-pools.ts';

const controlled = { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }] };
const pod = (metadata: object, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop', labels: { app: 'web' }, ...metadata },
  spec,
});
const budget = (disruptionsAllowed: number, labels: object = { app: 'web' }): KubeObject => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: { matchLabels: labels } },
  status: { disruptionsAllowed },
});
const POOLS = [{ labels: { tier: 'a' } }];

describe('a pod of a pool that goes', () => {
  it.each<readonly [string, KubeObject, readonly KubeObject[], RegExp | undefined]>([
    ['moves when a controller makes it anew', pod(controlled), [], undefined],
    ['is lost without a controller', pod({}), [], /no controller/],
    ['is held by a budget that lets none go', pod(controlled), [budget(0)], /PodDisruptionBudget web/],
    ['is not held by a budget that lets one go', pod(controlled), [budget(1)], undefined],
    ['is not held by a budget for others', pod(controlled), [budget(0, { app: 'db' })], undefined],
    ['has nowhere to go without nodes of its label', pod(controlled, { nodeSelector: { tier: 'b' } }), [], /tier=b/],
    ['goes where its label is', pod(controlled, { nodeSelector: { tier: 'a', 'kubernetes.io/os': 'linux' } }), [], undefined],
  ])('%s', (_title, object, budgets, expected) => {
    const why = stuckBecause(object, POOLS, budgets);
    if (expected) expect(why).toMatch(expected);
    else expect(why).toBeUndefined();
  });
});
