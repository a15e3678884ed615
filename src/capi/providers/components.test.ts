import { describe, expect, it } from 'vitest';
import { createNodeHost } from '../../host/node.ts';
import { formatRef, type KubeObject, refOf } from '../../kube/types.ts';
import { readPins } from '../../toolchain/catalogue.ts';
import { baseObjects, connectionObjects, isAdmission, isDefinition, loadProviders, type ProviderComponents } from './components.ts';
import { versionOfObject } from './installed.ts';
import { orderProviders, type ProviderName } from './provider.ts';
import { compareVersions } from './survey.ts';

const host = createNodeHost();
const NAMES: readonly ProviderName[] = ['in-memory', 'local', 'kubeadm-control-plane', 'kubeadm-bootstrap', 'core'];
const all = await loadProviders(host, NAMES);
const byName = (name: ProviderName): ProviderComponents => all.find(({ facts }) => facts.name === name)!;
const local = { owner: 'me', placement: { kind: 'local', clusterDir: '/c', cloudFile: '/cloud.json' }, isStopped: false } as const;
const kubelet = { owner: 'me', placement: { kind: 'kubelet' }, isStopped: false } as const;
const deploymentOf = (objects: readonly KubeObject[]): KubeObject => objects.find(({ kind }) => kind === 'Deployment')!;

describe('the committed components', () => {
  it('are of the versions that the toolchain pins', async () => {
    const { moduleVersions } = await readPins(host);
    for (const { facts, version, objects } of all.filter(({ facts }) => facts.name !== 'local')) {
      expect(version).toBe(moduleVersions.get(facts.name === 'in-memory' ? 'sigs.k8s.io/cluster-api/test' : 'sigs.k8s.io/cluster-api'));
      expect(versionOfObject(deploymentOf(objects))).toBe(version);
    }
  });

  it('carry what clusterctl and the contract look for, and no name twice', () => {
    const refs = all.flatMap(({ objects }) => objects.map((object) => formatRef(refOf(object))));
    expect(new Set(refs).size).toBe(refs.length);
    for (const { facts, objects } of all) {
      for (const { metadata } of objects)
        expect(metadata.labels).toMatchObject({ 'cluster.x-k8s.io/provider': facts.label, 'clusterctl.cluster.x-k8s.io': '' });
      const contracts = objects.filter(isDefinition).map(({ metadata }) => metadata.labels?.['cluster.x-k8s.io/v1beta2']);
      expect(new Set(contracts)).toEqual(new Set([facts.name === 'core' ? undefined : facts.name === 'local' ? 'v1alpha1' : 'v1beta2']));
    }
  });

  it('leave nothing to substitute and nothing to cert-manager', () => {
    const text = JSON.stringify(all.map(({ objects }) => objects));
    expect(text).not.toContain('${');
    expect(text).not.toContain('cert-manager');
  });

  it('convert every kind that is served in two versions', () => {
    for (const { objects } of all)
      for (const { spec, metadata } of objects.filter(isDefinition)) {
        const { versions, conversion } = spec as {
          readonly versions: readonly { readonly served: boolean }[];
          readonly conversion?: unknown;
        };
        expect([metadata.name, conversion !== undefined]).toEqual([metadata.name, versions.filter(({ served }) => served).length > 1]);
      }
  });
});

describe('baseObjects', () => {
  it('leave webhooks to those who know where they are', () => {
    for (const provider of all) {
      const objects = baseObjects(provider, local);
      expect(objects.some(isAdmission)).toBe(false);
      for (const { spec } of objects.filter(isDefinition)) expect(spec).not.toHaveProperty('conversion');
      expect(objects.length).toBe(provider.objects.filter((object) => !isAdmission(object)).length);
    }
  });

  it('of processes run one at a time and unlimited; those of a kubelet as the manifests have them', () => {
    const process = deploymentOf(baseObjects(byName('core'), local));
    expect(process['spec']).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(JSON.stringify(process)).toContain('ReconcilerRateLimiting=false');
    const pod = deploymentOf(baseObjects(byName('core'), kubelet));
    expect(pod['spec']).toEqual(deploymentOf(byName('core').objects)['spec']);
    expect(JSON.stringify(pod)).toContain('ClusterTopology=true');
  });

  it('of a stopped manager say nothing about replicas', () => {
    expect(deploymentOf(baseObjects(byName('core'), { ...local, isStopped: true }))['spec']).not.toHaveProperty('replicas');
  });

  it('of the in-memory provider name its cloud, and are refused where no process runs beside it', () => {
    expect(JSON.stringify(deploymentOf(baseObjects(byName('in-memory'), local)))).toContain(
      '{"name":"IN_MEMORY_CLOUD_FILE","value":"/cloud.json"}',
    );
    expect(() => baseObjects(byName('in-memory'), kubelet)).toThrow(expect.objectContaining({ code: 'SLW-CAP-007' }));
  });
});

describe('connectionObjects', () => {
  it('put a URL in the place of every Service, for admission and conversion alike', () => {
    const objects = connectionObjects(byName('kubeadm-control-plane'), 'me', { baseUrl: 'https://127.0.0.1:4711', ca: 'PEM' });
    const text = JSON.stringify(objects);
    expect(text).not.toContain('"service"');
    expect(text.match(/"url":"https:\/\/127\.0\.0\.1:4711\/[-a-z0-9]+","caBundle":"UEVN"/g)).toHaveLength(
      text.split('caBundle').length - 1,
    );
    expect(objects.filter(isDefinition).map(({ spec }) => Object.keys(spec as object))).toEqual([['conversion'], ['conversion']]);
    expect(connectionObjects(byName('local'), 'me', { ca: 'PEM' })).toEqual([]);
  });

  it('keep the Service where there is no URL', () => {
    const [definition] = connectionObjects(byName('core'), 'me', { ca: 'PEM' });
    expect(JSON.stringify(definition)).toContain('"service":{"name":"capi-webhook-service","namespace":"capi-system","path":"/convert"}');
  });
});

describe('orderProviders', () => {
  it('puts core first and infrastructure last, each once', () => {
    expect(orderProviders([...NAMES, 'core']).map(({ type }) => type)).toEqual([
      'CoreProvider',
      'BootstrapProvider',
      'ControlPlaneProvider',
      'InfrastructureProvider',
      'InfrastructureProvider',
    ]);
  });

  it('wants core', () => {
    expect(() => orderProviders(['local'])).toThrow(expect.objectContaining({ code: 'SLW-CAP-001' }));
  });
});

describe('versions', () => {
  it.each([
    ['v1.9.0', 'v1.14.0'],
    ['v1.14.0-rc.2', 'v1.14.0-rc.10'],
    ['v1.14.0-rc.1', 'v1.14.0'],
    ['main', 'v0.0.1'],
    ['v1.14.0', 'v2.0.0-alpha.0'],
  ])('%s is older than %s', (older, newer) => {
    expect(compareVersions(older, newer)).toBeLessThan(0);
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
    expect(compareVersions(newer, newer)).toBe(0);
  });

  it('are read from the tag of the manager, beside proxies and behind ports and digests', () => {
    const deployment = (images: Readonly<Record<string, string>>): KubeObject => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a', labels: { 'app.kubernetes.io/version': 'v0.0.1' } },
      spec: { template: { spec: { containers: Object.entries(images).map(([name, image]) => ({ name, image })) } } },
    });
    expect(versionOfObject(deployment({ proxy: 'p:v9', manager: 'localhost:5000/a/b:v1.2.3@sha256:00' }))).toBe('v1.2.3');
    expect(versionOfObject(deployment({ any: 'localhost:5000/a/b' }))).toBe('v0.0.1');
  });
});
