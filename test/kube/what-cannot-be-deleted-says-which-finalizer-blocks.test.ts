import { afterAll, beforeAll, expect, it } from 'vitest';
import { isSlipwayError, type SlipwayError } from '../../src/core/errors.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { applyObjects } from '../../src/kube/apply.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { deleteObjects, type Remaining } from '../../src/kube/delete.ts';
import { type KubeClient, type KubeObject, refOf } from '../../src/kube/types.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';

const host = createNodeHost();
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

function configMap(name: string, finalizers: readonly string[], namespace = 'default'): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, finalizers } };
}

async function failureOf(act: Promise<unknown>): Promise<SlipwayError> {
  const error: unknown = await act.catch((thrown: unknown) => thrown);
  if (!isSlipwayError(error)) throw new Error(`expected a SlipwayError, got ${String(error)}`);
  return error;
}

it('names finalizer and controller at the bound, and finishes once it is removed', async () => {
  const stuck = configMap('stuck', ['example.dev/guard']);
  await client.apply(stuck, { fieldManager: 'guard-controller' });
  const shown: (readonly Remaining[])[] = [];
  const error = await failureOf(
    deleteObjects(client, [refOf(stuck)], { host, timeoutMs: 1_000, onBlocked: (remaining) => shown.push(remaining) }),
  );
  expect(error.code).toBe('SLW-KUB-050');
  expect(error.message).toBe('ConfigMap/default/stuck is not gone after 1.0s: finalizer example.dev/guard waits for guard-controller');
  expect(shown.at(-1)).toMatchObject([{ reason: 'finalizer example.dev/guard waits for guard-controller' }]);
  const again = deleteObjects(client, [refOf(stuck)], { host, timeoutMs: 30_000 });
  await client.mergePatch(refOf(stuck), { metadata: { finalizers: null } });
  await again;
  expect(await client.get(refOf(stuck))).toBeUndefined();
}, 60_000);

it('says what is left in a namespace', async () => {
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'crowded' } };
  const inner = configMap('inner', ['example.dev/guard'], 'crowded');
  await applyObjects(client, [namespace, inner], { host });
  const error = await failureOf(deleteObjects(client, [refOf(namespace)], { host, timeoutMs: 8_000 }));
  expect(error.message).toMatch(/^Namespace\/crowded is not gone after 8.0s: .*example.dev\/guard in 1 resource instances/);
  expect((await failureOf(client.apply(configMap('late', [], 'crowded')))).code).toBe('SLW-KUB-019');
  await client.mergePatch(refOf(inner), { metadata: { finalizers: null } });
  await deleteObjects(client, [refOf(namespace)], { host, timeoutMs: 60_000 });
  expect(await client.get(refOf(namespace))).toBeUndefined();
}, 90_000);

it('leaves another object of the same name alone', async () => {
  const object = configMap('twin', []);
  await client.apply(object);
  const error = await failureOf(
    deleteObjects(client, [{ ...refOf(object), uid: '00000000-0000-0000-0000-000000000000' }], { host, timeoutMs: 10_000 }),
  );
  expect(error.code).toBe('SLW-KUB-051');
  const live = await client.get(refOf(object));
  expect(live).toBeDefined();
  await deleteObjects(client, [{ ...refOf(object), uid: live?.metadata.uid ?? '' }], { host, timeoutMs: 10_000 });
  expect(await client.get(refOf(object))).toBeUndefined();
});

it('is applied again once it has gone, when it was on its way out', async () => {
  const leaving = configMap('leaving', ['example.dev/guard']);
  const { metadata: first } = await client.apply(leaving, { fieldManager: 'guard-controller' });
  await client.delete(refOf(leaving));
  const taken = Promise.withResolvers<boolean>();
  const applyTracked: KubeClient['applyTracked'] = async (object, options) => {
    const result = await client.applyTracked(object, options);
    taken.resolve(result.object.metadata.deletionTimestamp !== undefined);
    return result;
  };
  const applying = applyObjects(withMethods(client, { applyTracked }), [configMap('leaving', [])], { host });
  expect(await taken.promise).toBe(true);
  await client.mergePatch(refOf(leaving), { metadata: { finalizers: null } });
  await applying;
  const found = await client.get(refOf(leaving));
  expect(found?.metadata.deletionTimestamp).toBeUndefined();
  expect(found?.metadata.uid).not.toBe(first.uid);
}, 60_000);

function withMethods(whole: KubeClient, own: Partial<KubeClient>): KubeClient {
  const bound = (name: keyof KubeClient): unknown => (whole[name] as () => unknown).bind(whole);
  return new Proxy(whole, { get: (_whole, name) => own[name as keyof KubeClient] ?? bound(name as keyof KubeClient) });
}
