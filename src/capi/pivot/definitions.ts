/** What the CustomResourceDefinitions of a cluster say about kinds; read page by page, because their schemas are large. */
import { SlipwayError } from '../../core/errors.ts';
import type { KubeClient } from '../../kube/types.ts';

export interface Definition {
  readonly name: string;
  readonly group: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly categories: readonly string[];
  readonly storageVersion: string;
  readonly versions: ReadonlyMap<string, { readonly served: boolean; readonly hasStatus: boolean }>;
}

const PAGE_SIZE = 20;
const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface RawDefinition {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly categories?: readonly string[] };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly subresources?: { readonly status?: object };
    }[];
  };
}

interface RawPage {
  readonly items?: readonly RawDefinition[];
  readonly metadata?: { readonly continue?: string };
}

/** All of them, without their schemas. @throws SLW-KUB-013 */
export async function readDefinitions(client: KubeClient, signal: AbortSignal): Promise<readonly Definition[]> {
  const definitions: Definition[] = [];
  for (let next = ''; ;) {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(next !== '' && { continue: next }) });
    const { status, body } = await client.raw(`${PATH}?${query}`, signal);
    if (status !== 200)
      throw new SlipwayError('SLW-KUB-013', `cannot list definitions of ${client.server}: answer ${status}`, { data: { status } });
    const page = JSON.parse(body) as RawPage;
    for (const raw of page.items ?? []) definitions.push(summarize(raw));
    next = page.metadata?.continue ?? '';
    if (next === '') return definitions;
  }
}

function summarize({ metadata, spec }: RawDefinition): Definition {
  return {
    name: metadata.name,
    group: spec.group,
    kind: spec.names.kind,
    namespaced: spec.scope === 'Namespaced',
    labels: metadata.labels ?? {},
    categories: spec.names.categories ?? [],
    storageVersion: spec.versions.find((version) => version.storage)?.name ?? '',
    versions: new Map(
      spec.versions.map(({ name, served, subresources }) => [name, { served, hasStatus: subresources?.status !== undefined }]),
    ),
  };
}
