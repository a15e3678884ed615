/**
 * The kill matrix, as a sample that is short enough for every change: kills at object writes drawn from a seed (each run goes on where the
 * last was killed), a kill at the start and the end of every phase, and a rollback from each. The whole matrix, write by write, and the
 * storm of random instants are `scripts/pivot-storm.ts`; their results are in bench/results.
 */
import { describe, expect, test } from 'vitest';
import { runPivotChild } from '../support/pivot-run.ts';
import { FORWARD_PHASES, killChain, killedRun } from '../support/pivot-storm.ts';
import { expectDone, expectMoved, expectRolledBack, LIVE, type PivotSuite } from '../support/pivot-suite.ts';
import { createRandom } from '../support/storm.ts';
import { THOROUGH } from '../support/thorough.ts';
import { clusterRef } from '../support/capi-fixtures.ts';

const SEED = 5;
/** The fleet is too small to be held by itself. */
const HELD = { holdFrom: 1 };
/** Paused, half copied, and owned by the target. */
const SAMPLED_PHASES = ['quiesce', 'copy', 'commit'] as const;

export function killScenarios(suite: PivotSuite): void {
  describe('killed anywhere', () => {
    test('moves everything as it was, leaves the source paused, and is done when it is run again', async () => {
      const { world } = suite.management;
      expectDone(await runPivotChild(world));
      await expectMoved(suite);
      const source = await world.source.client();
      for (const key of LIVE) {
        const [namespace = '', name = ''] = key.split('/');
        expect((await source.get(clusterRef(namespace, name)))?.['spec']).toMatchObject({ paused: true });
      }
      const again = expectDone(await runPivotChild(world));
      expect(again.result?.changed).toBe(false);
      expectDone(await runPivotChild(world, { verb: 'retire' }));
      await expectMoved(suite);
    });

    test('killed at writes drawn from a seed, each run going on where the last was killed, it ends in the same world', async () => {
      const random = createRandom(SEED);
      const kills = await killChain(suite.management.world, {
        run: { pivot: HELD },
        most: THOROUGH ? 60 : 30,
        next: () => ({ side: random() < 0.5 ? 'before' : 'after', write: 2 + Math.floor(random() * (THOROUGH ? 40 : 80)) }),
      });
      expect(kills.length).toBeGreaterThanOrEqual(3);
      await expectMoved(suite);
    });

    test.runIf(THOROUGH)(
      'killed when a phase starts and when it is done, one phase after the other, it ends in the same world',
      async () => {
        const { world } = suite.management;
        for (const phase of FORWARD_PHASES)
          for (const side of ['started', 'done'] as const) {
            const { landed } = await killedRun(world, { kill: { side, phase } });
            expect(landed, `the kill when ${phase} was ${side} landed`).toBe(true);
          }
        expectDone(await runPivotChild(world));
        await expectMoved(suite);
      },
    );

    test('taken back from every phase it gives the source back exactly, and goes through afterwards', async () => {
      const { world } = suite.management;
      for (const phase of THOROUGH ? FORWARD_PHASES : SAMPLED_PHASES) {
        const { landed } = await killedRun(world, { kill: { side: 'done', phase }, pivot: HELD });
        expect(landed, `the kill when ${phase} was done landed`).toBe(true);
        expectDone(await runPivotChild(world, { verb: 'rollback' }));
        await expectRolledBack(suite);
      }
      expectDone(await runPivotChild(world));
      await expectMoved(suite);
    });
  });
}
