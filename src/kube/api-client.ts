/** KubeClient over one connection: paths, bodies and answers of the Kubernetes API conventions. */
import { isSlipwayError, SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { neverAborted } from './abort.ts';
import type { ApiAnswer, ApiRequest, Connection } from './connection.ts';
import { Discovery, rootPath } from './discovery.ts';
import { parseStatus } from './failures.ts';
import {
  type ApplyObjectOptions,
  type DeleteObjectOptions,
  formatRef,
  type GroupKind,
  type KubeClient,
  type KubeObject,
  type KubeResource,
  type ListOptions,
  type ListResult,
  type ObjectRef,
  refOf,
  type WatchEvent,
} from './types.ts';
import { watchCollection } from './watch.ts';

/** Pages keep a single answer small; the server holds the snapshot between them. */
const PAGE_SIZE = 500;
export const FIELD_MANAGER = 'slipway';

interface Asked {
  readonly verb: string;
  readonly ref: ObjectRef;
  readonly signal: AbortSignal | undefined;
}

/** Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

export class ApiClient implements KubeClient {
  readonly server: string;
  readonly #host: Host;
  readonly #connection: Connection;
  readonly #discovery: Discovery;

  constructor(host: Host, connection: Connection, server: string) {
    this.server = server;
    this.#host = host;
    this.#connection = connection;
    this.#discovery = new Discovery(connection, server);
  }

  async get(ref: ObjectRef, signal = neverAborted()): Promise<KubeObject | undefined> {
    const resource = await this.#discovery.resolve(ref, signal);
    if (!resource) return undefined;
    const path = objectPath(resource, ref);
    const answer = await this.#connection.send({ method: 'GET', path, expects: [404], ...this.#asked({ verb: 'get', ref, signal }) });
    if (answer.status === 404) return this.#absent(ref, answer);
    return this.#object(answer, ref);
  }

  async list(kind: GroupKind, options: ListOptions = {}): Promise<ListResult> {
    try {
      return await this.#pages(kind, options, PAGE_SIZE);
    } catch (error) {
      // The snapshot between two pages was compacted away: then all at once.
      if (!isSlipwayError(error) || error.code !== 'SLW-KUB-008') throw error;
      return this.#pages(kind, options, 0);
    }
  }

  async #pages(kind: GroupKind, options: ListOptions, limit: number): Promise<ListResult> {
    const signal = options.signal ?? neverAborted();
    const resource = await this.#require(kind, 'list', signal);
    const path = collectionPath(resource, options.namespace);
    const about = {
      verb: 'list',
      target: options.namespace === undefined ? kind.kind : `${kind.kind} in ${options.namespace}`,
      server: this.server,
    };
    const items: KubeObject[] = [];
    for (let next = ''; ;) {
      const query = new URLSearchParams({
        ...(limit > 0 && { limit: String(limit) }),
        ...selectors(options),
        ...(next !== '' && { continue: next }),
      });
      const accept = options.metadataOnly ? METADATA_ONLY : undefined;
      const answer = await this.#connection.send({ method: 'GET', path: `${path}?${query}`, about, signal, ...(accept && { accept }) });
      const page = readPage(this.#parse(answer, about.target));
      // Items of a list carry no apiVersion and kind of their own.
      for (const item of page.items) items.push({ ...item, apiVersion: kind.apiVersion, kind: kind.kind });
      next = page.next;
      if (next === '') return { items, resourceVersion: page.resourceVersion };
    }
  }

  async serves(kind: GroupKind, signal = neverAborted()): Promise<boolean> {
    return (await this.#discovery.resolve(kind, signal)) !== undefined;
  }

  resource(kind: GroupKind, signal = neverAborted()): Promise<KubeResource | undefined> {
    return this.#discovery.resolve(kind, signal);
  }

  resources(signal = neverAborted()): Promise<readonly KubeResource[]> {
    return this.#discovery.all(signal);
  }

  async create(object: KubeObject, options: { readonly dryRun?: boolean; readonly signal?: AbortSignal } = {}): Promise<KubeObject> {
    const ref = refOf(object);
    const resource = await this.#require(object, 'create', options.signal ?? neverAborted());
    const path = collectionPath(resource, namespaceFor(resource, ref));
    const query = new URLSearchParams({ fieldManager: FIELD_MANAGER, fieldValidation: 'Strict', ...(options.dryRun && { dryRun: 'All' }) });
    const answer = await this.#connection.send({
      method: 'POST',
      path: `${path}?${query}`,
      body: JSON.stringify(object),
      ...this.#asked({ verb: 'create', ref, signal: options.signal }),
    });
    return this.#object(answer, ref);
  }

  async update(object: KubeObject, options: { readonly dryRun?: boolean; readonly signal?: AbortSignal } = {}): Promise<KubeObject> {
    const ref = refOf(object);
    const resource = await this.#require(object, 'update', options.signal ?? neverAborted());
    const query = new URLSearchParams({ fieldManager: FIELD_MANAGER, fieldValidation: 'Strict', ...(options.dryRun && { dryRun: 'All' }) });
    const answer = await this.#connection.send({
      method: 'PUT',
      path: `${objectPath(resource, ref)}?${query}`,
      body: JSON.stringify(object),
      ...this.#asked({ verb: 'update', ref, signal: options.signal }),
    });
    return this.#object(answer, ref);
  }

  async apply(object: KubeObject, options: ApplyObjectOptions = {}): Promise<KubeObject> {
    return (await this.applyTracked(object, options)).object;
  }

  async applyTracked(
    object: KubeObject,
    options: ApplyObjectOptions = {},
  ): Promise<{ readonly object: KubeObject; readonly created: boolean }> {
    const ref = refOf(object);
    const resource = await this.#require(object, 'apply', options.signal ?? neverAborted());
    const query = new URLSearchParams({
      fieldManager: options.fieldManager ?? FIELD_MANAGER,
      fieldValidation: 'Strict',
      ...(options.force && { force: 'true' }),
      ...(options.dryRun && { dryRun: 'All' }),
    });
    const answer = await this.#connection.send({
      method: 'PATCH',
      path: `${objectPath(resource, ref)}?${query}`,
      contentType: 'application/apply-patch+yaml',
      body: JSON.stringify(object),
      repeatable: true,
      ...this.#asked({ verb: 'apply', ref, signal: options.signal }),
    });
    const applied = this.#object(answer, ref);
    if (object.kind === 'CustomResourceDefinition' && !options.dryRun) this.#discovery.learn(applied);
    return { object: applied, created: answer.status === 201 };
  }

  async mergePatch(
    ref: ObjectRef,
    patch: unknown,
    options: { readonly subresource?: string; readonly signal?: AbortSignal } = {},
  ): Promise<KubeObject> {
    const resource = await this.#require(ref, 'patch', options.signal ?? neverAborted());
    const path = `${objectPath(resource, ref)}${options.subresource === undefined ? '' : `/${options.subresource}`}?fieldManager=${FIELD_MANAGER}`;
    const asked = this.#asked({ verb: 'patch', ref, signal: options.signal });
    const answer = await this.#connection.send({
      method: 'PATCH',
      path,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify(patch),
      repeatable: true,
      ...asked,
    });
    return this.#object(answer, ref);
  }

  async postSubresource(...[ref, subresource, body, signal]: Parameters<KubeClient['postSubresource']>): Promise<KubeObject> {
    const verb = `post ${subresource} of`;
    const resource = await this.#require(ref, verb, signal ?? neverAborted());
    const answer = await this.#connection.send({
      method: 'POST',
      path: `${objectPath(resource, ref)}/${subresource}`,
      body: JSON.stringify(body),
      ...this.#asked({ verb, ref, signal }),
    });
    return this.#object(answer, ref);
  }

  async delete(ref: ObjectRef, options: DeleteObjectOptions = {}): Promise<boolean> {
    const signal = options.signal ?? neverAborted();
    const resource = await this.#discovery.resolve(ref, signal);
    if (!resource) return false;
    const answer = await this.#connection.send({
      method: 'DELETE',
      path: objectPath(resource, ref),
      body: JSON.stringify(deleteBody(options)),
      expects: [404],
      ...this.#asked({ verb: 'delete', ref, signal }),
    });
    if (answer.status !== 404) return true;
    this.#absent(ref, answer);
    // The first attempt may have done it.
    return answer.repeated;
  }

  watch(kind: GroupKind, options: ListOptions & { readonly signal: AbortSignal }): AsyncIterable<WatchEvent> {
    return watchCollection(
      {
        host: this.#host,
        list: () => this.list(kind, options),
        open: async (parameters) => {
          const resource = await this.#require(kind, 'watch', options.signal);
          const query = new URLSearchParams({ watch: 'true', ...selectors(options), ...parameters });
          const about = { verb: 'watch', target: kind.kind, server: this.server };
          return this.#connection.stream({
            method: 'GET',
            path: `${collectionPath(resource, options.namespace)}?${query}`,
            about,
            signal: options.signal,
          });
        },
      },
      options.signal,
    );
  }

  async raw(path: string, signal = neverAborted()): Promise<{ readonly status: number; readonly body: string }> {
    const about = { verb: 'get', target: path, server: this.server };
    const expects = [400, 401, 403, 404, 405, 406, 500, 503, 504];
    const { status, text } = await this.#connection.send({ method: 'GET', path, about, signal, expects, accept: '*/*' });
    return { status, body: text };
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #require(kind: GroupKind, verb: string, signal: AbortSignal): Promise<KubeResource> {
    const resource = await this.#discovery.resolve(kind, signal);
    if (resource) return resource;
    throw new SlipwayError('SLW-KUB-012', `cannot ${verb} ${targetOf(kind)}: ${this.server} serves no ${kind.kind} in ${kind.apiVersion}`, {
      object: targetOf(kind),
      data: { apiVersion: kind.apiVersion, kind: kind.kind },
    });
  }

  #asked({ verb, ref, signal }: Asked): Pick<ApiRequest, 'about' | 'signal'> {
    return { about: { verb, target: formatRef(ref), server: this.server }, signal: signal ?? neverAborted() };
  }

  /** A 404 on the path of the kind itself means that its definition went away. */
  #absent(ref: ObjectRef, answer: ApiAnswer): undefined {
    if (parseStatus(answer.text)?.message.includes('could not find the requested resource')) this.#discovery.forget(ref);
    return undefined;
  }

  #object(answer: ApiAnswer, ref: ObjectRef): KubeObject {
    return this.#parse(answer, formatRef(ref)) as KubeObject;
  }

  #parse(answer: ApiAnswer, target: string): unknown {
    try {
      const value = JSON.parse(answer.text) as unknown;
      if (typeof value === 'object' && value !== null) return value;
    } catch {
      // Falls through: the text is no secret's business of ours to repeat.
    }
    throw new SlipwayError('SLW-KUB-017', `the answer of ${this.server} about ${target} is not a JSON object`);
  }
}

function readPage(body: unknown): { readonly items: readonly KubeObject[]; readonly next: string; readonly resourceVersion: string } {
  const { items, metadata } = body as { items?: readonly KubeObject[] | null; metadata?: { resourceVersion?: string; continue?: string } };
  return { items: items ?? [], next: metadata?.continue ?? '', resourceVersion: metadata?.resourceVersion ?? '' };
}

function deleteBody(options: DeleteObjectOptions): Readonly<Record<string, unknown>> {
  const preconditions = {
    ...(options.uid !== undefined && { uid: options.uid }),
    ...(options.resourceVersion !== undefined && { resourceVersion: options.resourceVersion }),
  };
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: options.propagation ?? 'Background',
    ...(Object.keys(preconditions).length > 0 && { preconditions }),
    ...(options.gracePeriodSeconds !== undefined && { gracePeriodSeconds: options.gracePeriodSeconds }),
    ...(options.dryRun && { dryRun: ['All'] }),
  };
}

function targetOf(kind: GroupKind & Partial<ObjectRef & Pick<KubeObject, 'metadata'>>): string {
  if (kind.metadata) return formatRef(refOf(kind as KubeObject));
  return kind.name === undefined ? kind.kind : formatRef(kind as ObjectRef);
}

function selectors(options: ListOptions): Record<string, string> {
  return {
    ...(options.labelSelector !== undefined && { labelSelector: options.labelSelector }),
    ...(options.fieldSelector !== undefined && { fieldSelector: options.fieldSelector }),
  };
}

function collectionPath(resource: KubeResource, namespace: string | undefined): string {
  const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${rootPath(resource.apiVersion)}${scope}/${resource.resource}`;
}

function objectPath(resource: KubeResource, ref: ObjectRef): string {
  return `${collectionPath(resource, namespaceFor(resource, ref))}/${encodeURIComponent(ref.name)}`;
}

function namespaceFor(resource: KubeResource, ref: ObjectRef): string | undefined {
  if (!resource.namespaced) return undefined;
  if (ref.namespace) return ref.namespace;
  throw new SlipwayError('SLW-KUB-033', `${ref.kind}/${ref.name} has no namespace, but ${ref.kind} lives in namespaces`, {
    object: formatRef(ref),
  });
}
