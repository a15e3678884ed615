/** Real managers of Cluster API beside a real API server: what a plan says, what the webhooks do, what a death or a thief of ports changes. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdControllers, startControllers, stopControllers } from '../../src/capi/providers/controllers.ts';
import { readProviders } from '../../src/capi/providers/installed.ts';
import { providerStepIds, providerSteps, providerUndoHandlers } from '../../src/capi/providers/steps.ts';
import { clusterLayout } from '../../src/control-plane/cluster-layout.ts';
import { controlPlaneStepIds } from '../../src/control-plane/control-plane-options.ts';
import { readCluster } from '../../src/control-plane/local-cluster.ts';
import { podEntries } from '../../src/control-plane/runtime/run-pod.ts';
import { convergeRuntimeStep, openRuntime } from '../../src/control-plane/runtime/runtime-step.ts';
import { controlPlaneSteps } from '../../src/control-plane/steps.ts';
import { controlPlaneUndoHandlers } from '../../src/control-plane/undo-handlers.ts';
import type { Step, StepContext } from '../../src/engine/step.ts';
import { ownerOf } from '../../src/kube/ownership.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { fingerprintOf, issueLeaf } from '../../src/pki/certificates.ts';
import { readPair } from '../../src/pki/identity-files.ts';
import { createLocalClusterWorld, type LocalClusterWorld } from '../support/local-cluster-world.ts';
import { createStepDriver, type StepDriver } from '../support/step-driver.ts';

const NAME = 'capi';
const TIMEOUT_MS = 180_000;
const ids = providerStepIds(NAME);
const RUNTIME = `local/converge-runtime/${NAME}`;
const CORE = 'capi-system/capi-controller-manager-';
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'capi-system', name: 'capi-controller-manager' };
const OLD_CLUSTER = { apiVersion: 'cluster.x-k8s.io/v1beta1', kind: 'Cluster', name: 'one', namespace: 'default' };
const signal = AbortSignal.timeout(1_800_000);
let world: LocalClusterWorld;
let driver: StepDriver;
let client: KubeClient;
let steps: readonly Step[];
let clusterDir: string;

beforeAll(async () => {
  world = await createLocalClusterWorld();
  driver = createStepDriver(world.host, { timeoutMs: TIMEOUT_MS });
  const options = world.options(NAME);
  ({ clusterDir } = options);
  const cpIds = controlPlaneStepIds(NAME);
  const [install, connect] = providerSteps({
    clusterName: NAME,
    subject: options.subject,
    needs: [cpIds.run['kube-apiserver']],
    providers: ['local', 'kubeadm-control-plane', 'kubeadm-bootstrap', 'core'],
    connect: () => Promise.resolve(client),
    owner: ownerOf('test', NAME),
    placement: { kind: 'local', clusterDir },
    undo: 'uninstall',
  });
  const runtime = convergeRuntimeStep({ ...options, needs: [ids.install, cpIds.run['kube-controller-manager']], connect: world.connect });
  await driver.up(controlPlaneSteps(options));
  client = await world.client(NAME);
  steps = [install!, runtime, connect!];
});
afterAll(() => world.close());

const cluster = (cidr: string, name = 'one'): KubeObject => ({
  apiVersion: 'cluster.x-k8s.io/v1beta2',
  kind: 'Cluster',
  metadata: { name, namespace: 'default' },
  spec: {
    clusterNetwork: { pods: { cidrBlocks: [cidr] } },
    infrastructureRef: { apiGroup: 'infrastructure.slipway.dev', kind: 'LocalCluster', name },
  },
});

async function coreProcess(): Promise<{
  readonly component: string;
  readonly webhook: number;
  readonly pid: number;
  readonly certificate: string;
}> {
  const { clusterId = '-' } = (await readCluster(world.host, clusterDir)) ?? {};
  const [entry] = (await podEntries(world.host, clusterId)).filter(({ labels }) => labels['pod']?.startsWith(CORE));
  if (!entry) throw new Error('no entry of the core manager');
  const identity = (await world.alive(NAME))[entry.component];
  return {
    component: entry.component,
    webhook: entry.ports['webhook'] ?? 0,
    pid: identity?.pid ?? 0,
    certificate: 'serving.capi-system.capi-controller-manager',
  };
}

async function killCore(): Promise<number> {
  const { component, webhook } = await coreProcess();
  const identity = (await world.alive(NAME))[component]!;
  await world.host.processes.signal(identity, 'SIGKILL');
  await expect.poll(() => world.host.processes.isAlive(identity)).toBe(false);
  return webhook;
}

/** SHA-256 of the certificate that is served on a port, as a client that trusts the cluster's authority sees it. */
async function servedCertificate(port: number): Promise<string> {
  const ca = await world.host.files.readText(clusterLayout(clusterDir).cert('ca'));
  const socket = connectTls({ host: '127.0.0.1', port, ca, servername: 'localhost' });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

const isRefusedAsInvalid = async (): Promise<void> => {
  await expect(client.create(cluster('no-cidr', 'bad'), { signal })).rejects.toMatchObject({
    message: expect.stringContaining('cidrBlocks'),
  });
};

describe('providers of Cluster API on a local cluster', () => {
  it('are installed, and their webhooks check, complete and convert', async () => {
    const plan = await driver.plan(steps);
    expect(plan[ids.install]?.summary).toContain('core v1.14.0, kubeadm-bootstrap v1.14.0, kubeadm-control-plane v1.14.0, local v');
    expect(plan[ids.connect]).toMatchObject({ kind: 'deferred', announces: { Webhooks: 3 } });
    expect(await driver.up(steps)).toEqual([ids.install, RUNTIME, ids.connect]);
    await client.create(cluster('10.1.0.0/16'), { signal });
    const old = await client.get(OLD_CLUSTER, signal);
    expect(old).toMatchObject({
      apiVersion: OLD_CLUSTER.apiVersion,
      spec: { infrastructureRef: { apiVersion: 'infrastructure.slipway.dev/v1alpha1', kind: 'LocalCluster' } },
    });
    await isRefusedAsInvalid();
    expect(Object.values(await driver.plan(steps)).flatMap(({ details = [] }) => details)).toEqual([]);
    expect(await driver.up(steps)).toEqual([]);
  });

  it('may do all they need: the roles of the manifests suffice, that of our own infrastructure too', async () => {
    const ref = { apiVersion: 'infrastructure.slipway.dev/v1alpha1', kind: 'LocalCluster', namespace: 'default', name: 'one' };
    await client.create(
      { apiVersion: ref.apiVersion, kind: ref.kind, metadata: { namespace: 'default', name: 'one' }, spec: {} },
      { signal },
    );
    await expect
      .poll(async () => (await client.get(ref, signal))?.metadata.ownerReferences?.map(({ kind, name }) => `${kind}/${name}`), {
        timeout: TIMEOUT_MS,
      })
      .toEqual(['Cluster/one']);
    const { clusterId = '-' } = (await readCluster(world.host, clusterDir)) ?? {};
    for (const { logFile } of await podEntries(world.host, clusterId))
      expect(await world.host.files.readText(logFile)).not.toMatch(/forbidden/i);
  });

  it('are read back with versions and gates', async () => {
    const installed = await readProviders(client, signal);
    expect(installed.map(({ label, version, type }) => [label, version, type])).toEqual([
      ['cluster-api', 'v1.14.0', 'CoreProvider'],
      ['bootstrap-kubeadm', 'v1.14.0', 'BootstrapProvider'],
      ['control-plane-kubeadm', 'v1.14.0', 'ControlPlaneProvider'],
      ['infrastructure-slipway-local', expect.stringMatching(/^v\d/), 'InfrastructureProvider'],
    ]);
    expect(installed[0]?.featureGates).toMatchObject({ ClusterTopology: true, MachinePool: true, ReconcilerRateLimiting: false });
  });

  it('come back on their port after kill -9', async () => {
    const port = await killCore();
    expect((await driver.plan(steps))[RUNTIME]).toMatchObject({ kind: 'update' });
    expect(await driver.up(steps)).toEqual([RUNTIME]);
    expect((await coreProcess()).webhook).toBe(port);
    await isRefusedAsInvalid();
    expect(await driver.up(steps)).toEqual([]);
  });

  it('move to another port when theirs was taken, and are connected again', async () => {
    const port = await killCore();
    const thief: Server = createServer((socket) => socket.destroy()).listen(port);
    await once(thief, 'listening');
    expect(await driver.up(steps)).toEqual([RUNTIME, ids.connect]);
    expect((await coreProcess()).webhook).not.toBe(port);
    await isRefusedAsInvalid();
    expect(await client.get(OLD_CLUSTER, signal)).toMatchObject({ apiVersion: OLD_CLUSTER.apiVersion });
    expect(await driver.up(steps)).toEqual([]);
    thief.close();
  });

  it('serve a renewed certificate without being started anew', async () => {
    const { webhook, pid, certificate } = await coreProcess();
    const { pkiDir } = clusterLayout(clusterDir);
    const now = world.host.clock.now();
    const short = await issueLeaf(await readPair(world.host, pkiDir, 'ca'), {
      subject: { commonName: 'capi-controller-manager' },
      usages: ['server'],
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      validity: { notBefore: now - 3_600_000, notAfter: now + 90_000 },
    });
    await world.host.files.writeAtomic(`${pkiDir}/${certificate}.key`, short.privateKeyPem);
    await world.host.files.writeAtomic(`${pkiDir}/${certificate}.crt`, short.certificatePem);
    await expect.poll(() => servedCertificate(webhook), { timeout: 60_000 }).toBe(fingerprintOf(short.certificatePem));
    expect(await driver.up(steps)).toEqual([]);
    const renewed = await readPair(world.host, pkiDir, certificate);
    expect(fingerprintOf(renewed.certificatePem)).not.toBe(fingerprintOf(short.certificatePem));
    await expect.poll(() => servedCertificate(webhook), { timeout: 60_000 }).toBe(fingerprintOf(renewed.certificatePem));
    expect((await coreProcess()).pid).toBe(pid);
    await isRefusedAsInvalid();
  });

  it('have an edit taken back, an upgrade planned by name, and a downgrade refused', async () => {
    const setImage = (tag: string): Promise<unknown> =>
      client.mergePatch(
        DEPLOYMENT,
        {
          spec: {
            replicas: 0,
            template: { spec: { containers: [{ name: 'manager', image: `registry.k8s.io/cluster-api/cluster-api-controller:${tag}` }] } },
          },
        },
        { signal },
      );
    await setImage('v9.0.0');
    await expect(driver.plan(steps)).rejects.toMatchObject({ code: 'SLW-CAP-002' });
    await setImage('v1.13.4');
    const upgrade = (await driver.plan(steps))[ids.install];
    expect(upgrade).toMatchObject({ kind: 'update', summary: expect.stringContaining('core v1.13.4 -> v1.14.0') });
    expect(upgrade?.details?.[0]).toEqual({ object: 'Provider/core', kind: 'update', reason: 'v1.13.4 -> v1.14.0' });
    expect(await driver.up(steps)).toContain(ids.install);
    await isRefusedAsInvalid();
    expect(await driver.up(steps)).toEqual([]);
  });

  it('are stopped and started by scale; up leaves them stopped', async () => {
    const stop = new AbortController();
    const context = { host: world.host, signal, timeoutMs: TIMEOUT_MS, report: () => undefined } as unknown as StepContext;
    const runtime = await openRuntime(context, { clusterDir, connect: world.connect });
    const watching = runtime.watch(stop.signal);
    const options = { host: world.host, signal, timeoutMs: TIMEOUT_MS };
    const before = (await coreProcess()).webhook;
    expect(await stopControllers(client, options)).toHaveLength(3);
    const { clusterId = '-' } = (await readCluster(world.host, clusterDir)) ?? {};
    expect(await podEntries(world.host, clusterId)).toEqual([]);
    stop.abort();
    await watching;
    expect((await readProviders(client, signal)).filter(({ isStopped }) => isStopped)).toHaveLength(3);
    expect(await driver.up(steps)).toEqual([]);
    expect(await podEntries(world.host, clusterId)).toEqual([]);
    const again = new AbortController();
    const served = (await openRuntime(context, { clusterDir, connect: world.connect })).watch(again.signal);
    expect(await startControllers(client, options)).toHaveLength(3);
    again.abort();
    await served;
    expect((await coreProcess()).webhook).toBe(before);
    await driver.up(steps);
    await isRefusedAsInvalid();
    expect(await driver.up(steps)).toEqual([]);
  });

  it('hold still on demand: webhooks answer, nothing is acted on; a second call changes nothing, and a start ends it', async () => {
    const stop = new AbortController();
    const context = { host: world.host, signal, timeoutMs: TIMEOUT_MS, report: () => undefined } as unknown as StepContext;
    const watching = (await openRuntime(context, { clusterDir, connect: world.connect })).watch(stop.signal);
    const options = { host: world.host, signal, timeoutMs: TIMEOUT_MS };
    const generation = async (): Promise<number> => (await client.get(DEPLOYMENT, signal))?.metadata.generation ?? 0;
    const before = { generation: await generation(), webhook: (await coreProcess()).webhook };
    await holdControllers(client, options);
    expect(await generation()).toBe(before.generation + 1);
    await holdControllers(client, options);
    expect(await generation()).toBe(before.generation + 1);
    expect((await coreProcess()).webhook).toBe(before.webhook);
    await isRefusedAsInvalid();
    const held = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', namespace: 'default', name: 'held' };
    const finalizers = async (): Promise<readonly string[]> => (await client.get(held, signal))?.metadata.finalizers ?? [];
    await client.create(cluster('10.0.0.0/16', 'held'), { signal });
    await world.host.clock.sleep(2_000, signal);
    expect(await finalizers()).toEqual([]);
    expect(await startControllers(client, options)).toHaveLength(3);
    await expect.poll(finalizers, { timeout: 30_000 }).toEqual(['cluster.cluster.x-k8s.io']);
    await client.mergePatch(held, { metadata: { finalizers: null } }, { signal });
    await client.delete(held, { signal });
    stop.abort();
    await watching;
    expect(await driver.up(steps)).toEqual([]);
  });

  it('are not taken off while a manager has something to remove, and then leave nothing', async () => {
    const handlers = new Map([...controlPlaneUndoHandlers, ...providerUndoHandlers(() => Promise.resolve(client))]);
    const record = driver.records.get(ids.install)!;
    const undo = handlers.get(record.intent.undo!.handler)!;
    const context = {
      host: world.host,
      signal,
      timeoutMs: TIMEOUT_MS,
      record,
      records: () => driver.records,
      report: () => undefined,
      options: {},
    };
    await expect(undo.undo(context)).rejects.toMatchObject({
      code: 'SLW-CAP-006',
      message: expect.stringContaining('Cluster/default/one'),
    });
    await client.delete(
      { apiVersion: 'infrastructure.slipway.dev/v1alpha1', kind: 'LocalCluster', namespace: 'default', name: 'one' },
      { signal },
    );
    await client.delete({ ...OLD_CLUSTER, apiVersion: 'cluster.x-k8s.io/v1beta2' }, { signal });
    await expect
      .poll(() => client.get({ ...OLD_CLUSTER, apiVersion: 'cluster.x-k8s.io/v1beta2' }, signal), { timeout: TIMEOUT_MS })
      .toBeUndefined();
    await undo.undo(context);
    await undo.undo(context);
    expect(await readProviders(client, signal)).toEqual([]);
    const definitions = await client.list({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }, { signal });
    expect(definitions.items).toEqual([]);
    const namespaces = await client.list({ apiVersion: 'v1', kind: 'Namespace' }, { signal });
    expect(namespaces.items.map(({ metadata }) => metadata.name)).toEqual(['default', 'kube-node-lease', 'kube-public', 'kube-system']);
    for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'])
      expect((await client.list({ apiVersion: 'admissionregistration.k8s.io/v1', kind }, { signal })).items).toEqual([]);
    expect(Object.keys(await world.alive(NAME)).filter((name) => name.startsWith('pod.'))).toEqual([]);
  });
});
