/**
 * What `clusterctl move` does with the same fleet on the same API servers, measured, so that the reasons for our pivot are facts of a version
 * and not hearsay. A new clusterctl that does better makes one of these fail: then docs/design/pivot.md is to be changed, and the case here.
 */
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { providerTable } from '../../src/capi/providers/provider.ts';
import { PROVIDERS } from '../support/capi-management.ts';
import { clusterRef } from '../support/capi-fixtures.ts';
import { readObjects } from '../support/capi-objects.ts';
import { proxyTarget, startFaultProxy } from '../support/fault-proxy.ts';
import { clusterctlMove, type MoveOptions, type MoveResult, writeInventory } from '../support/clusterctl.ts';
import { runPivotChild } from '../support/pivot-run.ts';
import { expectDone, FLEET, type PivotSuite, RESTING, START } from '../support/pivot-suite.ts';
import { THOROUGH } from '../support/thorough.ts';
import { makeAwkward } from './cases.ts';

const inventory = PROVIDERS.map((name) => {
  const { label, namespace, type } = providerTable[name];
  return { name: label, namespace, type, version: 'v1.14.0' };
});

export function peerScenarios(suite: PivotSuite): void {
  describe.runIf(THOROUGH)('where clusterctl move', () => {
    const move = async (more: Partial<MoveOptions> = {}): Promise<MoveResult> => {
      const { world } = suite.management;
      const [from, to] = await Promise.all([world.source.kubeconfig(), world.target.kubeconfig()]);
      return clusterctlMove({ dir: join(world.dir, 'clusterctl'), from, to, namespace: FLEET, ...more });
    };
    const objects = async (end: 'source' | 'target'): Promise<ReadonlyMap<string, { metadata: { annotations?: object } }>> =>
      readObjects(await suite.management.world[end].client(), [FLEET]) as never;

    beforeEach(async () => {
      const { world } = suite.management;
      for (const end of [world.source, world.target]) await writeInventory(await end.client(), inventory);
    });

    /** It refuses a fleet in which anybody paused anything, so that is undone for it. */
    const unpauseResting = async (): Promise<void> => {
      const [namespace = '', name = ''] = RESTING.split('/');
      await (await suite.management.world.source.client()).mergePatch(clusterRef(namespace, name), { spec: { paused: false } });
    };

    test('refuses a fleet with one paused cluster, leaves two Secrets behind without an error, and waits for each ClusterClass cluster', async () => {
      const refused = await move();
      expect(refused.code).not.toBe(0);
      expect(refused.log).toContain('are paused');
      await unpauseResting();
      const moved = await move();
      expect(moved.code).toBe(0);
      expect(moved.log).not.toMatch(/^error/im);
      const left = await objects('source');
      expect([...left.keys()]).toEqual(expect.arrayContaining([`Secret/${FLEET}/cloud-credentials`, `Secret/${FLEET}/site-files`]));
      await suite.management.world.restore(START);
      const ours = expectDone(await runPivotChild(suite.management.world, { pivot: { namespaces: [FLEET], watchMs: 0 } }));
      expect(ours.ms).toBeLessThan(moved.ms);
    });

    test('was killed while it deletes, has wiped annotations at the source and cannot be run again', async () => {
      await unpauseResting();
      const { world } = suite.management;
      const proxy = await startFaultProxy(proxyTarget(await world.source.kubeconfig()));
      const stop = new AbortController();
      proxy.inject(({ method, path }) => {
        if (method !== 'DELETE' || !/\/devclusters\/plain(\?|$)/.test(path)) return undefined;
        stop.abort();
        return { kind: 'silence' };
      });
      const killed = await move({ from: proxy.kubeconfig, signal: stop.signal }).finally(() => proxy.close());
      expect(killed.signal, killed.log.slice(-800)).toBe('SIGKILL');
      const wiped = (await objects('source')).get(`DevCluster/${FLEET}/plain`);
      expect(wiped?.metadata.annotations).toEqual({ 'clusterctl.cluster.x-k8s.io/delete-for-move': '' });
      const again = await move();
      expect(again.code).not.toBe(0);
      expect(again.log).toContain('are paused');
    });

    test('meets an owner that is gone, it leaves the cluster half behind without an error', async () => {
      await unpauseResting();
      await makeAwkward(suite, { labels: true });
      const moved = await move();
      expect(moved.code).toBe(0);
      const [source, target] = [await objects('source'), await objects('target')];
      expect(source.has(`KubeadmControlPlane/${FLEET}/plain`)).toBe(true);
      expect(source.has(`Cluster/${FLEET}/plain`)).toBe(false);
      expect(target.has(`Cluster/${FLEET}/plain`)).toBe(true);
      expect(target.has(`KubeadmControlPlane/${FLEET}/plain`)).toBe(false);
    });

    test('meets providers without its labels, it finds nothing to move', async () => {
      await unpauseResting();
      await makeAwkward(suite);
      const moved = await move();
      expect([...(await objects('target')).keys()].filter((name) => name.startsWith('Cluster/'))).toEqual([]);
      expect(moved.log).not.toContain('Creating Cluster=');
    });
  });
}
