/** The moment between choosing a port and using it: source-controller goes on without its storage, and would let others fetch from a stranger. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { controlPlaneSteps } from '../../src/control-plane/steps.ts';
import { requireCluster } from '../../src/control-plane/local-cluster.ts';
import { podEntries } from '../../src/control-plane/runtime/run-pod.ts';
import { openRuntime } from '../../src/control-plane/runtime/runtime-step.ts';
import type { StepContext } from '../../src/engine/step.ts';
import { componentObjects, loadComponents } from '../../src/flux/components.ts';
import type { Host } from '../../src/host/host.ts';
import { applyObjects } from '../../src/kube/apply.ts';
import { createLocalClusterWorld, type LocalClusterWorld } from '../support/local-cluster-world.ts';
import { createStepDriver } from '../support/step-driver.ts';

let world: LocalClusterWorld;
let stranger: Server;

beforeAll(async () => {
  world = await createLocalClusterWorld();
  stranger = createServer((_request, response) => response.end('not the storage')).listen(0, '127.0.0.1');
  await once(stranger, 'listening');
});
afterAll(async () => {
  await world.close();
  stranger.close();
});

it('a controller that lives on without its port is started anew on another one, and nobody else is taken for it', async () => {
  const taken = (stranger.address() as AddressInfo).port;
  let choices = 0;
  // Health and storage are chosen in this order; the storage's port is the stranger's by the time it is used.
  const host: Host = {
    ...world.host,
    net: { ...world.host.net, freePort: async (avoid) => (++choices === 2 ? taken : world.host.net.freePort(avoid)) },
  };
  const options = world.options('ports');
  await createStepDriver(world.host).up(controlPlaneSteps(options));
  const client = await world.client('ports');
  const objects = componentObjects(await loadComponents(host), 'me').filter(
    ({ kind, metadata }) => kind !== 'Deployment' || metadata.name === 'source-controller',
  );
  const signal = new AbortController().signal;
  await applyObjects(client, objects, { host, force: true, signal });
  const context = { host, signal, timeoutMs: 120_000, report: () => undefined } as unknown as StepContext;
  await (await openRuntime(context, { clusterDir: options.clusterDir, connect: world.connect })).converge(signal);
  const { clusterId } = await requireCluster(host, options.clusterDir);
  const [entry] = await podEntries(host, clusterId);
  expect(choices).toBeGreaterThan(2);
  expect(entry?.restarts).toBe(1);
  expect(entry?.ports['storage']).not.toBe(taken);
  const listing = await fetch(`http://127.0.0.1:${entry?.ports['storage']}/`);
  expect(await listing.text()).toContain('slipway-marker');
});
