import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/types.ts';
import { Inventory } from './inventory.ts';
import type { KindRole, MovingKind } from './kinds.ts';
import type { PivotSelection } from './options.ts';
import { selectObjects } from './selection.ts';

const CORE = 'cluster.x-k8s.io/v1beta2';
const kind = (name: string, role: KindRole, namespaced = true): MovingKind => ({
  apiVersion: CORE,
  group: 'cluster.x-k8s.io',
  kind: name,
  role,
  namespaced,
  hasStatus: true,
  isForced: false,
});
const KINDS = [
  kind('Cluster', 'cluster'),
  kind('ClusterClass', 'class'),
  kind('DevMachineTemplate', 'template'),
  kind('Machine', 'resource'),
  kind('ClusterResourceSet', 'resource'),
  kind('DevClusterIdentity', 'identity', false),
  kind('Provider', 'inventory'),
];

interface Spec {
  readonly namespace?: string | null;
  readonly labels?: Readonly<Record<string, string>>;
  readonly owners?: readonly string[];
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly type?: string;
}

function object(kindName: string, name: string, { namespace = 'a', labels, owners = [], spec, type }: Spec = {}): KubeObject {
  const ownerReferences = owners.map((uid) => ({ apiVersion: CORE, kind: 'X', name: uid, uid }));
  return {
    apiVersion: kindName === 'Secret' || kindName === 'ConfigMap' ? 'v1' : CORE,
    kind: kindName,
    metadata: {
      name,
      uid: `${namespace ?? ''}/${name}`,
      ownerReferences,
      ...(namespace !== null && { namespace }),
      ...(labels && { labels }),
    },
    ...(spec && { spec }),
    ...(type !== undefined && { type }),
  };
}

const named = (cluster: string): Readonly<Record<string, string>> => ({ 'cluster.x-k8s.io/cluster-name': cluster });

function verdicts(objects: readonly KubeObject[], selection: PivotSelection = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(
    selectObjects(new Inventory(objects, KINDS), selection).map(({ object: { metadata }, verdict }) => [metadata.name, verdict]),
  );
}

describe('without a choice', () => {
  it('moves all of Cluster API and the Secrets it needs, labels of clusterctl or not', () => {
    expect(
      verdicts([
        object('Cluster', 'shop'),
        object('Machine', 'machine', { labels: named('shop'), spec: { bootstrap: { dataSecretName: 'data' } } }),
        object('Secret', 'data'),
        object('Secret', 'shop-kubeconfig'),
        object('Secret', 'owned', { owners: ['a/machine'] }),
        object('Secret', 'unrelated'),
        object('ConfigMap', 'kube-root-ca.crt'),
        object('Provider', 'cluster-api'),
      ]),
    ).toEqual({
      shop: 'moves',
      machine: 'moves',
      data: 'moves',
      'shop-kubeconfig': 'moves',
      owned: 'moves',
      unrelated: 'stays',
      'kube-root-ca.crt': 'stays',
      'cluster-api': 'stays',
    });
  });

  it('moves what is owned from outside all the same', () => {
    expect(verdicts([object('Cluster', 'shop'), object('Secret', 'shop-ca', { owners: ['elsewhere'], labels: named('shop') })])).toEqual({
      shop: 'moves',
      'shop-ca': 'moves',
    });
  });

  it('takes along what a set without a Cluster refers to', () => {
    const set = object('ClusterResourceSet', 'addons', { spec: { resources: [{ kind: 'ConfigMap', name: 'cni' }] } });
    expect(verdicts([set, object('ConfigMap', 'cni')])).toEqual({ addons: 'moves', cni: 'moves' });
  });

  it('copies what has no namespace', () => {
    const cluster = object('Cluster', 'shop', { spec: { identityRef: { kind: 'DevClusterIdentity', name: 'identity' } } });
    expect(verdicts([cluster, object('DevClusterIdentity', 'identity', { namespace: null })])).toEqual({
      shop: 'moves',
      identity: 'copies',
    });
  });

  it('never takes a token of this cluster', () => {
    const cluster = object('Cluster', 'shop', { spec: { secretName: 'token' } });
    expect(verdicts([cluster, object('Secret', 'token', { type: 'kubernetes.io/service-account-token' })])['token']).toBe('stays');
  });
});

describe('with a choice of Clusters', () => {
  const shared = [
    object('Cluster', 'shop', { spec: { topology: { classRef: { name: 'small' } }, identityRef: { name: 'login' } } }),
    object('Cluster', 'web', { spec: { topology: { classRef: { name: 'small' } } } }),
    object('ClusterClass', 'small', { spec: { templateRef: { kind: 'DevMachineTemplate', name: 'small-machine' } } }),
    object('DevMachineTemplate', 'small-machine', { owners: ['a/small'] }),
    object('Machine', 'shop-0', { labels: named('shop') }),
    object('Machine', 'web-0', { labels: named('web') }),
    object('Secret', 'login'),
    object('ClusterResourceSet', 'addons'),
  ];

  it('copies what others use too, moves what only they use, and leaves the rest', () => {
    expect(verdicts(shared, { clusters: ['shop'] })).toEqual({
      shop: 'moves',
      web: 'stays',
      small: 'copies',
      'small-machine': 'copies',
      'shop-0': 'moves',
      'web-0': 'stays',
      login: 'moves',
      addons: 'stays',
    });
  });

  it('moves a class when all its Clusters move, named with their namespace or not', () => {
    expect(verdicts(shared, { clusters: ['a/shop', 'web'] })).toMatchObject({ small: 'moves', 'small-machine': 'moves', web: 'moves' });
  });
});

describe('with a choice of namespaces', () => {
  it('copies a class that a Cluster elsewhere uses, and what is used from elsewhere', () => {
    const objects = [
      object('Cluster', 'shop', { spec: { identityRef: { kind: 'Secret', name: 'login', namespace: 'secrets' } } }),
      object('ClusterClass', 'small'),
      object('Cluster', 'away', { namespace: 'b', spec: { topology: { classRef: { name: 'small', namespace: 'a' } } } }),
      object('Secret', 'login', { namespace: 'secrets' }),
    ];
    expect(verdicts(objects, { namespaces: ['a'] })).toEqual({ shop: 'moves', small: 'stays', away: 'stays', login: 'copies' });
  });
});
