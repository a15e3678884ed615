/**
 * Which path serves a kind. Built-in kinds come from a table, applied definitions are learnt; for the rest the document
 * of the group version is read once, and again when a kind is still unknown: a CustomResourceDefinition may have come
 * since (the aggregated document trails a new definition, this one does not). Source: kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api.
 */
import { SlipwayError } from '../core/errors.ts';
import { neverAborted, untilAborted } from './abort.ts';
import { builtInKinds } from './built-in-kinds.ts';
import type { Connection } from './connection.ts';
import type { GroupKind, KubeObject, KubeResource } from './types.ts';

const AGGREGATED =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

interface AggregatedList {
  readonly kind: string;
  readonly items?: readonly { readonly metadata?: { readonly name?: string }; readonly versions?: readonly AggregatedVersion[] }[];
}

interface AggregatedVersion {
  readonly version: string;
  readonly freshness?: string;
  readonly resources?: readonly {
    readonly resource: string;
    readonly responseKind?: { readonly kind?: string };
    readonly scope: string;
    readonly verbs: readonly string[];
  }[];
}

interface ResourceList {
  readonly resources?: readonly {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs: readonly string[];
  }[];
}

interface GroupList {
  readonly groups?: readonly {
    readonly versions: readonly { readonly groupVersion: string }[];
    readonly preferredVersion?: { readonly groupVersion: string };
  }[];
}

export class Discovery {
  readonly #connection: Connection;
  readonly #server: string;
  readonly #known = new Map<string, KubeResource>();
  readonly #asking = new Map<string, Promise<readonly KubeResource[]>>();

  constructor(connection: Connection, server: string) {
    this.#connection = connection;
    this.#server = server;
    this.#remember(builtInKinds);
  }

  /** Undefined when the server does not serve the kind now. */
  async resolve(kind: GroupKind, signal: AbortSignal): Promise<KubeResource | undefined> {
    const known = this.#known.get(keyOf(kind));
    if (known) return known;
    await untilAborted(this.#ask(kind.apiVersion), signal);
    return this.#known.get(keyOf(kind));
  }

  /** Everything served now, each kind in its group's preferred version; asks anew. @throws SLW-KUB-013 when a group cannot be read */
  async all(signal: AbortSignal): Promise<readonly KubeResource[]> {
    const resources = await this.#discover(signal);
    this.#remember(resources);
    const seen = new Set<string>();
    return resources.filter((resource) => {
      const key = `${groupOf(resource.apiVersion)}/${resource.kind}`;
      return !seen.has(key) && seen.add(key);
    });
  }

  /** A definition that was just applied tells all that discovery would. */
  learn(definition: KubeObject): void {
    this.#remember(resourcesOf(definition));
  }

  /** After a 404 on the kind's own path: a definition was removed. */
  forget(kind: GroupKind): void {
    if (!builtInKinds.some((resource) => keyOf(resource) === keyOf(kind))) this.#known.delete(keyOf(kind));
  }

  #remember(resources: readonly KubeResource[]): void {
    for (const resource of resources) this.#known.set(keyOf(resource), resource);
  }

  /** Callers that ask for the same group version at once share one request. */
  #ask(apiVersion: string): Promise<readonly KubeResource[]> {
    const running = this.#asking.get(apiVersion);
    if (running) return running;
    const asked = this.#groupVersion(apiVersion, neverAborted())
      .then((resources) => (this.#remember(resources), resources))
      .finally(() => this.#asking.delete(apiVersion));
    this.#asking.set(apiVersion, asked);
    return asked;
  }

  async #discover(signal: AbortSignal): Promise<readonly KubeResource[]> {
    const [core, groups] = await Promise.all([this.#get('/api', signal, AGGREGATED), this.#get('/apis', signal, AGGREGATED)]);
    if (core === undefined || groups === undefined) return [];
    const lists = [core, groups].map((text) => JSON.parse(text) as AggregatedList);
    if (lists.every((list) => list.kind === 'APIGroupDiscoveryList')) return lists.flatMap((list) => this.#fromAggregated(list));
    return this.#classic(groups, signal);
  }

  /** Servers before 1.26. */
  async #classic(groups: string, signal: AbortSignal): Promise<readonly KubeResource[]> {
    const { groups: list = [] } = JSON.parse(groups) as GroupList;
    const versions = list.flatMap((group) => {
      const preferred = group.preferredVersion?.groupVersion;
      const all = group.versions.map((version) => version.groupVersion);
      return preferred === undefined ? all : [preferred, ...all.filter((version) => version !== preferred)];
    });
    const found = await Promise.all(['v1', ...versions].map((version) => this.#groupVersion(version, signal)));
    return found.flat();
  }

  async #groupVersion(apiVersion: string, signal: AbortSignal): Promise<readonly KubeResource[]> {
    const text = await this.#get(rootPath(apiVersion), signal);
    const { resources = [] } = text === undefined ? {} : (JSON.parse(text) as ResourceList);
    return resources
      .filter((resource) => !resource.name.includes('/'))
      .map(({ name, kind, namespaced, verbs }) => ({ apiVersion, kind, resource: name, namespaced, verbs }));
  }

  #fromAggregated(list: AggregatedList): readonly KubeResource[] {
    return (list.items ?? []).flatMap((group) =>
      (group.versions ?? []).flatMap((version) => {
        const name = group.metadata?.name ?? '';
        const apiVersion = name === '' ? version.version : `${name}/${version.version}`;
        if (version.freshness === 'Stale')
          throw new SlipwayError(
            'SLW-KUB-013',
            `the API group version ${apiVersion} of ${this.#server} cannot be read: its API service is down`,
            { object: `APIService/${version.version}.${name}` },
          );
        return (version.resources ?? []).map(({ resource, responseKind, scope, verbs }) => ({
          apiVersion,
          kind: responseKind?.kind ?? '',
          resource,
          namespaced: scope === 'Namespaced',
          verbs,
        }));
      }),
    );
  }

  async #get(path: string, signal: AbortSignal, accept?: string): Promise<string | undefined> {
    const about = { verb: 'discover', target: path, server: this.#server };
    const answer = await this.#connection.send({
      method: 'GET',
      path,
      signal,
      about,
      expects: [404],
      ...(accept !== undefined && { accept }),
    });
    return answer.status === 404 ? undefined : answer.text;
  }
}

function resourcesOf(definition: KubeObject): readonly KubeResource[] {
  const spec = definition['spec'] as {
    group: string;
    scope: string;
    names: { plural: string; kind: string };
    versions: { name: string; served: boolean }[];
  };
  return spec.versions
    .filter((version) => version.served)
    .map(({ name }) => ({
      apiVersion: `${spec.group}/${name}`,
      kind: spec.names.kind,
      resource: spec.names.plural,
      namespaced: spec.scope === 'Namespaced',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    }));
}

/** `/api/v1`, `/apis/apps/v1`. */
export function rootPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** The group of an apiVersion; empty for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

function keyOf(kind: GroupKind): string {
  return `${kind.apiVersion}/${kind.kind}`;
}
