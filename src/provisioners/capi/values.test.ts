import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/types.ts';
import { sortValues } from './values.ts';

interface Wish {
  readonly kind?: string;
  readonly namespace?: string;
  readonly type?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly owner?: string;
}

const made = (name: string, { kind = 'Secret', namespace = 'flux-system', type = 'Opaque', labels, owner }: Wish = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    ...{ name, namespace, uid: 'u', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' },
    ...(labels && { labels }),
    ...(owner !== undefined && { ownerReferences: [{ apiVersion: 'v1', kind: 'Thing', name: owner, uid: 'o' }] }),
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'mine' },
  },
  ...(kind === 'Secret' && { type }),
  data: { key: 'dmFsdWU=' },
});

const reasonFor = (object: KubeObject, moving: readonly string[] = []): string | undefined =>
  sortValues([object], new Set(moving)).left[0]?.reason;

describe('what users put on a bootstrap cluster', () => {
  it('is copied as they wrote it', () => {
    const { copied, left } = sortValues([made('sops-age', { labels: { team: 'a' } }), made('values', { kind: 'ConfigMap' })], new Set());
    expect(left).toEqual([]);
    expect(copied).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'sops-age', namespace: 'flux-system', labels: { team: 'a' }, annotations: { note: 'mine' } },
        type: 'Opaque',
        data: { key: 'dmFsdWU=' },
      },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'values', namespace: 'flux-system', annotations: { note: 'mine' } },
        data: { key: 'dmFsdWU=' },
      },
    ]);
  });

  it.each([
    [made('kube-root-ca.crt', { kind: 'ConfigMap' }), 'made by Kubernetes'],
    [made('x', { namespace: 'kube-system' }), 'made by Kubernetes'],
    [made('token', { type: 'kubernetes.io/service-account-token' }), 'a token of this cluster'],
    [made('sh.helm.release.v1.x.v1', { type: 'helm.sh/release.v1' }), 'what Helm installed'],
    [made('mgmt-kubeconfig', { type: 'cluster.x-k8s.io/secret', namespace: 'default' }), 'in the pivot'],
    [made('cloud', { labels: { 'cluster.x-k8s.io/cluster-name': 'mgmt' } }), 'in the pivot'],
    [made('capi-webhook-service-cert', { namespace: 'capi-system' }), 'belongs to a provider'],
    [made('fleet-auth', { labels: { 'slipway.dev/owner': 'mgmt-bootstrap-1' } }), 'made by Slipway'],
    [made('child', { owner: 'parent' }), 'belongs to Thing/parent'],
  ])('stays with its reason: %#', (object, reason) => {
    expect(reasonFor(object)).toContain(reason);
  });

  it('leaves to the pivot what that takes along', () => {
    const identity = made('identity', { namespace: 'default' });
    expect(reasonFor(identity, ['Secret/default/identity'])).toContain('in the pivot');
    expect(reasonFor(identity)).toBeUndefined();
  });
});
