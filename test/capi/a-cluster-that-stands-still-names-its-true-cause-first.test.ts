import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeClusters, explainCluster } from '../../src/capi/describe/describe.ts';
import type { ClusterCause } from '../../src/capi/describe/description.ts';
import { readCloud } from '../../src/capi/in-memory/oracle.ts';
import { createNodeHost } from '../../src/host/node.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { namespaceObject, plainCluster } from '../support/capi-fixtures.ts';
import { type ClusterStall, deadWebhook, gizmoDefinition, stalls, workerStalls } from '../support/cluster-stalls.ts';
import { type ProviderCluster, type ProviderProcess, startProviderCluster } from '../support/provider-processes.ts';

let world: ProviderCluster;
const applied = new Map<string, unknown>();
const never = new AbortController().signal;
const SOON = { timeout: 240_000, interval: 500 };

beforeAll(async () => {
  world = await startProviderCluster();
  for (const namespace of ['stalls', 'hooked', 'quota', 'sound']) await world.client.apply(namespaceObject(namespace));
  await world.client.apply(gizmoDefinition);
  await vi.waitFor(() => world.client.list({ apiVersion: 'infrastructure.cluster.x-k8s.io/v1', kind: 'GizmoCluster' }), SOON);
  // All at once, so that time passes for each of them; what one refuses is that one's failure.
  for (const { name, objects } of [...stalls, ...workerStalls]) applied.set(name, await applyAll(objects).catch((error: unknown) => error));
  await applyAll(plainCluster({ name: 'shop', namespace: 'sound', workers: 1 }));
}, 300_000);
afterAll(() => world?.stop());

async function applyAll(objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) {
    await world.client.apply(object, { fieldManager: 'platform-team', force: true });
  }
}

const firstCause = async (namespace: string, name: string): Promise<ClusterCause | undefined> =>
  (await explainCluster(world.client, { namespace, name }, never))[0];

/** What is expected of the first cause, or the cause itself to be shown. */
function verdict(
  cause: ClusterCause | undefined,
  { object, reason, message }: Pick<ClusterStall, 'object' | 'reason' | 'message'>,
): string {
  const fits =
    cause !== undefined &&
    cause.object.startsWith(object) &&
    (reason === undefined || cause.reason === reason) &&
    (message === undefined || message.test(`${cause.reason} ${cause.message}`));
  return fits ? 'named' : `${cause?.object} ${cause?.reason}: ${cause?.message}`;
}

const expectNamed = async (
  namespace: string,
  name: string,
  expected: Pick<ClusterStall, 'object' | 'reason' | 'message'>,
): Promise<void> => {
  await expect.poll(async () => verdict(await firstCause(namespace, name), expected), SOON).toBe('named');
};

describe('a cluster is not available because', { timeout: 300_000 }, () => {
  it.each([...stalls, ...workerStalls].map((stall) => [stall.what, stall] as const))('%s', async (_what, stall) => {
    expect(applied.get(stall.name)).toBeUndefined();
    await expectNamed('stalls', stall.name, stall);
  });

  it('a quota forbids its machines', async () => {
    await applyAll([
      {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'no-machines', namespace: 'quota' },
        spec: { hard: { 'count/machines.cluster.x-k8s.io': '0' } },
      },
    ]);
    await expect
      .poll(
        async () =>
          (await world.client.get({ apiVersion: 'v1', kind: 'ResourceQuota', namespace: 'quota', name: 'no-machines' }))?.['status'],
        SOON,
      )
      .toHaveProperty('hard');
    await applyAll(plainCluster({ name: 'full', namespace: 'quota', workers: 0 }));
    await expectNamed('quota', 'full', { object: 'KubeadmControlPlane/quota/full', message: /exceeded quota/ });
  });

  it('a webhook for its machines is served by nobody', async () => {
    await applyAll([deadWebhook('hooked'), ...plainCluster({ name: 'hooked', namespace: 'hooked', workers: 0 })]);
    await expectNamed('hooked', 'hooked', { object: 'KubeadmControlPlane/hooked/hooked', message: /dead\.example\.com/ });
  });

  it('a finalizer of somebody holds what is to be deleted', async () => {
    await expect
      .poll(async () => (await describeClusters(world.client, { signal: never, namespaces: ['sound'] }))[0]?.state, SOON)
      .toBe('ready');
    await applyAll(plainCluster({ name: 'held', namespace: 'sound', workers: 0 }));
    const held = { apiVersion: 'infrastructure.cluster.x-k8s.io/v1beta2', kind: 'DevCluster', namespace: 'sound', name: 'held' };
    const cluster = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', namespace: 'sound', name: 'held' };
    await expect.poll(async () => (await world.client.get(held))?.metadata.finalizers?.length ?? 0, SOON).toBeGreaterThan(0);
    const finalizers = (await world.client.get(held))?.metadata.finalizers ?? [];
    await world.client.mergePatch(held, { metadata: { finalizers: [...finalizers, 'example.com/hold'] } });
    await world.client.delete(cluster);
    await expectNamed('sound', 'held', { object: 'DevCluster/sound/held', reason: 'Terminating', message: /example\.com\/hold/ });
    await world.client.mergePatch(held, { metadata: { finalizers: [] } });
    await expect.poll(() => world.client.get(cluster), SOON).toBeUndefined();
  });

  it('its API server is down', async () => {
    const cloud = await readCloud(createNodeHost(), world.cloudFile);
    await cloud?.stopEndpoint('sound/shop');
    await expectNamed('sound', 'shop', { object: 'Cluster/sound/shop', reason: 'ConnectionDown', message: /127\.0\.0\.1:\d+/ });
    await cloud?.startEndpoint('sound/shop');
    await expect.poll(async () => (await firstCause('sound', 'shop'))?.object, SOON).toBeUndefined();
  });
});

describe('a cluster is not available because a controller', { timeout: 300_000 }, () => {
  const stopped: readonly {
    readonly provider: ProviderProcess;
    readonly replicas: 0 | 1;
    readonly object: string;
    readonly reason: string;
  }[] = [
    { provider: 'in-memory', replicas: 0, object: 'Deployment/capd-system/capd-controller-manager', reason: 'ControllerStopped' },
    {
      provider: 'kubeadm-control-plane',
      replicas: 1,
      object: 'Deployment/capi-kubeadm-control-plane-system/capi-kubeadm-control-plane-controller-manager',
      reason: 'ControllerNotRunning',
    },
  ];
  it.each(stopped)('$provider is $reason', async ({ provider, replicas, object, reason }) => {
    const deployment = world.component(provider, 'Deployment');
    const name = `${provider}-${replicas}`;
    await applyAll(plainCluster({ name, namespace: 'sound', workers: 0, paused: true }));
    await world.kill(provider);
    await applyAll([{ ...deployment, spec: { ...(deployment['spec'] as object), replicas } }]);
    // Admission needs the killed controller's webhook for its own kinds only; a pause is the Cluster's.
    await world.client.mergePatch(
      { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', namespace: 'sound', name },
      { spec: { paused: null } },
    );
    await expectNamed('sound', name, { object, reason });
    await world.client.delete({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      namespace: deployment.metadata.namespace ?? '',
      name: deployment.metadata.name,
    });
    await world.start(provider);
  });

  it('died, and nothing but its webhook tells', async () => {
    await applyAll(plainCluster({ name: 'silent', namespace: 'sound', workers: 0, paused: true }));
    await world.kill('in-memory');
    await world.client.mergePatch(
      { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', namespace: 'sound', name: 'silent' },
      { spec: { paused: null } },
    );
    await expectNamed('sound', 'silent', { object: 'DevCluster/sound/silent', reason: 'WebhookUnreachable' });
    await world.start('in-memory');
  });

  it('lost the kubeconfig, and its maker is gone', async () => {
    await expect
      .poll(
        async () =>
          (await describeClusters(world.client, { signal: never, namespaces: ['sound'] })).find(({ name }) => name === 'shop')?.state,
        SOON,
      )
      .toBe('ready');
    await world.kill('kubeadm-control-plane');
    await world.client.delete({ apiVersion: 'v1', kind: 'Secret', namespace: 'sound', name: 'shop-kubeconfig' });
    // What is connected already stays so, and for minutes Cluster API believes that it is: the connection must break.
    await (await readCloud(createNodeHost(), world.cloudFile))?.stopEndpoint('sound/shop');
    await expectNamed('sound', 'shop', { object: 'Secret/sound/shop-kubeconfig', reason: 'NotFound' });
  });
});
