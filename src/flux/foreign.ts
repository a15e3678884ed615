/** What others keep of Flux kinds. Whatever deletes a definition asks here first, because that would take these along. */
import type { GroupKind, KubeClient, KubeObject } from '../kube/types.ts';
import { FLUX_KINDS } from './mirror.ts';
import { isOurs } from '../kube/ownership.ts';
import { SOURCE_API } from './source.ts';

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
