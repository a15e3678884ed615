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

const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'fleet' } };
const maps = Array.from({ length: 1_000 }, (_, index): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `map-${index}`, namespace: 'fleet' },
  data: { index: String(index) },
}));
const secret = (password: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'login', namespace: 'fleet' },
  stringData: { password },
});
// The namespace comes last on purpose: phases must bring it forward.
const objects = [...maps, secret('first-password'), namespace];

it('creates every object, tells so, and keeps the order', async () => {
  const before = await diffObjects(client, objects);
  expect(before.every((diff) => diff.action === 'create')).toBe(true);
  const progress: number[] = [];
  const applied = await applyObjects(client, objects, { host, onObject: (_applied, done) => progress.push(done) });
  expect(applied.map(({ object }) => object.metadata.name)).toEqual(objects.map((object) => object.metadata.name));
  expect(applied.every(({ created }) => created)).toBe(true);
  expect(progress).toEqual(objects.map((_, index) => index + 1));
  expect((await client.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: 'fleet' })).items).toHaveLength(1_000);
}, 60_000);

it('finds nothing to do afterwards and creates nothing twice', async () => {
  const diffs = await diffObjects(client, objects);
  expect(diffs.filter((diff) => diff.action !== 'none')).toEqual([]);
  const again = await applyObjects(client, objects, { host });
  expect(again.some(({ created }) => created)).toBe(false);
}, 60_000);

it('names the fields that were edited or lost, and no value of a secret', async () => {
  await client.mergePatch({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'fleet', name: 'map-7' }, { data: { index: 'changed' } });
  await client.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'fleet', name: 'map-8' });
  const diffs = await diffObjects(client, [...maps.slice(5, 10), secret('second-password')], { force: true });
  expect(diffs.map(({ action, fields }) => ({ action, fields }))).toEqual([
    { action: 'none', fields: [] },
    { action: 'none', fields: [] },
    { action: 'update', fields: ['data.index'] },
    { action: 'create', fields: [] },
    { action: 'none', fields: [] },
    { action: 'update', fields: ['data.password'] },
  ]);
  expect(JSON.stringify(diffs)).not.toContain('second-password');
});

it('deletes them all, and again without complaint', async () => {
  // Without kube-controller-manager a namespace never goes.
  const refs = objects.filter((object) => object.kind !== 'Namespace').map(refOf);
  await deleteObjects(client, refs, { host, timeoutMs: 60_000 });
  expect((await client.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: 'fleet' })).items).toEqual([]);
  await deleteObjects(client, refs.slice(0, 10), { host, timeoutMs: 60_000 });
}, 60_000);
