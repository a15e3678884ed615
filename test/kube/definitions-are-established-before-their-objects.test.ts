import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNodeHost } from '../../src/host/node.ts';
import { applyObjects } from '../../src/kube/apply.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { deleteObjects } from '../../src/kube/delete.ts';
import { diffObjects } from '../../src/kube/diff.ts';
import { type KubeClient, type KubeObject, refOf } from '../../src/kube/types.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';

const host = createNodeHost();
let server: ApiServer;
let client: KubeClient;

beforeAll(async () => {
  server = await startApiServer();
  client = await createKubeClient(host, { kubeconfig: server.kubeconfig });
}, 120_000);

afterAll(async () => {
  await client?.close();
  await server?.stop();
});

function definition(index: number): KubeObject {
  const names = { plural: `widget${index}s`, singular: `widget${index}`, kind: `Widget${index}` };
  const schema = {
    openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'integer', maximum: 10 } } } } },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.example.dev` },
    spec: { group: 'example.dev', scope: 'Namespaced', names, versions: [{ name: 'v1', served: true, storage: true, schema }] },
  };
}

function widget(index: number): KubeObject {
  return { apiVersion: 'example.dev/v1', kind: `Widget${index}`, metadata: { name: 'one', namespace: 'shop' }, spec: { size: 3 } };
}

const numbers = Array.from({ length: 20 }, (_, index) => index);
const objects: readonly KubeObject[] = [
  ...numbers.map(widget),
  ...numbers.map(definition),
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
];

it('applies objects given before their definitions and namespace, in one go', async () => {
  expect((await diffObjects(client, objects)).map((diff) => diff.action)).toEqual(objects.map(() => 'create'));
  const applied = await applyObjects(client, objects, { host });
  expect(applied.every(({ created }) => created)).toBe(true);
  expect((await diffObjects(client, objects)).filter((diff) => diff.action !== 'none')).toEqual([]);
}, 60_000);

it('lets a client that never saw the definitions find them', async () => {
  const other = await createKubeClient(host, { kubeconfig: server.kubeconfig });
  expect(await other.get(refOf(widget(3)))).toMatchObject({ spec: { size: 3 } });
  expect(await other.serves({ apiVersion: 'example.dev/v1', kind: 'Nothing' })).toBe(false);
  const served = (await other.resources()).filter((resource) => resource.apiVersion === 'example.dev/v1');
  expect(served).toHaveLength(numbers.length);
  expect(served[0]).toMatchObject({ namespaced: true });
  await other.close();
});

it('finds a kind that came after it was asked for', async () => {
  expect(await client.serves({ apiVersion: 'example.dev/v1', kind: 'Widget77' })).toBe(false);
  const other = await createKubeClient(host, { kubeconfig: server.kubeconfig });
  await applyObjects(other, [definition(77)], { host });
  await other.close();
  // A definition is established a moment before the server's discovery tells of it.
  await expect.poll(() => client.serves({ apiVersion: 'example.dev/v1', kind: 'Widget77' }), { timeout: 30_000 }).toBe(true);
});

it('takes objects away before their definitions', async () => {
  const refs = objects.filter((object) => object.kind !== 'Namespace').map(refOf);
  await deleteObjects(client, refs, { host, timeoutMs: 60_000 });
  const left = async (): Promise<readonly unknown[]> =>
    (await client.resources()).filter((resource) => resource.apiVersion === 'example.dev/v1' && resource.kind !== 'Widget77');
  // The aggregated discovery of the server trails what it serves.
  await expect.poll(left, { timeout: 30_000 }).toEqual([]);
  expect(await client.get(refOf(widget(3)))).toBeUndefined();
  expect(await client.delete(refOf(widget(3)))).toBe(false);
}, 60_000);
