/**
 * Where kubelets run the managers: Deployments, Services and certificates in Secrets, without cert-manager. Nodes are not to be had here, so
 * the test stands in for a kubelet: it starts the managers with their Secrets' files, and gives their Services this machine's address.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectWebhooks } from '../../src/capi/providers/webhooks.ts';
import { installProviders, type InstallOptions, planInstall } from '../../src/capi/providers/install.ts';
import type { ProviderName } from '../../src/capi/providers/provider.ts';
import { createNodeHost } from '../../src/host/node.ts';
import type { Host } from '../../src/host/host.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { type ApiServer, startApiServer, testBinary } from '../support/api-server.ts';

const host = createNodeHost();
const DAY_MS = 24 * 3_600_000;
const signal = AbortSignal.timeout(900_000);
const providers: readonly ProviderName[] = ['core', 'kubeadm-bootstrap', 'local'];
const options: InstallOptions = { host, providers, owner: 'me', placement: { kind: 'kubelet' }, signal, timeoutMs: 60_000 };
const SECRET = { apiVersion: 'v1', kind: 'Secret', namespace: 'capi-system', name: 'capi-webhook-service-cert' };
const DEPLOYMENTS = [
  ['capi-system', 'capi-controller-manager'],
  ['capi-kubeadm-bootstrap-system', 'capi-kubeadm-bootstrap-controller-manager'],
] as const;
let api: ApiServer;
let client: KubeClient;
const MANAGERS = [
  { binary: 'cluster-api-core', namespace: 'capi-system', service: 'capi-webhook-service' },
  {
    binary: 'cluster-api-kubeadm-bootstrap',
    namespace: 'capi-kubeadm-bootstrap-system',
    service: 'capi-kubeadm-bootstrap-webhook-service',
  },
] as const;
const managers: ChildProcess[] = [];

beforeAll(async () => {
  api = await startApiServer({ flags: ['--enable-aggregator-routing=true'] });
  client = await createKubeClient(host, { kubeconfig: api.kubeconfig });
});
afterAll(async () => {
  for (const manager of managers) if (manager.exitCode === null && manager.kill('SIGKILL')) await once(manager, 'exit');
  await client.close();
  await api.stop();
});

const address = Object.values(networkInterfaces())
  .flat()
  .find((face) => face && !face.internal && face.family === 'IPv4')?.address;

const secretData = async (ref: typeof SECRET): Promise<Readonly<Record<string, string>>> => {
  const data = ((await client.get(ref, signal))?.['data'] ?? {}) as Readonly<Record<string, string>>;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
};

const markAvailable = async ([namespace, name]: (typeof DEPLOYMENTS)[number]): Promise<void> => {
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name };
  const { generation } = (await client.get(ref, signal))!.metadata;
  const status = { observedGeneration: generation, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
  await client.mergePatch(ref, { status }, { subresource: 'status', signal });
};

async function startManager({ binary, namespace, service }: (typeof MANAGERS)[number]): Promise<void> {
  const dir = join(api.folder, binary);
  mkdirSync(dir);
  const files = await secretData({ ...SECRET, namespace, name: `${service}-cert` });
  for (const [name, text] of Object.entries({ ...files, kubeconfig: api.kubeconfig }))
    writeFileSync(join(dir, name), text, { mode: 0o600 });
  const [port, health] = [await host.net.freePort(), await host.net.freePort()];
  const args = [
    `--kubeconfig=${dir}/kubeconfig`,
    `--webhook-port=${port}`,
    `--webhook-cert-dir=${dir}`,
    `--health-addr=127.0.0.1:${health}`,
  ];
  const started = spawn(await testBinary(binary), [...args, '--diagnostics-address=0', '--feature-gates=ClusterTopology=true'], {
    stdio: 'ignore',
  });
  managers.push(started);
  const slice: KubeObject = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: binary, namespace, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: '', port, protocol: 'TCP' }],
  };
  await client.create(slice, { signal });
}

it('Secrets, Services and Deployments stand before anybody runs, and the next look finds nothing to do', async () => {
  const plan = await planInstall(client, options);
  expect(plan.details.map(({ object }) => object)).toEqual(
    expect.arrayContaining(['Secret/slipway-system/slipway-webhook-authority', `Secret/capi-system/${SECRET.name}`]),
  );
  expect(await installProviders(client, options)).toMatchObject({ core: 'v1.14.0', 'kubeadm-bootstrap': 'v1.14.0' });
  expect((await planInstall(client, options)).details).toEqual([]);
  const { 'tls.crt': leaf = '', 'ca.crt': ca = '' } = await secretData(SECRET);
  const certificate = new X509Certificate(leaf);
  expect(certificate.verify(new X509Certificate(ca).publicKey)).toBe(true);
  expect(certificate.checkHost('capi-webhook-service.capi-system.svc')).toBeDefined();
  const deployment = await client.get(
    { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'capi-system', name: 'capi-controller-manager' },
    signal,
  );
  expect(JSON.stringify(deployment)).toContain('--leader-elect');
  expect(JSON.stringify(deployment)).not.toContain('${');
});

it('webhooks are not connected while no manager is available', async () => {
  await expect(connectWebhooks(client, { ...options, timeoutMs: 500 })).rejects.toMatchObject({ code: 'SLW-KUB-040' });
  const { items } = await client.list(
    { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' },
    { signal },
  );
  expect(items).toEqual([]);
});

it('a manager with the certificate of its Secret is asked through its Service, and converts', async (test) => {
  if (address === undefined) return test.skip('this machine has no address but loopback');
  await Promise.all(MANAGERS.map(startManager));
  await Promise.all(DEPLOYMENTS.map(markAvailable));
  await connectWebhooks(client, options);
  const cluster: KubeObject = {
    apiVersion: 'cluster.x-k8s.io/v1beta2',
    kind: 'Cluster',
    metadata: { name: 'one', namespace: 'default' },
    spec: { infrastructureRef: { apiGroup: 'infrastructure.slipway.dev', kind: 'LocalCluster', name: 'one' } },
  };
  await client.create(cluster, { signal });
  const old = await client.get({ apiVersion: 'cluster.x-k8s.io/v1beta1', kind: 'Cluster', namespace: 'default', name: 'one' }, signal);
  expect(old).toMatchObject({ spec: { infrastructureRef: { apiVersion: 'infrastructure.slipway.dev/v1alpha1', kind: 'LocalCluster' } } });
});

it('certificates are renewed in time, and an authority before them', async () => {
  const later = (days: number): Host => ({ ...host, clock: { ...host.clock, now: () => host.clock.now() + days * DAY_MS } });
  const before = await secretData(SECRET);
  const inAYear = { ...options, host: later(300) };
  const leaves = (await planInstall(client, inAYear)).details.map(({ object, kind }) => [object, kind]);
  expect(leaves).toEqual([
    [`Secret/capi-system/${SECRET.name}`, 'update'],
    ['Secret/capi-kubeadm-bootstrap-system/capi-kubeadm-bootstrap-webhook-service-cert', 'update'],
  ]);
  await installProviders(client, inAYear);
  const renewed = await secretData(SECRET);
  expect(renewed['tls.crt']).not.toBe(before['tls.crt']);
  expect(renewed['ca.crt']).toBe(before['ca.crt']);
  const inADecade = { ...options, host: later(3_000) };
  expect((await planInstall(client, inADecade)).details).toHaveLength(3);
  await installProviders(client, inADecade);
  expect((await planInstall(client, inADecade)).details).toEqual([]);
  const bundle = (await secretData(SECRET))['ca.crt'] ?? '';
  expect(bundle.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(bundle.endsWith(before['ca.crt'] ?? '-')).toBe(true);
});
