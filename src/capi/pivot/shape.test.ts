import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/types.ts';
import { shapeOf } from './shape.ts';

function machine(cluster: string, suffix: string, change: Readonly<Record<string, unknown>> = {}): KubeObject {
  const name = `${cluster}-md-0-${suffix}`;
  return {
    apiVersion: 'cluster.x-k8s.io/v1beta2',
    kind: 'Machine',
    metadata: { name, namespace: 'fleet', labels: { 'cluster.x-k8s.io/cluster-name': cluster, 'machine-template-hash': suffix } },
    spec: {
      clusterName: cluster,
      version: 'v1.36.0',
      providerID: `in-memory:////${name}`,
      bootstrap: { dataSecretName: name, configRef: { kind: 'KubeadmConfig', name } },
      ...change,
    },
  };
}

function secret(data: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a-ca', namespace: 'fleet' }, type: 'cluster.x-k8s.io/secret', data };
}

describe('the shape of an object', () => {
  it('is the same for the like of different clusters', () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    fc.assert(
      fc.property(label, label, label, label, (one, other, first, second) => {
        expect(shapeOf(machine(one, first))).toBe(shapeOf(machine(other, second)));
      }),
    );
  });

  it.each([
    ['a value', { version: 'v1.35.0' }],
    ['a field more', { readinessGates: [{ conditionType: 'x' }] }],
    ['a reference to something shared', { bootstrap: { configRef: { kind: 'KubeadmConfig', name: 'shared' } } }],
    ['no own address', { providerID: undefined }],
  ])('differs by %s', (_what, change) => {
    expect(shapeOf(machine('a', 'x', change))).not.toBe(shapeOf(machine('a', 'x')));
  });

  it('counts the keys of data, not what they hold', () => {
    expect(shapeOf(secret({ 'tls.crt': 'eA==' }))).toBe(shapeOf(secret({ 'tls.crt': 'eQ==' })));
    expect(shapeOf(secret({ 'tls.crt': 'eA==' }))).not.toBe(shapeOf(secret({ value: 'eA==' })));
  });

  it('keeps a word that only contains the name of the cluster', () => {
    const named = (strategy: string): KubeObject => machine('a', 'x', { strategy });
    expect(shapeOf(named('always'))).not.toBe(shapeOf(named('maybe')));
  });

  it('keeps the variables of a Cluster: admission knows them by name and value', () => {
    const cluster = (name: string, value: unknown): KubeObject => ({
      apiVersion: 'cluster.x-k8s.io/v1beta2',
      kind: 'Cluster',
      metadata: { name: 'a', namespace: 'fleet' },
      spec: { topology: { classRef: { name: 'class' }, variables: [{ name, value }] } },
    });
    expect(new Set([shapeOf(cluster('size', 1)), shapeOf(cluster('size', 2)), shapeOf(cluster('color', 1))]).size).toBe(3);
  });
});
