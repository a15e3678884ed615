import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient, KubeObject, WatchEvent } from '../../src/kube/types.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { keyOf, WatchedState } from '../support/watched-state.ts';

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
let server: ApiServer;
let client: KubeClient;

beforeAll(async () => {
  server = await startApiServer();
  client = await createKubeClient(createNodeHost(), { kubeconfig: server.kubeconfig });
}, 120_000);

afterAll(async () => {
  await client?.close();
  await server?.stop();
});

function configMap(name: string, value = '1'): KubeObject {
  return { ...CONFIG_MAP, metadata: { name, namespace: 'default' }, data: { value } };
}

function versions(items: Iterable<KubeObject>): readonly string[] {
  return [...items].map((item) => `${keyOf(item)}@${item.metadata.resourceVersion}`).sort();
}

it('follows additions, changes and deletions', async () => {
  const stop = new AbortController();
  const state = new WatchedState();
  const following = state.follow(client.watch(CONFIG_MAP, { namespace: 'default', signal: stop.signal }));
  await state.until(() => state.types.includes('synced'));
  await client.apply(configMap('a'));
  await client.apply(configMap('a', '2'));
  await client.delete({ ...CONFIG_MAP, namespace: 'default', name: 'a' });
  await state.until(() => state.types.includes('deleted'));
  expect(state.types.slice(-3)).toEqual(['added', 'modified', 'deleted']);
  stop.abort();
  await following;
}, 30_000);

it('lists anew after SIGKILL and restart of the server, in bounded time', async () => {
  const stop = new AbortController();
  const state = new WatchedState();
  const following = state.follow(client.watch(CONFIG_MAP, { signal: stop.signal }));
  await state.until(() => state.types.includes('synced'));
  await client.apply(configMap('before'));
  await state.until(() => state.objects.has('default/before'));
  await server.kill();
  await state.until(() => state.types.includes('disconnected'));
  await server.start();
  await client.apply(configMap('after'));
  await client.delete({ ...CONFIG_MAP, namespace: 'default', name: 'before' });
  await state.until(() => state.objects.has('default/after') && !state.objects.has('default/before'));
  expect(state.types.lastIndexOf('synced')).toBeGreaterThan(state.types.indexOf('disconnected'));
  stop.abort();
  await following;
  expect(versions(state.objects.values())).toEqual(versions((await client.list(CONFIG_MAP)).items));
}, 90_000);

it('lists anew when its version was compacted away (410 Gone)', async () => {
  const stop = new AbortController();
  const state = new WatchedState();
  const events = client.watch(CONFIG_MAP, { signal: stop.signal })[Symbol.asyncIterator]();
  const take = async (): Promise<WatchEvent> => {
    const { value } = (await events.next()) as { value: WatchEvent };
    state.take(value);
    return value;
  };
  expect((await take()).type).toBe('synced');
  // The consumer is slow here: it has the list but has not begun to follow.
  for (let index = 0; index < 20; index++) await client.apply(configMap('busy', String(index)));
  await server.kill();
  await compactEverything();
  await server.start();
  const type = (await take()).type;
  expect(type).toBe('synced');
  expect(state.objects.get('default/busy')).toMatchObject({ data: { value: '19' } });
  await client.apply(configMap('busy', 'later'));
  expect((await take()).type).toBe('modified');
  stop.abort();
  expect((await events.next()).done).toBe(true);
}, 90_000);

/** By etcd's JSON gateway (etcd.io/docs, "gRPC gateway"). */
async function compactEverything(): Promise<void> {
  const ask = async (path: string, body: unknown): Promise<{ header: { revision: string } }> => {
    const response = await fetch(`${server.etcdUrl}${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as { header: { revision: string } };
  };
  const { header } = await ask('/v3/kv/range', { key: Buffer.from('/none').toString('base64') });
  await ask('/v3/kv/compaction', { revision: header.revision, physical: true });
}
