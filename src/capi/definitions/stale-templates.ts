/** Templates that nothing uses any more. A changed definition has new templates; machines of the old ones need them until they are gone. */
import { type GroupKind, type KubeObject, type ObjectRef, refOf } from '../../kube/types.ts';
import { CLUSTER, CLUSTER_CLASS, KUBEADM_CONTROL_PLANE, MACHINE_DEPLOYMENT, MACHINE_SET } from '../words.ts';

/** Whether an object is one of the kinds that machines are made from, or a class of clusters: named by content, never changed in place. */
export function isTemplate({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): boolean {
  return /\.x-k8s\.io\/|\.slipway\.dev\//.test(apiVersion) && (kind.endsWith('Template') || kind === 'ClusterClass');
}

/** Kinds that name templates and classes; a server need not serve all of them. */
export const TEMPLATE_USERS: readonly GroupKind[] = [
  CLUSTER,
  CLUSTER_CLASS,
  KUBEADM_CONTROL_PLANE,
  { apiVersion: 'controlplane.cluster.x-k8s.io/v1beta1', kind: 'RKE2ControlPlane' },
  MACHINE_DEPLOYMENT,
  MACHINE_SET,
];

/**
 * Which templates and classes of `existing` can be deleted: not in the rendered definition, and named by no other object of `existing`,
 * which therefore must hold all that may refer to them in the namespace: the objects of TEMPLATE_USERS. Those that only a stale class names are stale with it. In an order in which they can be deleted.
 */
export function staleTemplates(rendered: readonly KubeObject[], existing: readonly KubeObject[]): readonly ObjectRef[] {
  const wanted = new Set(rendered.map(keyOf));
  const stale = new Map<string, KubeObject>();
  for (let found = true; found;) {
    const users = existing.filter((object) => !stale.has(keyOf(object)));
    const used = new Set(users.flatMap((object) => namedBy(object)));
    const more = users.filter((object) => isTemplate(object) && !wanted.has(keyOf(object)) && !used.has(keyOf(object)));
    for (const object of more) stale.set(keyOf(object), object);
    found = more.length > 0;
  }
  return [...stale.values()].map(refOf);
}

/** Versions differ between who names and who is named. */
function keyOf({ apiVersion, kind, metadata }: KubeObject): string {
  return key({ group: apiVersion.split('/')[0] ?? '', kind, namespace: metadata.namespace, name: metadata.name });
}

interface Named {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

const key = ({ group, kind, namespace, name }: Named): string => [group, kind, namespace ?? '', name].join(' ');

function namedBy({ metadata, ['spec']: spec }: KubeObject): readonly string[] {
  const found: string[] = [];
  visit(spec, (record) => {
    const named = toNamed(record, metadata.namespace);
    if (named) found.push(key(named));
  });
  return found;
}

/** References of both contracts, and the one of a topology, which says no kind. */
function toNamed(record: Readonly<Record<string, unknown>>, namespace: string | undefined): Named | undefined {
  const { apiGroup, apiVersion, kind, name } = record;
  if (typeof name === 'string' && typeof kind === 'string' && (typeof apiGroup === 'string' || typeof apiVersion === 'string')) {
    const group = typeof apiGroup === 'string' ? apiGroup : (String(apiVersion).split('/')[0] ?? '');
    return { group, kind, namespace, name };
  }
  const classRef = record['classRef'] as Readonly<Record<string, unknown>> | undefined;
  if (typeof classRef?.['name'] !== 'string') return undefined;
  const elsewhere = classRef['namespace'];
  return {
    group: 'cluster.x-k8s.io',
    kind: 'ClusterClass',
    namespace: typeof elsewhere === 'string' ? elsewhere : namespace,
    name: classRef['name'],
  };
}

function visit(value: unknown, say: (record: Readonly<Record<string, unknown>>) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) say(value as Readonly<Record<string, unknown>>);
  for (const item of Object.values(value)) visit(item, say);
}
