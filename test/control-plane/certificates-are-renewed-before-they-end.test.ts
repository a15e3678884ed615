import { afterAll, beforeAll, expect, it } from 'vitest';
import { clusterLayout } from '../../src/control-plane/cluster-layout.ts';
import { controlPlaneStepIds } from '../../src/control-plane/control-plane-options.ts';
import { controlPlaneSteps } from '../../src/control-plane/steps.ts';
import type { Host } from '../../src/host/host.ts';
import { fingerprintOf } from '../../src/pki/certificates.ts';
import { createStepDriver, type StepDriver } from '../support/step-driver.ts';
import { createLocalClusterWorld, type LocalClusterWorld } from '../support/local-cluster-world.ts';

const HOUR = 3_600_000;
let world: LocalClusterWorld;
let earlier: StepDriver;
const steps = () => controlPlaneSteps({ ...world.options('demo'), certificateLives: { leafLifeMs: HOUR } });

/** The cluster was made three quarters of an hour ago, with certificates that live for one: still good, and due. */
beforeAll(async () => {
  world = await createLocalClusterWorld();
  const past: Host = { ...world.host, clock: { ...world.host.clock, now: () => world.host.clock.now() - 0.75 * HOUR } };
  earlier = createStepDriver(past);
  await earlier.up(steps());
});
afterAll(() => world.close());

async function fingerprints(): Promise<readonly string[]> {
  const layout = clusterLayout(world.options('demo').clusterDir);
  const texts = await Promise.all(
    (['ca', 'apiserver', 'etcd-server', 'admin'] as const).map((name) => world.host.files.readText(layout.cert(name))),
  );
  return texts.map((text) => fingerprintOf(text ?? ''));
}

it('leaves are renewed in their last third under the same authority; servers take them and clients are let in', async () => {
  const ids = controlPlaneStepIds('demo');
  const before = await fingerprints();
  const driver = createStepDriver(world.host);
  for (const [id, record] of earlier.records) driver.records.set(id, record);
  expect((await earlier.plan(steps()))[ids.prepare]?.kind).toBe('none');
  expect((await driver.plan(steps()))[ids.prepare]).toMatchObject({
    kind: 'update',
    details: expect.arrayContaining([{ object: 'certificate apiserver', kind: 'update', reason: 'due for renewal' }]),
  });
  expect(await driver.up(steps())).toEqual([ids.prepare, ids.run.etcd, ids.run['kube-apiserver'], ids.run['kube-controller-manager']]);
  const after = await fingerprints();
  expect(after[0]).toBe(before[0]);
  for (const index of [1, 2, 3]) expect(after[index]).not.toBe(before[index]);
  expect((await (await world.client('demo')).raw('/readyz')).status).toBe(200);
  expect(await driver.up(steps())).toEqual([]);
});
