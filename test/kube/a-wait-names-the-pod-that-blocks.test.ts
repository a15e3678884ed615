import { afterAll, beforeAll, expect, it } from 'vitest';
import { isSlipwayError, type SlipwayError } from '../../src/core/errors.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { applyObjects } from '../../src/kube/apply.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { readEvents } from '../../src/kube/events.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { refOf } from '../../src/kube/types.ts';
import { waitReady } from '../../src/kube/wait.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';

const host = createNodeHost();
const POD = { apiVersion: 'v1', kind: 'Pod' };
let server: ApiServer;
let client: KubeClient;

beforeAll(async () => {
  server = await startApiServer({ controllerManager: true });
  client = await createKubeClient(host, { kubeconfig: server.kubeconfig });
}, 120_000);

afterAll(async () => {
  await client?.close();
  await server?.stop();
});

function workload(name: string): KubeObject {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example/app:1' }] } },
    },
  };
}

async function failureOf(act: Promise<unknown>): Promise<SlipwayError> {
  const error: unknown = await act.catch((thrown: unknown) => thrown);
  if (!isSlipwayError(error)) throw new Error(`expected a SlipwayError, got ${String(error)}`);
  return error;
}

/** Stands in for scheduler and kubelet. */
async function runPods(app: string): Promise<void> {
  const { items } = await client.list(POD, { namespace: 'default', labelSelector: `app=${app}` });
  await client.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'here' } });
  for (const pod of items) {
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: pod.metadata.name, namespace: 'default' },
      target: { apiVersion: 'v1', kind: 'Node', name: 'here' },
    };
    await client.postSubresource(refOf(pod), 'binding', binding);
    await client.mergePatch(
      refOf(pod),
      { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
      { subresource: 'status' },
    );
  }
}

it('goes down from the Deployment to the pod, and becomes ready when the pods do', async () => {
  const web = workload('web');
  await applyObjects(client, [web], { host });
  const shown: string[] = [];
  const error = await failureOf(
    waitReady(client, [refOf(web)], { host, timeoutMs: 4_000, onBlocked: ([first]) => shown.push(first?.readiness.reason ?? 'ready') }),
  );
  expect(error.code).toBe('SLW-KUB-040');
  expect(error.message).toMatch(
    /^Deployment\/default\/web is not ready after 4.0s: Pod\/default\/web-\S+: NotScheduled, is not assigned to a node \(for /,
  );
  expect(error.object).toMatch(/^Pod\/default\/web-/);
  expect(shown).toContain('ReplicasNotAvailable');
  const waiting = waitReady(client, [refOf(web)], { host, timeoutMs: 60_000 });
  await runPods('web');
  await waiting;
}, 90_000);

it('adds the last warning', async () => {
  const quota: KubeObject = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'none', namespace: 'default' },
    spec: { hard: { 'count/pods': '2', pods: '2' } },
  };
  await applyObjects(client, [quota], { host });
  await waitReady(client, [refOf(quota)], {
    host,
    timeoutMs: 60_000,
    readiness: (object) =>
      (object['status'] as { used?: unknown } | undefined)?.used
        ? { state: 'ready', reason: 'Counted', message: '' }
        : { state: 'progressing', reason: 'NotCounted', message: '' },
  });
  const blocked = workload('blocked');
  await applyObjects(client, [blocked], { host });
  const error = await failureOf(waitReady(client, [refOf(blocked)], { host, timeoutMs: 4_000 }));
  expect(error.message).toMatch(/FailedCreate/);
  expect(error.message).toMatch(/exceeded quota/);
  const { items } = await client.list(
    { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    { namespace: 'default', labelSelector: 'app=blocked' },
  );
  const [event] = await readEvents(client, refOf(items[0] as KubeObject));
  expect(event).toMatchObject({ type: 'Warning', reason: 'FailedCreate', source: 'replicaset-controller' });
}, 90_000);

it('waits for what does not exist yet, and stops with its signal', async () => {
  const later = { ...POD, namespace: 'default', name: 'later' };
  expect((await failureOf(waitReady(client, [later], { host, timeoutMs: 500 }))).message).toMatch(
    /^Pod\/default\/later is not ready after 500ms: NotFound/,
  );
  const stop = new AbortController();
  const waiting = waitReady(client, [later], { host, timeoutMs: 60_000, signal: stop.signal, onBlocked: () => stop.abort() });
  await expect(waiting).rejects.toThrow(/abort/i);
});

it('ends at once when a Job has failed for good', async () => {
  const job: KubeObject = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'doomed', namespace: 'default' },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: 1,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'example/app:1' }] } },
    },
  };
  await applyObjects(client, [job], { host });
  const error = await failureOf(waitReady(client, [refOf(job)], { host, timeoutMs: 60_000 }));
  expect(error.code).toBe('SLW-KUB-041');
  expect(error.message).toMatch(/^Job\/default\/doomed has failed: DeadlineExceeded/);
}, 90_000);
