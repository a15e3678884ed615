import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { controlPlaneStepIds } from '../../src/control-plane/control-plane-options.ts';
import { controlPlaneSteps } from '../../src/control-plane/steps.ts';
import { controlPlaneUndoHandlers } from '../../src/control-plane/undo-handlers.ts';
import { convergeRuntimeStep } from '../../src/control-plane/runtime/runtime-step.ts';
import { providerStepIds, providerSteps, providerUndoHandlers } from '../../src/capi/providers/steps.ts';
import type { Step } from '../../src/engine/step.ts';
import { ownerOf } from '../../src/kube/ownership.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { createLocalClusterWorld, type LocalClusterWorld } from '../support/local-cluster-world.ts';
import { createStepDriver, type StepDriver } from '../support/step-driver.ts';

const NAME = 'capi';
const ids = providerStepIds(NAME);
let world: LocalClusterWorld;
let driver: StepDriver;
let client: KubeClient;
let steps: readonly Step[];
const signal = new AbortController().signal;

beforeAll(async () => {
  world = await createLocalClusterWorld();
  driver = createStepDriver(world.host, { timeoutMs: 120_000 });
  const options = world.options(NAME);
  const cpIds = controlPlaneStepIds(NAME);
  const providers = providerSteps({
    clusterName: NAME,
    subject: options.subject,
    needs: [cpIds.run['kube-apiserver']],
    providers: ['core', 'kubeadm-bootstrap', 'kubeadm-control-plane', 'local'],
    connect: () => Promise.resolve(client),
    owner: ownerOf('test', NAME),
    placement: { kind: 'local', clusterDir: options.clusterDir },
    undo: 'uninstall',
  });
  const runtime = convergeRuntimeStep({ ...options, needs: [ids.install, cpIds.run['kube-controller-manager']], connect: world.connect });
  await driver.up(controlPlaneSteps(options));
  client = await world.client(NAME);
  const [install, connect] = providers;
  steps = [install!, runtime, connect!];
});
afterAll(() => world.close());

const cluster = (over: object = {}): KubeObject => ({
  apiVersion: 'cluster.x-k8s.io/v1beta2',
  kind: 'Cluster',
  metadata: { name: 'one', namespace: 'default' },
  spec: {
    clusterNetwork: { pods: { cidrBlocks: ['10.1.0.0/16'] } },
    infrastructureRef: { apiGroup: 'infrastructure.slipway.dev', kind: 'LocalCluster', name: 'one' },
    ...over,
  },
});

describe('providers of Cluster API on a local cluster', () => {
  it('are installed, run, and their webhooks are asked', async () => {
    const begun = performance.now();
    console.log(await driver.plan(steps));
    expect(await driver.up(steps)).toEqual([ids.install, `local/converge-runtime/${NAME}`, ids.connect]);
    console.log('up', performance.now() - begun);
    await client.create(cluster(), { signal });
    const old = await client.get({ apiVersion: 'cluster.x-k8s.io/v1beta1', kind: 'Cluster', name: 'one', namespace: 'default' }, signal);
    expect(old).toMatchObject({
      apiVersion: 'cluster.x-k8s.io/v1beta1',
      spec: { infrastructureRef: { apiVersion: 'infrastructure.slipway.dev/v1alpha1' } },
    });
    const begun2 = performance.now();
    expect(await driver.up(steps)).toEqual([]);
    console.log('again', performance.now() - begun2);
  });
});
