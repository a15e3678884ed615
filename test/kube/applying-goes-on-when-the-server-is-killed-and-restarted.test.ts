import { afterAll, beforeAll, expect, it } from 'vitest';
import { createNodeHost } from '../../src/host/node.ts';
import { isSlipwayError } from '../../src/core/errors.ts';
import { applyObjects } from '../../src/kube/apply.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { diffObjects } from '../../src/kube/diff.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
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

const maps = Array.from({ length: 600 }, (_, index): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `map-${index}`, namespace: 'default' },
  data: { index: String(index) },
}));

it('applies every object once, through a SIGKILL in the middle', async () => {
  let restart: Promise<void> | undefined;
  await applyObjects(client, maps, {
    host,
    onObject: (_applied, done) => {
      if (done === 200) restart = server.kill().then(() => server.start());
    },
  });
  await restart;
  expect(restart).toBeDefined();
  expect((await diffObjects(client, maps)).filter((diff) => diff.action !== 'none')).toEqual([]);
}, 90_000);

it('gives up with a coded, retryable error when the server stays away', async () => {
  await server.kill();
  const error: unknown = await applyObjects(client, maps.slice(0, 1), { host }).catch((thrown: unknown) => thrown);
  if (!isSlipwayError(error)) throw new Error(`expected a SlipwayError, got ${String(error)}`);
  expect({ code: error.code, exit: error.exit, retry: error.retry }).toEqual({ code: 'SLW-KUB-001', exit: 69, retry: 'backoff' });
  expect(error.message).toContain('ECONNREFUSED');
}, 60_000);
