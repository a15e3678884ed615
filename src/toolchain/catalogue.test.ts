import { expect, it } from 'vitest';
import { createNodeHost } from '../host/node.ts';
import { binaryNames, catalogue, linkerFlags, matchImage, readPins, requireBinaryName, versionOf } from './catalogue.ts';
import { buildRounds, goBuildArgs, outputName } from './provide.ts';
import { inputsDigest } from './locate.ts';

const host = createNodeHost();

it('finds every component pinned in toolchain/go.mod, and the version of its module', async () => {
  const pins = await readPins(host);
  for (const name of binaryNames) expect(versionOf(pins, name)).toMatch(/^v\d+\.\d+\.\d+(?:-[0-9a-f]{12})?$/);
  expect(versionOf(pins, 'kube-apiserver')).toBe('v1.36.3');
  expect(pins.goVersion).toMatch(/^1\.\d+/);
});

it('stamps the version of Kubernetes, which clients parse, and nothing else', async () => {
  const pins = await readPins(host);
  expect(linkerFlags(pins, 'kube-apiserver')).toContain('-X k8s.io/component-base/version.gitVersion=v1.36.3 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36');
  expect(linkerFlags(pins, 'etcd')).toBe('-s -w');
});

it('takes an image for a component only in exactly its version', async () => {
  const pins = await readPins(host);
  const version = versionOf(pins, 'source-controller');
  expect(matchImage(pins, `ghcr.io/fluxcd/source-controller:${version}`)).toEqual({ binary: 'source-controller', version });
  expect(matchImage(pins, `ghcr.io/fluxcd/source-controller:${version}@sha256:${'0'.repeat(64)}`)).toEqual({ binary: 'source-controller', version });
  expect(matchImage(pins, 'ghcr.io/fluxcd/source-controller:v0.1.0')).toEqual({ otherVersion: version, wanted: 'v0.1.0' });
  expect(matchImage(pins, 'localhost:5000/nginx')).toBeUndefined();
  expect(matchImage(pins, 'ghcr.io/fluxcd/source-controller')).toEqual({ otherVersion: version, wanted: '' });
});

it('suggests the nearest name for an unknown component', () => {
  expect(() => requireBinaryName('kube-apisrver')).toThrow('unknown component "kube-apisrver", did you mean kube-apiserver?');
});

it('builds packages of equal file name in separate rounds', () => {
  expect(outputName('etcd')).toBe('server');
  const rounds = buildRounds(['etcd', 'cluster-api-kubeadm-bootstrap', 'cluster-api-kubeadm-control-plane', 'cluster-api-core']);
  expect(rounds).toEqual([['etcd', 'cluster-api-kubeadm-bootstrap', 'cluster-api-core'], ['cluster-api-kubeadm-control-plane']]);
});

it('builds all of a round with one command, each package with its own linker flags', async () => {
  const pins = await readPins(host);
  const missing = (['etcd', 'kube-apiserver'] as const).map((name) => ({ name, version: versionOf(pins, name), estimatedSeconds: 1 }));
  expect(goBuildArgs({ found: [], missing, findings: [], pins, goVersion: 'go1.26.8' }, '/out')).toEqual([
    'build', '-trimpath', '-mod=readonly', '-buildvcs=false', '-v',
    '-ldflags=go.etcd.io/etcd/server/v3=-s -w',
    `-ldflags=k8s.io/kubernetes/cmd/kube-apiserver=${linkerFlags(pins, 'kube-apiserver')}`,
    '-o', '/out/', catalogue.etcd.package, catalogue['kube-apiserver'].package,
  ]);
});

it('keys the cache by what decides a binary, tool by tool', async () => {
  const pins = await readPins(host);
  const other = { ...pins, goSum: `${pins.goSum}\n` };
  expect(inputsDigest(host, pins, 'etcd')).toMatch(/^[0-9a-f]{16}$/);
  expect(inputsDigest(host, other, 'etcd')).not.toBe(inputsDigest(host, pins, 'etcd'));
  expect(inputsDigest(host, pins, 'kwok')).not.toBe(inputsDigest(host, pins, 'etcd'));
  const restamped = { ...pins, moduleVersions: new Map([...pins.moduleVersions, ['k8s.io/kubernetes', 'v1.36.4']]) };
  expect(inputsDigest(host, restamped, 'kube-apiserver')).not.toBe(inputsDigest(host, pins, 'kube-apiserver'));
  expect(inputsDigest(host, restamped, 'etcd')).toBe(inputsDigest(host, pins, 'etcd'));
});

it('keys our own program by its files, and no other tool by them', async () => {
  const pins = await readPins(host);
  const edited = { ...pins, sourceDigests: new Map([['in-memory', 'edited']]) };
  expect(pins.sourceDigests.get('in-memory')).toMatch(/^[0-9a-f]{64}$/);
  expect(inputsDigest(host, edited, 'in-memory-provider')).not.toBe(inputsDigest(host, pins, 'in-memory-provider'));
  expect(inputsDigest(host, edited, 'cluster-api-core')).toBe(inputsDigest(host, pins, 'cluster-api-core'));
});
