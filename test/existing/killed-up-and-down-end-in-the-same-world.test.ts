import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  configMap,
  configMapRef,
  existingProject,
  type ExistingCluster,
  objectNames,
  startExistingCluster,
} from '../support/existing-cluster.ts';
import { killPointsOfLastRun, runKillChain } from '../support/kill-chain.ts';
import { expectSameWorld, settledWorld } from '../support/project-world.ts';
import { createSandbox, type Sandbox, succeed } from '../support/slipway.ts';
import { sampled } from '../support/thorough.ts';
import { processesMentioning, type World } from '../support/world.ts';

const DOWN = ['down', '--confirm', 'prod'];
const UP = ['up', '--yes'];
const WORKLOADS = ['settings', 'web'];

let cluster: ExistingCluster;
let sandbox: Sandbox;
let before: readonly string[];

beforeAll(async () => {
  cluster = await startExistingCluster();
  before = await objectNames(cluster.client);
  const repositories =
    '{fleet: {git: {url: ./fleet}, kustomizations: {platform: {path: ./platform}, apps: {path: ./apps, dependsOn: [platform]}}}}';
  sandbox = createSandbox({
    files: {
      'slipway.yaml': existingProject({ kubeconfig: `{file: ${cluster.kubeconfigFile}}`, repositories }),
      'fleet/platform/settings.yaml': configMap('settings'),
      'fleet/apps/web.yaml': configMap('web'),
    },
  });
});
afterAll(async () => {
  await sandbox?.remove();
  await cluster?.stop();
});

async function expectOnlyWorkloads(): Promise<void> {
  const added = (await objectNames(cluster.client)).filter((name) => !before.includes(name));
  expect(added).toEqual(WORKLOADS.map((name) => `ConfigMap/default/${name}`));
  expect(processesMentioning(sandbox.dir)).toEqual([]);
}

async function reset(): Promise<void> {
  await succeed(sandbox, DOWN);
  await expectOnlyWorkloads();
  for (const name of WORKLOADS) await cluster.client.delete(configMapRef(name));
}

/** What lies before a record is after another one; both sides of each are proven on local clusters. */
const isAfter = (point: string): boolean => point.startsWith('after ');

it('up and down, each killed after records and run again, reach the world of uninterrupted runs', async () => {
  await succeed(sandbox, UP);
  const points = (await killPointsOfLastRun(sandbox)).filter(isAfter);
  const world: World = await settledWorld(sandbox, ['prod']);
  await succeed(sandbox, DOWN);
  const downPoints = (await killPointsOfLastRun(sandbox)).filter(isAfter);
  for (const name of WORKLOADS) await cluster.client.delete(configMapRef(name));

  const ups = await runKillChain(sandbox, sampled(points, 2), { args: UP, restart: reset });
  await succeed(sandbox, UP);
  await expectSameWorld(sandbox, ['prod'], world);

  const downs = await runKillChain(sandbox, sampled(downPoints, 2), {
    args: DOWN,
    restart: async () => {
      await expectOnlyWorkloads();
      await succeed(sandbox, UP);
    },
  });
  await succeed(sandbox, DOWN);
  await expectOnlyWorkloads();
  console.log(
    `kills after half of ${points.length} records of up with ${ups} new beginnings, of ${downPoints.length} of down with ${downs}`,
  );
  expect(Math.min(points.length, downPoints.length)).toBeGreaterThanOrEqual(10);
});

/** A step that removes two dozen objects writes few records: these kills fall between its requests. */
it('down, killed again and again while it removes Flux, ends as an uninterrupted one', async () => {
  await succeed(sandbox, UP);
  let landed = 0;
  for (const ms of [200, 500, 900, 300, 1_500, 700]) {
    const run = sandbox.start([...DOWN, '--output', 'json']);
    run.child.stdout?.on('data', (text: string) => {
      if (/"type":"step\./.test(text)) setTimeout(() => run.child.kill('SIGKILL'), ms).unref();
    });
    if ((await run.result).signal === 'SIGKILL') landed += 1;
  }
  await succeed(sandbox, DOWN);
  await expectOnlyWorkloads();
  expect(landed).toBeGreaterThan(1);
});
