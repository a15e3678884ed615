import { describe, expect, it } from 'vitest';
import type { KubeObject, ObjectMeta } from '../../kube/types.ts';
import { CLUSTER, LOCAL_CONTROL_PLANE, PAUSED_ANNOTATION } from '../words.ts';
import { ADOPTIONS_ANNOTATION, adoptionsOf, asCluster, localClusterRef, ownerClusterRef, pausedBecause } from './objects.ts';

const controlPlane = (metadata: Partial<ObjectMeta> = {}): KubeObject => ({
  ...LOCAL_CONTROL_PLANE,
  metadata: { name: 'shop', namespace: 'apps', ...metadata },
});
const cluster = (spec: Readonly<Record<string, unknown>>, annotations: Readonly<Record<string, string>> = {}) =>
  asCluster({ ...CLUSTER, metadata: { name: 'shop', namespace: 'apps', annotations }, spec });

describe('a pause', () => {
  it.each([
    ['nothing', cluster({}), {}, undefined],
    ['a Cluster that says no', cluster({ paused: false }), {}, undefined],
    ['its Cluster', cluster({ paused: true }), {}, 'Cluster spec.paused is set to true'],
    [
      'its annotation, whatever the value',
      cluster({}),
      { [PAUSED_ANNOTATION]: 'false' },
      `LocalControlPlane has the ${PAUSED_ANNOTATION} annotation`,
    ],
    ['a tombstone', cluster({}, { 'slipway.dev/pivoted-to': 'mgmt 1' }), {}, 'Cluster was moved to another management cluster'],
  ])('comes from %s', (_what, owner, annotations, because) => {
    expect(pausedBecause(owner, controlPlane({ annotations }))).toBe(because);
  });

  it('names every reason', () => {
    expect(pausedBecause(cluster({ paused: true }), controlPlane({ annotations: { [PAUSED_ANNOTATION]: '' } }))).toBe(
      `Cluster spec.paused is set to true, LocalControlPlane has the ${PAUSED_ANNOTATION} annotation`,
    );
  });
});

describe('references', () => {
  it('the owner is a Cluster of Cluster API in any version, and nothing else', () => {
    const owner = { apiVersion: 'cluster.x-k8s.io/v1beta1', kind: 'Cluster', name: 'shop', uid: 'u' };
    expect(ownerClusterRef(controlPlane({ ownerReferences: [owner] }))).toEqual({ ...CLUSTER, name: 'shop', namespace: 'apps', uid: 'u' });
    expect(ownerClusterRef(controlPlane({ ownerReferences: [{ ...owner, apiVersion: 'other.dev/v1' }] }))).toBeUndefined();
    expect(ownerClusterRef(controlPlane())).toBeUndefined();
  });

  it('infrastructure of others is not ours', () => {
    const ref = { apiGroup: 'infrastructure.slipway.dev', kind: 'LocalCluster', name: 'a' };
    expect(localClusterRef(cluster({ infrastructureRef: ref }))).toMatchObject({ kind: 'LocalCluster', name: 'a', namespace: 'apps' });
    expect(localClusterRef(cluster({ infrastructureRef: { ...ref, kind: 'DevCluster' } }))).toBeUndefined();
    expect(localClusterRef(cluster({}))).toBeUndefined();
  });
});

it.each([
  [undefined, 0],
  ['3', 3],
  ['-1', 0],
  ['many', 0],
])('adoptions %s count as %i', (value, count) => {
  expect(adoptionsOf(controlPlane({ annotations: value === undefined ? {} : { [ADOPTIONS_ANNOTATION]: value } }))).toBe(count);
});
