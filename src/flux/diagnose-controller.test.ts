import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube/types.ts';
import { diagnose, wanted } from './diagnose.ts';
import { createWorld } from './world.ts';

const at = (kind: string, name: string) => ({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind, namespace: 'flux-system', name });
const source: KubeObject = {
  ...at('GitRepository', 'fleet'),
  metadata: { name: 'fleet', namespace: 'flux-system', generation: 1 },
  status: { observedGeneration: -1 },
};
const deployment = (replicas: number): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'source-controller', namespace: 'flux-system', uid: 'd', generation: 1 },
  spec: { replicas: 1 },
  status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: replicas, availableReplicas: replicas },
});
const replicaSet: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: {
    name: 'source-controller-1',
    namespace: 'flux-system',
    uid: 'r',
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'source-controller', uid: 'd' }],
  },
  spec: { replicas: 1 },
  status: { replicas: 1, readyReplicas: 0 },
};
const pod: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'source-controller-1-a',
    namespace: 'flux-system',
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'source-controller-1', uid: 'r' }],
  },
  status: {
    phase: 'Pending',
    containerStatuses: [{ name: 'manager', state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } } }],
  },
};
const options = { declared: [], sources: [at('GitRepository', 'fleet')], heads: new Map<string, string>() };

describe('a source that nobody looked at', () => {
  it('asks for the controller that should have', () => {
    const world = createWorld([source], { knows: (ref) => ref.kind !== 'Deployment' });
    expect(wanted(world, options)).toEqual([
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'flux-system', name: 'source-controller' },
    ]);
  });

  it('names the pod of the controller, and stays something to wait for', () => {
    const [cause] = diagnose(createWorld([source, deployment(0), replicaSet, pod]), options);
    expect(cause).toMatchObject({ kind: 'waiting', object: 'Pod/flux-system/source-controller-1-a', reason: 'ImagePullBackOff' });
    expect(cause?.chain.at(-1)).toBe('Pod/flux-system/source-controller-1-a');
  });

  it('is the cause itself while its controller is fine, or is not known', () => {
    for (const objects of [[source, deployment(1)], [source]])
      expect(diagnose(createWorld(objects), options)[0]).toMatchObject({
        object: 'GitRepository/flux-system/fleet',
        reason: 'NotReconciled',
      });
  });
});
