/**
 * What others keep where Slipway installed Flux: objects of Flux kinds, and anything in its namespace. Whatever deletes a
 * definition or the namespace asks here first, because that would take these along.
 */
import { asSlipwayError } from '../core/errors.ts';
import { formatRef, type GroupKind, type KubeClient, type KubeObject, type KubeResource, refOf } from '../kube/types.ts';
import { FLUX_KINDS } from './mirror.ts';
import { isOurs } from './ownership.ts';
import { FLUX_NAMESPACE, SOURCE_API } from './source.ts';
import { apiGroup } from './world.ts';

/** Every kind that the components define. */
export const DEFINED_KINDS: readonly GroupKind[] = [...FLUX_KINDS, { apiVersion: SOURCE_API, kind: 'ExternalArtifact' }];

/** kustomize-controller and helm-controller put these onto all that they apply, nested units included. */
const APPLIED_BY = ['kustomize.toolkit.fluxcd.io/name', 'helm.toolkit.fluxcd.io/name'];

/** Objects of Flux kinds that neither this project nor a unit of the cluster brought. */
export async function foreignFluxObjects(client: KubeClient, owner: string, signal: AbortSignal): Promise<readonly KubeObject[]> {
  const lists = await Promise.all(
    DEFINED_KINDS.map(async (kind) => ((await client.serves(kind, signal)) ? (await client.list(kind, { signal })).items : [])),
  );
  return lists
    .flat()
    .filter((object) => !isOurs(object, owner) && !APPLIED_BY.some((label) => object.metadata.labels?.[label] !== undefined));
}

/** What Kubernetes makes by itself, or makes of other objects. */
const DERIVED_KINDS: ReadonlySet<string> = new Set(['Event', 'Endpoints', 'EndpointSlice', 'Lease', 'PodMetrics']);

/** Why the namespace of Flux must stay: the first object in it that is not ours, as `Kind/namespace/name`; undefined when it may go. */
export async function foreignContent(client: KubeClient, owner: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const kinds = (await client.resources(signal)).filter(isContent);
    const lists = await Promise.all(kinds.map((kind) => client.list(kind, { namespace: FLUX_NAMESPACE, signal })));
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
  namespaced && verbs.includes('list') && !DERIVED_KINDS.has(kind) && apiGroup(apiVersion) !== 'metrics.k8s.io';

function isForeign(object: KubeObject, owner: string): boolean {
  const { name, ownerReferences, deletionTimestamp } = object.metadata;
  const isDerived = (ownerReferences ?? []).length > 0 || object['type'] === 'kubernetes.io/service-account-token';
  const isDefault =
    (object.kind === 'ConfigMap' && name === 'kube-root-ca.crt') || (object.kind === 'ServiceAccount' && name === 'default');
  return !isOurs(object, owner) && !isDerived && !isDefault && deletionTimestamp === undefined;
}
