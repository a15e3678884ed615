import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Host } from '../../host/host.ts';
import { createNodeHost } from '../../host/node.ts';
import { readPins, versionOf } from '../../toolchain/catalogue.ts';
import { classifyPodSpec, findBlockedPods } from './classify.ts';
import { expandVariables, imageAdapters, mapArguments } from './image-adapters.ts';
import { createLatch } from './latch.ts';
import { isRolledOut, type Deployment, type Pod, workloadOf } from './pod.ts';
import { type PortWish, settlePodPorts } from './pod-ports.ts';
import { podStatus, saysSo } from './pod-status.ts';

const pins = await readPins(createNodeHost());
const known = `ghcr.io/fluxcd/source-controller:${versionOf(pins, 'source-controller')}`;
const pod = (images: readonly string[], over: Partial<Pod> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n' },
  spec: { containers: images.map((image, i) => ({ name: `c${i}`, image })) },
  ...over,
});

describe('workloadOf', () => {
  const podOf = (metadata: object): Pod => pod([], { metadata: { name: 'a-5d9c-x', ...metadata } });
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'a-5d9c', uid: 'u' };

  it('is the Deployment behind the ReplicaSet, and the pod itself without one', () => {
    expect(workloadOf(podOf({ labels: { 'pod-template-hash': '5d9c' }, ownerReferences: [owner] }))).toBe('a');
    expect(workloadOf(podOf({ ownerReferences: [owner] }))).toBe('a-5d9c-x');
    expect(workloadOf(podOf({ labels: { 'pod-template-hash': '5d9c' } }))).toBe('a-5d9c-x');
  });
});

describe('mapArguments', () => {
  it('gives a manager of Cluster API its own ports on loopback, its certificate and no leader election', () => {
    const args = ['--leader-elect', '--diagnostics-address=:8443', '--insecure-diagnostics=false', '--feature-gates=A=true'];
    const flags =
      imageAdapters['cluster-api-core']?.flags({
        ports: { health: 1, diagnostics: 2, webhook: 3 },
        dir: '/d',
        kubeconfig: '/d/kubeconfig',
        serving: { dir: '/pki', certificate: 'a.crt', key: 'a.key' },
      }) ?? {};
    expect(mapArguments(args, flags)).toEqual([
      '--feature-gates=A=true',
      '--kubeconfig=/d/kubeconfig',
      '--health-addr=127.0.0.1:1',
      '--diagnostics-address=127.0.0.1:2',
      '--insecure-diagnostics=true',
      '--webhook-port=3',
      '--webhook-cert-dir=/pki',
      '--webhook-cert-name=a.crt',
      '--webhook-key-name=a.key',
      '--kube-api-qps=500',
      '--kube-api-burst=1000',
    ]);
  });

  it("puts the adapter's flags in the place of the manifest's and keeps the rest in order", () => {
    const args = [
      '--events-addr=http://notification-controller/',
      '--watch-all-namespaces=true',
      '--log-level=info',
      '--enable-leader-election',
      '--storage-path=/data',
    ];
    const context = { dir: '/d', kubeconfig: '/d/kubeconfig', serving: { dir: '/pki', certificate: 'a.crt', key: 'a.key' } };
    const flags = imageAdapters['source-controller']?.flags({ ...context, ports: { health: 1, storage: 2 } }) ?? {};
    expect(mapArguments(args, flags)).toEqual([
      '--watch-all-namespaces=true',
      '--log-level=info',
      '--events-addr=',
      '--metrics-addr=0',
      '--health-addr=127.0.0.1:1',
      '--enable-leader-election=false',
      '--min-retry-delay=250ms',
      '--max-retry-delay=5s',
      '--requeue-dependency=1s',
      '--storage-path=/d/data',
      '--storage-addr=127.0.0.1:2',
      '--storage-adv-addr=127.0.0.1:2',
    ]);
  });

  it('gives each flag at most once, whatever the manifest says', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('--a', '--a=1', '-a=2', '--b=3', 'word')), (args) => {
        const mapped = mapArguments(args, { a: 'x', b: undefined });
        expect(mapped.filter((arg) => /^--?a\b/.test(arg))).toEqual(['--a=x']);
        expect(mapped.some((arg) => arg.startsWith('--b'))).toBe(false);
      }),
    );
  });
});

it('expands variables as the API convention has it', () => {
  expect(expandVariables('x.$(NS).svc $(UNKNOWN) $$(NS) $HOME', { NS: 'flux-system' })).toBe('x.flux-system.svc $(UNKNOWN) $(NS) $HOME');
});

describe('classifyPodSpec', () => {
  it('runs a pod only if every image is known in its version', () => {
    expect(classifyPodSpec(pins, pod([known]).spec)).toEqual({ runs: true, binaries: ['source-controller'] });
    expect(classifyPodSpec(pins, pod([known, 'nginx:1']).spec)).toMatchObject({
      runs: false,
      images: ['nginx:1'],
      reason: 'nginx:1 is no known controller',
    });
    expect(classifyPodSpec(pins, pod(['ghcr.io/fluxcd/source-controller:v0.9.0']).spec)).toMatchObject({
      runs: false,
      reason: expect.stringContaining('is not the version this slipway has'),
    });
  });

  it('lists blocked pods, but none that are bound or being deleted', () => {
    const pods = [
      pod(['nginx']),
      pod([known]),
      pod(['nginx'], { spec: { nodeName: 'other', containers: [{ name: 'c', image: 'nginx' }] } }),
      pod(['nginx'], { metadata: { name: 'd', deletionTimestamp: 'now' } }),
    ];
    expect(findBlockedPods(pins, pods)).toEqual([
      { namespace: 'n', name: 'p', reason: 'nginx is no known controller', images: ['nginx'], labels: {} },
    ]);
  });
});

it('calls a Deployment rolled out only when nothing old or unavailable is left', () => {
  const deployment = (status: Deployment['status'], replicas?: number): Deployment => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', generation: 2 },
    spec: { ...(replicas !== undefined && { replicas }), template: { spec: { containers: [] } } },
    ...(status && { status }),
  });
  expect(isRolledOut(deployment({ observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 }))).toBe(true);
  expect(isRolledOut(deployment({ observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 }))).toBe(false);
  expect(isRolledOut(deployment({ observedGeneration: 2, replicas: 2, updatedReplicas: 1, availableReplicas: 2 }))).toBe(false);
  expect(isRolledOut(deployment(undefined))).toBe(false);
  expect(isRolledOut(deployment({ observedGeneration: 2 }, 0))).toBe(true);
});

it('writes status once, and again when a process changed or stopped serving', () => {
  const facts = { name: 'c0', image: known, ready: true, pid: 7, startedAt: '2026-01-01T00:00:00Z', restartCount: 2 };
  const status = podStatus([facts], '2026-01-01T00:00:01Z');
  const written = { ...pod([known]), status } as Pod;
  expect(saysSo(pod([known]), [facts])).toBe(false);
  expect(saysSo(written, [facts])).toBe(true);
  expect(saysSo(written, [{ ...facts, pid: 8 }])).toBe(false);
  expect(saysSo(written, [{ ...facts, ready: false }])).toBe(false);
  expect(status).toMatchObject({
    phase: 'Running',
    containerStatuses: [{ ready: true, restartCount: 2, state: { running: { startedAt: facts.startedAt } } }],
  });
});

it('does not lose an opening that comes before the wait', async () => {
  const signal = new AbortController();
  const latch = createLatch();
  latch.open();
  await latch.wait(signal.signal);
  const waiting = latch.wait(signal.signal);
  latch.open();
  await waiting;
  const aborted = latch.wait(signal.signal);
  signal.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
});

describe('settlePodPorts', () => {
  it('gives a new pod the ports that its workload had, unless somebody else has one of them now', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'ports-'));
    const real = createNodeHost();
    const host: Host = { ...real, env: { ...real.env, get: (name) => (name === 'XDG_STATE_HOME' ? dir : real.env.get(name)) } };
    const wish = (component: string): PortWish => ({
      key: { clusterId: 'a1', component },
      file: join(dir, 'ports', 'n.w.c'),
      names: ['health', 'webhook'],
    });
    const first = await settlePodPorts(host, wish('pod.one'));
    expect(await settlePodPorts(host, wish('pod.two'))).toEqual(first);
    const stranger = createServer().listen(first['webhook'], '127.0.0.1');
    await once(stranger, 'listening');
    const moved = await settlePodPorts(host, wish('pod.three'));
    stranger.close();
    expect(moved['health']).toBe(first['health']);
    expect(moved['webhook']).not.toBe(first['webhook']);
    await host.files.writeAtomic(join(dir, 'ports', 'n.w.c'), 'damaged');
    expect(Object.keys(await settlePodPorts(host, wish('pod.four')))).toEqual(['health', 'webhook']);
    await rm(dir, { recursive: true });
  });
});
