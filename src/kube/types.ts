/** Kubernetes words shared by every module that talks to an API server. Shapes follow the Kubernetes API conventions. */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly generateName?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly managedFields?: readonly unknown[];
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export interface GroupKind {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface ObjectRef extends GroupKind {
  readonly namespace?: string;
  readonly name: string;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Lists only: without spec, status and data (PartialObjectMetadata). */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}

export interface ListResult {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

export type WatchEvent =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: KubeObject }
  /** The known set was listed anew (first list, after 410 Gone, after a server restart); `items` is the whole truth. */
  | { readonly type: 'synced'; readonly items: readonly KubeObject[] }
  /** The connection is lost and being restored; nothing is missed when `synced` follows. */
  | { readonly type: 'disconnected'; readonly reason: string };

export interface ApplyObjectOptions {
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly signal?: AbortSignal;
}

export interface DeleteObjectOptions {
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan';
  readonly uid?: string;
  /** Refused with SLW-KUB-008 when the object was written since. */
  readonly resourceVersion?: string;
  /** 0: gone at once, as a kubelet does after its containers ended. */
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

/** How one kind is reached on a server. */
export interface KubeResource extends GroupKind {
  /** Lower-case plural, as in the path. */
  readonly resource: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** One API server. Safe for many requests in flight; honours 429 and Retry-After; errors are SlipwayErrors `SLW-KUB-…`. */
export interface KubeClient {
  readonly server: string;
  get(ref: ObjectRef, signal?: AbortSignal): Promise<KubeObject | undefined>;
  list(kind: GroupKind, options?: ListOptions): Promise<ListResult>;
  /** Whether the server serves the kind now (discovery is asked again when it is unknown). */
  serves(kind: GroupKind, signal?: AbortSignal): Promise<boolean>;
  /** How the kind is reached; undefined when the server does not serve it. Kinds built into every Kubernetes are known without asking. */
  resource(kind: GroupKind, signal?: AbortSignal): Promise<KubeResource | undefined>;
  /** Everything the server serves now, in its preferred versions; asks anew. Fails when a group cannot be read: a partial answer would hide objects. */
  resources(signal?: AbortSignal): Promise<readonly KubeResource[]>;
  create(object: KubeObject, options?: { readonly dryRun?: boolean; readonly signal?: AbortSignal }): Promise<KubeObject>;
  /**
   * PUT: the whole object replaces what stands. With metadata.resourceVersion it is refused with SLW-KUB-008 when the object was written
   * since; never sent twice by itself.
   */
  update(object: KubeObject, options?: { readonly dryRun?: boolean; readonly signal?: AbortSignal }): Promise<KubeObject>;
  /** Server-side apply, field manager `slipway`, strict field validation. */
  apply(object: KubeObject, options?: ApplyObjectOptions): Promise<KubeObject>;
  /** Like `apply`, and tells whether the object came into being by it. */
  applyTracked(object: KubeObject, options?: ApplyObjectOptions): Promise<{ readonly object: KubeObject; readonly created: boolean }>;
  /** JSON merge patch (RFC 7386). */
  mergePatch(
    ref: ObjectRef,
    patch: unknown,
    options?: { readonly subresource?: string; readonly signal?: AbortSignal },
  ): Promise<KubeObject>;
  /** POST to a subresource, e.g. a Pod's `binding`. */
  postSubresource(ref: ObjectRef, subresource: string, body: unknown, signal?: AbortSignal): Promise<KubeObject>;
  /** False when it was not there. */
  delete(ref: ObjectRef, options?: DeleteObjectOptions): Promise<boolean>;
  /** List, then follow for ever: survives 410, disconnects and restarts of the server; ends only with the signal. */
  watch(kind: GroupKind, options: ListOptions & { readonly signal: AbortSignal }): AsyncIterable<WatchEvent>;
  /** GET of any path, e.g. `/readyz`, `/version`. */
  raw(path: string, signal?: AbortSignal): Promise<{ readonly status: number; readonly body: string }>;
  close(): Promise<void>;
}

export function refOf(object: KubeObject): ObjectRef {
  const { name, namespace } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace !== undefined && { namespace }) };
}

/** `Kind/namespace/name`, or `Kind/name` for what has no namespace. */
export function formatRef(ref: ObjectRef): string {
  return ref.namespace === undefined ? `${ref.kind}/${ref.name}` : `${ref.kind}/${ref.namespace}/${ref.name}`;
}
