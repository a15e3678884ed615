import { afterAll, beforeAll, expect, it } from 'vitest';
import { killPointsOfLastRun, runKillChain } from '../support/kill-chain.ts';
import { expectSameWorld, settledWorld } from '../support/project-world.ts';
import { createSandbox, type Sandbox, succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { sampled } from '../support/thorough.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = createSandbox({ example: 'quickstart' });
});
afterAll(() => sandbox.remove());

const up = ['up', '--yes'];
const down = async (): Promise<void> => {
  await succeed(sandbox, ['down', '--confirm', 'demo']);
  expectNothingLeft({ sandbox, project: 'demo' });
};

it('kills up right before and right after records, each time going on with the same command', async () => {
  await succeed(sandbox, up);
  const points = await killPointsOfLastRun(sandbox);
  const drawn = sampled(points, 3);
  const reference = await settledWorld(sandbox, ['demo']);
  await down();
  const restarts = await runKillChain(sandbox, drawn, {
    args: up,
    restart: async () => {
      await succeed(sandbox, up);
      await expectSameWorld(sandbox, ['demo'], reference);
      await down();
    },
  });
  await succeed(sandbox, up);
  await expectSameWorld(sandbox, ['demo'], reference);
  await down();
  console.log(`${drawn.length} of ${points.length} kills of up landed, ${restarts} new beginnings`);
  expect(points.length).toBeGreaterThan(40);
});
