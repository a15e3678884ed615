import { expect, it } from 'vitest';
import { clusterLayout } from './cluster-layout.ts';
import { apiserverArgs, controllerManagerArgs, etcdArgs } from './control-plane-args.ts';

const layout = clusterLayout('/c');
const ports = { etcd: 1, etcdPeer: 2, apiserver: 3, controllerManager: 4 };

it('guards etcd with certificates on both of its ports and keeps fsync', () => {
  const args = etcdArgs(layout, ports);
  expect(args).toEqual(
    expect.arrayContaining([
      '--client-cert-auth=true',
      '--peer-client-cert-auth=true',
      '--trusted-ca-file=/c/pki/etcd-ca.crt',
      '--peer-trusted-ca-file=/c/pki/etcd-ca.crt',
    ]),
  );
  expect(args.filter((arg) => /http:\/\/|unsafe/.test(arg))).toEqual([]);
  expect(args.filter((arg) => arg.includes('https://')).every((arg) => arg.includes('https://127.0.0.1:'))).toBe(true);
});

it('gives the API server loopback only, RBAC, and its own client certificate for etcd', () => {
  expect(apiserverArgs(layout, ports)).toEqual(
    expect.arrayContaining([
      '--etcd-servers=https://127.0.0.1:1',
      '--etcd-certfile=/c/pki/apiserver-etcd-client.crt',
      '--bind-address=127.0.0.1',
      '--secure-port=3',
      '--authorization-mode=RBAC',
      '--endpoint-reconciler-type=none',
    ]),
  );
});

it('gives every key as a path, never as a value', () => {
  for (const arg of [...etcdArgs(layout, ports), ...apiserverArgs(layout, ports), ...controllerManagerArgs(layout, ports)]) {
    if (/key|kubeconfig/.test(arg.split('=')[0] ?? '')) expect(arg).toMatch(/=\/c\//);
  }
});
