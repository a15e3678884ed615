/** Which kinds a pivot looks at, at which version, and what part they play. No label of clusterctl is needed for it. */
import type { GroupKind } from '../../kube/types.ts';
import { CORE_GROUP } from '../words.ts';
import type { Definition } from './definitions.ts';

/** `inventory`: says what is installed on the cluster it is in; listed, never moved. */
export type KindRole = 'cluster' | 'class' | 'template' | 'identity' | 'resource' | 'companion' | 'inventory' | 'data';

export interface MovingKind extends GroupKind {
  readonly group: string;
  readonly role: KindRole;
  readonly namespaced: boolean;
  readonly hasStatus: boolean;
  /** All its objects move, whoever owns them (label of clusterctl on the definition). */
  readonly isForced: boolean;
}

const MOVE_LABELS = ['clusterctl.cluster.x-k8s.io/move', 'clusterctl.cluster.x-k8s.io/move-hierarchy'];
const OWN_GROUP = /(?:^|\.)cluster\.x-k8s\.io$/;
const CONTRACT = /^cluster\.x-k8s\.io\/v1(?:alpha|beta)?\d+$/;
/** Groups of what providers keep beside their own: OpenStack's images and servers by ORC, bare metal hosts. */
const COMPANIONS = new Set(['openstack.k-orc.cloud', 'metal3.io']);
/** Source: clusterctl's inventory, the Cluster API operator, runtime extensions: each tells of the cluster it is in. */
const INVENTORIES = new Set(['clusterctl.cluster.x-k8s.io', 'operator.cluster.x-k8s.io', 'runtime.cluster.x-k8s.io']);

export const DATA_KINDS: readonly MovingKind[] = [dataKind('Secret'), dataKind('ConfigMap')];

function dataKind(kind: string): MovingKind {
  return { apiVersion: 'v1', kind, group: '', role: 'data', namespaced: true, hasStatus: false, isForced: false };
}

export function isOfClusterApi(definition: Definition): boolean {
  const labels = Object.keys(definition.labels);
  if (labels.includes('clusterctl.cluster.x-k8s.io/core')) return false;
  return (
    OWN_GROUP.test(definition.group) ||
    COMPANIONS.has(definition.group) ||
    definition.categories.includes('cluster-api') ||
    labels.some((label) => CONTRACT.test(label) || MOVE_LABELS.includes(label) || label === 'clusterctl.cluster.x-k8s.io')
  );
}

/** The kinds of the source, each at a version that both sides serve: the stored one if possible, so that nothing is converted. */
export function movingKinds(source: readonly Definition[], target: readonly Definition[]): readonly MovingKind[] {
  const there = new Map(target.map((definition) => [definition.name, definition]));
  return source.filter(isOfClusterApi).map((definition) => {
    const version = commonVersion(definition, there.get(definition.name));
    return {
      apiVersion: `${definition.group}/${version}`,
      kind: definition.kind,
      group: definition.group,
      role: roleOf(definition),
      namespaced: definition.namespaced,
      hasStatus: definition.versions.get(version)?.hasStatus ?? false,
      isForced: MOVE_LABELS.some((label) => label in definition.labels),
    };
  });
}

/** The stored version of the source when the other side serves it or does not know the kind; else any that both serve. */
function commonVersion(definition: Definition, other: Definition | undefined): string {
  const served = (name: string): boolean => definition.versions.get(name)?.served === true;
  const preferred = served(definition.storageVersion)
    ? definition.storageVersion
    : ([...definition.versions.keys()].find(served) ?? definition.storageVersion);
  if (!other || other.versions.get(preferred)?.served) return preferred;
  return [...definition.versions.keys()].findLast((name) => served(name) && other.versions.get(name)?.served) ?? preferred;
}

function roleOf({ group, kind }: Definition): KindRole {
  if (INVENTORIES.has(group)) return 'inventory';
  if (COMPANIONS.has(group)) return 'companion';
  if (group === CORE_GROUP && kind === 'Cluster') return 'cluster';
  if (group === CORE_GROUP && kind === 'ClusterClass') return 'class';
  if (kind.endsWith('Template')) return 'template';
  if (kind.endsWith('Identity')) return 'identity';
  return 'resource';
}
