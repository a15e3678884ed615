import { describe, expect, it } from 'vitest';
import { referencesOf } from './references.ts';

function refs(spec: Readonly<Record<string, unknown>>, rest: Readonly<Record<string, unknown>> = {}): readonly string[] {
  const object = { apiVersion: 'x/v1', kind: 'X', metadata: { name: 'x', namespace: 'home' }, spec, ...rest };
  return referencesOf(object).map(({ kind, namespace, name, field }) => `${kind} ${namespace ?? '-'}/${name} ${field}`);
}

describe('references', () => {
  it.each([
    ['a typed one', { infrastructureRef: { apiGroup: 'g', kind: 'DevCluster', name: 'a' } }, 'DevCluster home/a spec.infrastructureRef'],
    ['one with a namespace', { ref: { kind: 'Secret', name: 'a', namespace: 'away' } }, 'Secret away/a spec.ref'],
    ['a class of v1beta2', { topology: { classRef: { name: 'a' } } }, 'ClusterClass home/a spec.topology.classRef'],
    ['a class of v1beta1', { topology: { class: 'a' } }, 'ClusterClass home/a spec.topology.class'],
    ['bootstrap data', { bootstrap: { dataSecretName: 'a' } }, 'Secret home/a spec.bootstrap.dataSecretName'],
    ['an identity without a type', { identityRef: { name: 'a', cloudName: 'c' } }, 'Secret home/a spec.identityRef'],
    [
      'an identity of the cluster',
      { identityRef: { type: 'ClusterIdentity', name: 'a' } },
      'OpenStackClusterIdentity home/a spec.identityRef',
    ],
    [
      'an identity with a kind',
      { identityRef: { kind: 'AWSClusterRoleIdentity', name: 'a' } },
      'AWSClusterRoleIdentity home/a spec.identityRef',
    ],
    [
      'a file of kubeadm',
      { files: [{ contentFrom: { secret: { name: 'a', key: 'k' } } }] },
      'Secret home/a spec.files[0].contentFrom.secret',
    ],
    ['credentials', { credentialsRef: { name: 'a' } }, 'Secret home/a spec.credentialsRef'],
    ['a config map', { configMapRef: { name: 'a' } }, 'ConfigMap home/a spec.configMapRef'],
    ['manifests of RKE2', { manifestsConfigMapReference: { name: 'a' } }, 'ConfigMap home/a spec.manifestsConfigMapReference'],
    ['an image of ORC', { imageRef: { name: 'a' } }, 'Image home/a spec.imageRef'],
    ['a resource of a ClusterResourceSet', { resources: [{ kind: 'ConfigMap', name: 'a' }] }, 'ConfigMap home/a spec.resources[0]'],
  ])('find %s', (_what, spec, expected) => {
    expect(refs(spec)).toEqual([expected]);
  });

  it('do not look into data, status and metadata', () => {
    expect(refs({}, { status: { secretRef: { name: 'a' } }, data: { secretName: 'a' } })).toEqual([]);
  });
});
