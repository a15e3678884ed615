import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
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

const map = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { a: '1' },
});

it('replaces the whole object, also its fields that are left out', async () => {
  const made = await client.create(map('replaced'));
  const updated = await client.update({ ...made, data: { b: '2' } });
  expect(updated['data']).toEqual({ b: '2' });
  expect(updated.metadata.resourceVersion).not.toBe(made.metadata.resourceVersion);
});

it('refuses an update of an older version and changes nothing', async () => {
  const made = await client.create(map('guarded'));
  await client.mergePatch(refOf(made), { data: { a: 'meanwhile' } });
  await expect(client.update({ ...made, data: { a: 'late' } })).rejects.toMatchObject({ code: 'SLW-KUB-008' });
  expect((await client.get(refOf(made)))?.['data']).toEqual({ a: 'meanwhile' });
});

it('only tries with a dry run', async () => {
  const made = await client.create(map('tried'));
  const tried = await client.update({ ...made, data: { a: 'tried' } }, { dryRun: true });
  expect(tried['data']).toEqual({ a: 'tried' });
  expect((await client.get(refOf(made)))?.['data']).toEqual({ a: '1' });
});

it('deletes only the version that was read', async () => {
  const made = await client.create(map('deleted'));
  const { uid = '', resourceVersion = '' } = made.metadata;
  const changed = await client.mergePatch(refOf(made), { data: { a: '2' } });
  await expect(client.delete(refOf(made), { uid, resourceVersion })).rejects.toMatchObject({ code: 'SLW-KUB-008' });
  await expect(client.delete(refOf(made), { uid: 'another' })).rejects.toMatchObject({ code: 'SLW-KUB-008' });
  expect(await client.delete(refOf(made), { uid, resourceVersion: changed.metadata.resourceVersion ?? '' })).toBe(true);
  expect(await client.get(refOf(made))).toBeUndefined();
});
