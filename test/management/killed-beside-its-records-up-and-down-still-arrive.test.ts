import { afterAll, beforeAll, expect, it } from 'vitest';
import { type KillPoint, runKillChain } from '../support/kill-chain.ts';
import { countMachines, createManagementSandbox, DOWN, MANAGEMENT_PROJECT, planned, statusLine, UP } from '../support/management.ts';
import { type Sandbox, succeed } from '../support/slipway.ts';
import { createRandom, expectNothingLeft } from '../support/storm.ts';
import { sampled, SEED } from '../support/thorough.ts';

const HOUR = 3_600_000;
const random = createRandom(SEED);

/** In the order of a run; where two steps run side by side their order does not matter. */
const ON_THE_WAY_UP = [
  'local/prepare-cluster/mgmt-bootstrap',
  'capi/install-providers/mgmt-bootstrap',
  'capi/connect-webhooks/mgmt-bootstrap',
  'capi/apply-definitions/mgmt',
  'capi/reach-cluster/mgmt',
  'capi/install-providers/mgmt',
  'capi/connect-webhooks/mgmt',
];
const HANDING_OVER = ['capi/pivot/mgmt', 'capi/retire-bootstrap/mgmt'];
const WORKLOADS = ['capi/apply-definitions/web', 'capi/reach-cluster/web'];
const ON_THE_WAY_DOWN = [
  'capi/apply-definitions/web',
  'capi/pivot/mgmt',
  'capi/apply-definitions/mgmt',
  'local/prepare-cluster/mgmt-bootstrap',
];

/** One of the four sides of a step's two records. */
function oneOf(step: string, [first, second]: readonly [string, string]): KillPoint {
  const side = random() < 0.5 ? 'before' : 'after';
  return `${side} ${random() < 0.5 ? first : second} ${step}`;
}

const ACTS = ['step.intended', 'step.applied'] as const;
/** Where ownership changes hands, all four. */
const allOf = (step: string): readonly KillPoint[] => ACTS.flatMap((type) => [`before ${type} ${step}`, `after ${type} ${step}`]);

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = createManagementSandbox();
});
afterAll(() => sandbox.remove());

const down = async (): Promise<void> => {
  await succeed(sandbox, DOWN);
  expectNothingLeft({ sandbox, project: MANAGEMENT_PROJECT });
};

async function expectArrived(): Promise<void> {
  await succeed(sandbox, UP);
  expect((await planned(sandbox)).text).toBe(`No changes. ${MANAGEMENT_PROJECT} is as its project says.\n`);
  expect(await statusLine(sandbox)).toBe(`${MANAGEMENT_PROJECT}: ready`);
  expect(await countMachines(sandbox)).toEqual({ created: 6, deleted: 0 });
}

it(
  'goes on with the same command, and no machine is ever made twice',
  async () => {
    const points = [
      ...sampled(
        ON_THE_WAY_UP.map((step) => oneOf(step, ACTS)),
        3,
      ),
      ...sampled(HANDING_OVER.flatMap(allOf), 3),
      ...sampled(
        WORKLOADS.map((step) => oneOf(step, ACTS)),
        2,
      ),
    ];
    const restarts = await runKillChain(sandbox, points, { args: UP, restart: down });
    console.log(`seed ${SEED}: ${points.length} kills of up landed, ${restarts} new beginnings`);
    await expectArrived();
  },
  HOUR,
);

it(
  'goes down with the same command, and nothing is left',
  async () => {
    const points = sampled(
      ON_THE_WAY_DOWN.flatMap((step) => [`before step.intended ${step}`, oneOf(step, ['step.intended', 'step.undone'])]),
      2,
    );
    const unique = [...new Set(points)];
    const restarts = await runKillChain(sandbox, unique, { args: DOWN, restart: async () => void (await succeed(sandbox, UP)) });
    console.log(`seed ${SEED}: ${unique.length} kills of down landed, ${restarts} new beginnings`);
    await down();
  },
  HOUR,
);

it.each(
  sampled(['before step.undone capi/pivot/mgmt', 'after step.undone capi/pivot/mgmt', 'after step.undone capi/apply-definitions/mgmt'], 3),
)(
  'comes up again after a down that was killed %s',
  async (point) => {
    await succeed(sandbox, UP);
    await runKillChain(sandbox, [point], { args: DOWN, restart: async () => void (await succeed(sandbox, UP)) });
    await succeed(sandbox, UP);
    expect((await planned(sandbox)).code).toBe(0);
    expect(await statusLine(sandbox)).toBe(`${MANAGEMENT_PROJECT}: ready`);
    await down();
  },
  HOUR,
);
