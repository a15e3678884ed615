/** What others keep in a namespace that Slipway made. Whatever deletes the namespace asks here first: it would take these along. */
import { asSlipwayError } from '../core/errors.ts';
import { groupOf } from './discovery.ts';
import { isOurs } from './ownership.ts';
import { formatRef, type KubeClient, type KubeObject, type KubeResource, refOf } from './types.ts';

/** What Kubernetes makes by itself, or makes of other objects. */
const DERIVED_KINDS: ReadonlySet<string> = new Set(['Event', 'Endpoints', 'EndpointSlice', 'Lease', 'PodMetrics']);

export interface ContentOptions {
  readonly owner: string;
  readonly signal: AbortSignal;
}

/** The first object in the namespace that is not ours, as `Kind/namespace/name`; undefined when the namespace may go. */
export async function foreignContent(
  client: KubeClient,
  namespace: string,
  { owner, signal }: ContentOptions,
): Promise<string | undefined> {
  try {
    const kinds = (await client.resources(signal)).filter(isContent);
    const lists = await Promise.all(kinds.map((kind) => client.list(kind, { namespace, signal })));
    const foreign = lists
      .flatMap(({ items }, index) =>
        items.map((item) => ({ ...item, apiVersion: kinds[index]?.apiVersion ?? '', kind: kinds[index]?.kind ?? '' })),
      )
      .find((object) => isForeign(object, owner));
    return foreign && formatRef(refOf(foreign));
  } catch (error) {
    signal.throwIfAborted();
    return `what cannot be listed (${asSlipwayError(error).message})`;
  }
}

const isContent = ({ namespaced, verbs, kind, apiVersion }: KubeResource): boolean =>
  namespaced && verbs.includes('list') && !DERIVED_KINDS.has(kind) && groupOf(apiVersion) !== 'metrics.k8s.io';

function isForeign(object: KubeObject, owner: string): boolean {
  const { name, ownerReferences, deletionTimestamp } = object.metadata;
  const isDerived = (ownerReferences ?? []).length > 0 || object['type'] === 'kubernetes.io/service-account-token';
  const isDefault =
    (object.kind === 'ConfigMap' && name === 'kube-root-ca.crt') || (object.kind === 'ServiceAccount' && name === 'default');
  return !isOurs(object, owner) && !isDerived && !isDefault && deletionTimestamp === undefined;
}
