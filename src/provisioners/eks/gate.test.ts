import { describe, expect, it } from 'vitest';
import { SlipwayError } from '../../core/errors.ts';
import type { StepReport } from '../../engine/step.ts';
import type { Host } from '../../host/host.ts';
import { createNodeHost } from '../../host/node.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type GateOptions, passGate } from './gate.ts';

const node = createNodeHost();
const CLIENT = {
  get: () => Promise.resolve({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: 'u-1' } }),
} as unknown as KubeClient;
const TABLE = 'Iface\neth0\t00000000\t0\t0003\t0\t0\t0\t00000000\ntun0\t0000000A\t0\t0003\t0\t0\t0\t0000FFFF\n';

interface Way {
  readonly addresses?: readonly string[];
  readonly answers?: () => boolean;
  readonly platform?: 'linux' | 'darwin';
}

/** A machine that knows these addresses; waits take no time. */
function machine({ addresses = ['10.0.0.9'], answers = () => false, platform = 'linux' }: Way = {}): Host {
  let now = 0;
  return {
    ...node,
    env: { ...node.env, platform },
    files: { ...node.files, readText: () => Promise.resolve(TABLE) },
    net: { ...node.net, lookup: () => Promise.resolve(addresses), canConnect: () => Promise.resolve(answers()) },
    clock: { ...node.clock, monotonic: () => now, sleep: (ms) => Promise.resolve(void (now += ms)) },
  };
}

function gate(host: Host, changes: Partial<GateOptions> = {}): Promise<{ readonly uid: string }> {
  const { signal } = new AbortController();
  const endpoint = 'https://abc.eks.amazonaws.com';
  return passGate({
    host,
    subject: 'Cluster/prod',
    endpoint,
    connect: () => Promise.resolve(CLIENT),
    isTunnelled: false,
    isPublic: false,
    waitMs: 0,
    signal,
    report: () => undefined,
    ...changes,
  });
}

const failing = (code: SlipwayError['code']) => () => Promise.reject(new SlipwayError(code, 'no'));

describe('the gate before a private API', () => {
  it('lets through when the cluster answers, and tells who it is', async () => {
    expect((await gate(machine({ answers: () => true }))).uid).toBe('u-1');
  });

  it.each<readonly [string, string, Way, Partial<GateOptions>]>([
    ['an unknown name', 'SLW-EKS-002', { addresses: [] }, {}],
    ['no route but the one to the internet', 'SLW-EKS-003', { addresses: ['10.7.0.9'] }, {}],
    ['a VPN that leads there, and silence', 'SLW-EKS-004', {}, {}],
    ['silence on a system that tells no routes', 'SLW-EKS-003', { platform: 'darwin' }, {}],
    ['a public address that lets nobody in', 'SLW-EKS-004', { addresses: ['203.0.113.9'] }, { isPublic: true }],
    ['another certificate', 'SLW-EKS-005', { answers: () => true }, { connect: failing('SLW-KUB-003') }],
    ['a server that takes connections and says nothing', 'SLW-EKS-004', { answers: () => true }, { connect: failing('SLW-KUB-002') }],
    ['a server that does not know us', 'SLW-KUB-005', { answers: () => true }, { connect: failing('SLW-KUB-005') }],
  ])('names %s', async (_title, code, way, changes) => {
    await expect(gate(machine(way), changes)).rejects.toMatchObject({ code });
  });

  it('asks a bastion nothing about names and routes', async () => {
    expect((await gate(machine({ addresses: [] }), { isTunnelled: true })).uid).toBe('u-1');
  });

  it('waits for the operator as long as it may, and says for what', async () => {
    let looks = 0;
    const said: StepReport[] = [];
    const { uid } = await gate(machine({ answers: () => ++looks > 3 }), { waitMs: 60_000, report: (report) => said.push(report) });
    expect(uid).toBe('u-1');
    expect(said).toHaveLength(3);
    expect(said[0]).toMatchObject({ type: 'waiting', reason: 'Unreachable', boundMs: 60_000 });
    await expect(gate(machine(), { waitMs: 60_000 })).rejects.toMatchObject({ code: 'SLW-EKS-004', exit: 75 });
  });
});
