import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSandbox, type Sandbox } from '../support/slipway.ts';
import { createRandom, type Kill, type StormPlan, stormRound, takeReference } from '../support/storm.ts';

/** The seeded sample for every change; the whole storm is `npm run storm`. */
const SEED = Number(process.env['SLIPWAY_STORM_SEED'] ?? 1);
const ROUNDS = 3;

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = createSandbox({ example: 'quickstart' });
});
afterAll(() => sandbox.remove());

it(`survives ${ROUNDS} rounds of kills with seed ${SEED}`, async () => {
  const plan: StormPlan = { sandbox, project: 'demo', clusters: ['demo'], seed: SEED };
  const reference = await takeReference(plan);
  const kills: Kill[] = [];
  for (let round = 0; round < ROUNDS; round++)
    kills.push(...(await stormRound(plan, reference, createRandom(SEED * 100_003 + round))).kills);
  const landed = kills.filter((kill) => kill.landed);
  console.log(landed.map(({ verb, at, phase }) => `${verb}@${at} [${phase}]`).join('\n'));
  for (const verb of ['up', 'down', 'children']) expect(landed.filter((kill) => kill.verb === verb).length).toBeGreaterThan(0);
});
