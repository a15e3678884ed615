import { afterAll, beforeAll, expect, it } from 'vitest';
import { killPointsOfLastRun, runKillChain } from '../support/kill-chain.ts';
import { createSandbox, type Sandbox, succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { sampled } from '../support/thorough.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = createSandbox({ example: 'quickstart' });
});
afterAll(() => sandbox.remove());

const down = ['down', '--confirm', 'demo'];
const up = async (): Promise<void> => void (await succeed(sandbox, ['up', '--yes']));

it('kills down right before and right after records, each time going on with the same command', async () => {
  await up();
  await succeed(sandbox, down);
  const points = await killPointsOfLastRun(sandbox);
  const drawn = sampled(points, 3);
  await up();
  const restarts = await runKillChain(sandbox, drawn, {
    args: down,
    restart: async () => {
      expectNothingLeft({ sandbox, project: 'demo' });
      await up();
    },
  });
  await succeed(sandbox, down);
  expectNothingLeft({ sandbox, project: 'demo' });
  console.log(`${drawn.length} of ${points.length} kills of down landed, ${restarts} new beginnings`);
  expect(points.length).toBeGreaterThan(20);
});
