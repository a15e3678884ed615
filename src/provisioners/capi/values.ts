/** Which Secrets and ConfigMaps of a bootstrap cluster the management cluster gets as they are, and why the others stay. Pure. */
import { CLUSTER_NAME_LABEL, CLUSTER_SECRET_TYPE, CLUSTERCTL_LABEL, PROVIDER_LABEL } from '../../capi/words.ts';
import { providerTable } from '../../capi/providers/provider.ts';
import { MANAGED_BY, OWNER } from '../../kube/ownership.ts';
import { formatRef, type KubeObject, refOf } from '../../kube/types.ts';

export interface Sorted {
  readonly copied: readonly KubeObject[];
  readonly left: readonly { readonly object: string; readonly reason: string }[];
}

/** Taken along by the pivot: their names, `Kind/namespace/name`. */
export function sortValues(objects: readonly KubeObject[], moving: ReadonlySet<string>): Sorted {
  const judged = objects.map((object) => ({ object, reason: whyLeft(object, moving) }));
  return {
    copied: judged.filter(({ reason }) => reason === undefined).map(({ object }) => bare(object)),
    left: judged.flatMap(({ object, reason }) => (reason === undefined ? [] : [{ object: formatRef(refOf(object)), reason }])),
  };
}

/** The rest is told to the user. */
export const MADE_BY_KUBERNETES = 'made by Kubernetes in every cluster';

const SYSTEM = new Set(['kube-system', 'kube-public', 'kube-node-lease']);
const PROVIDER_NAMESPACES = new Set(Object.values(providerTable).map(({ namespace }) => namespace));
const TYPES: Readonly<Record<string, string>> = {
  'kubernetes.io/service-account-token': 'a token of this cluster only',
  'bootstrap.kubernetes.io/token': 'a token of this cluster only',
  'helm.sh/release.v1': 'a record of what Helm installed here',
  [CLUSTER_SECRET_TYPE]: 'belongs to a Cluster and goes with it in the pivot',
};

type Test = (object: KubeObject, moving: ReadonlySet<string>) => boolean;

const labelsOf = ({ metadata }: KubeObject): Readonly<Record<string, string>> => metadata.labels ?? {};
const IN_PIVOT = 'goes with its Cluster in the pivot';

/** Most telling first. */
const REASONS: readonly (readonly [Test, string])[] = [
  [({ metadata }) => metadata.name === 'kube-root-ca.crt' || SYSTEM.has(metadata.namespace ?? ''), MADE_BY_KUBERNETES],
  [(object, moving) => moving.has(formatRef(refOf(object))), IN_PIVOT],
  [(object) => labelsOf(object)[CLUSTER_NAME_LABEL] !== undefined, IN_PIVOT],
  [(object) => isProviders(labelsOf(object), object.metadata.namespace), 'belongs to a provider, which the management cluster has itself'],
  [(object) => isSlipways(labelsOf(object)), 'made by Slipway for this cluster; the management cluster gets its own'],
];

function whyLeft(object: KubeObject, moving: ReadonlySet<string>): string | undefined {
  const byType = TYPES[(object as { readonly type?: string }).type ?? ''];
  const found = byType ?? REASONS.find(([test]) => test(object, moving))?.[1];
  const owner = object.metadata.ownerReferences?.[0];
  return found ?? (owner && `belongs to ${owner.kind}/${owner.name}, which stays`);
}

const isSlipways = (labels: Readonly<Record<string, string>>): boolean => labels[OWNER] !== undefined || labels[MANAGED_BY] === 'slipway';

function isProviders(labels: Readonly<Record<string, string>>, namespace: string | undefined): boolean {
  return labels[PROVIDER_LABEL] !== undefined || labels[CLUSTERCTL_LABEL] !== undefined || PROVIDER_NAMESPACES.has(namespace ?? '');
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** What its user wrote, without what the cluster added. */
function bare(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { name, namespace, labels, annotations } = metadata;
  const kept = Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => key !== LAST_APPLIED));
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(labels && { labels }),
      ...(Object.keys(kept).length > 0 && { annotations: kept }),
    },
    ...rest,
  };
}
