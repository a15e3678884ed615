/** A live copy of the parts of a cluster that a wait looks at, kept by watches; more parts are added while it looks deeper. */
import { isAbort, isSlipwayError } from '../core/errors.ts';
import { textAt } from '../kube/readiness-state.ts';
import { formatRef, type GroupKind, type KubeClient, type KubeObject, type ObjectRef, type WatchEvent } from '../kube/types.ts';
import { HELM_API, KUSTOMIZE_API, SOURCE_API } from './source.ts';
import { apiGroup, createWorld, keyOf, type World } from './world.ts';

export const FLUX_KINDS: readonly GroupKind[] = [
  ...['GitRepository', 'OCIRepository', 'HelmRepository', 'HelmChart', 'Bucket'].map((kind) => ({ apiVersion: SOURCE_API, kind })),
  { apiVersion: KUSTOMIZE_API, kind: 'Kustomization' },
  { apiVersion: HELM_API, kind: 'HelmRelease' },
];

const EVENT: GroupKind = { apiVersion: 'v1', kind: 'Event' };
/** What is read along with a workload that is not ready. */
export const BELOW_WORKLOADS: readonly GroupKind[] = [
  { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
];
export const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'Pod']);

interface Part {
  readonly kind: GroupKind;
  readonly namespace: string | undefined;
  readonly objects: Map<string, KubeObject>;
  isSynced: boolean;
  /** The server does not serve the kind, or we may not read it. */
  isClosed: boolean;
  readonly first: PromiseWithResolvers<void>;
}

export class Mirror {
  readonly #client: KubeClient;
  readonly #signal: AbortSignal;
  readonly #parts = new Map<string, Part>();
  #change = Promise.withResolvers<void>();
  #failure: unknown;

  /** Watches end with the signal. */
  constructor(client: KubeClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** Follows a kind from now on; does nothing when it does already. Resolves when it was read once. */
  follow(
    kind: GroupKind,
    options: { readonly namespace?: string | undefined; readonly fieldSelector?: string; readonly isEssential?: boolean } = {},
  ): Promise<void> {
    const key = partKey(kind, options.namespace);
    const known = this.#parts.get(key) ?? this.#parts.get(partKey(kind, undefined));
    if (known) return known.first.promise;
    const part: Part = {
      kind,
      namespace: options.namespace,
      objects: new Map(),
      isSynced: false,
      isClosed: false,
      first: Promise.withResolvers(),
    };
    this.#parts.set(key, part);
    void this.#run(part, options).catch((error: unknown) => this.#end(part, error, options.isEssential === true));
    return part.first.promise;
  }

  /** Follows what stands under an object that is not ready: its kind, and for workloads replica sets, pods and claims. */
  async followBelow(refs: readonly ObjectRef[]): Promise<void> {
    const below = refs.flatMap((ref) =>
      WORKLOADS.has(ref.kind) ? BELOW_WORKLOADS.map((kind) => ({ kind, namespace: ref.namespace })) : [],
    );
    const own = refs.map((ref) => ({ kind: { apiVersion: ref.apiVersion, kind: ref.kind }, namespace: ref.namespace }));
    await Promise.all([...own, ...below].map(({ kind, namespace }) => this.follow(kind, { namespace })));
  }

  /** Warnings of all namespaces. */
  followWarnings(): Promise<void> {
    return this.follow(EVENT, { fieldSelector: 'type=Warning' });
  }

  world(): World {
    if (this.#failure !== undefined) throw this.#failure;
    const objects = [...this.#parts.values()].filter((part) => part.kind !== EVENT).flatMap((part) => [...part.objects.values()]);
    return createWorld(objects, {
      warnings: warningsFrom(this.#parts.get(partKey(EVENT, undefined))?.objects.values() ?? []),
      knows: (ref) => this.#knows(ref),
    });
  }

  /** Resolves at the next change after the last `world()`, or when something failed. */
  async changed(): Promise<void> {
    await this.#change.promise;
    this.#change = Promise.withResolvers<void>();
  }

  /** Lets `changed` return: time passed. */
  wake(): void {
    this.#change.resolve();
  }

  #knows(ref: ObjectRef): boolean {
    const part = this.#parts.get(partKey(ref, ref.namespace)) ?? this.#parts.get(partKey(ref, undefined));
    return part !== undefined && part.isSynced;
  }

  async #run(part: Part, options: { readonly namespace?: string | undefined; readonly fieldSelector?: string }): Promise<void> {
    const scope = {
      ...(options.namespace !== undefined && { namespace: options.namespace }),
      ...(options.fieldSelector !== undefined && { fieldSelector: options.fieldSelector }),
    };
    for await (const event of this.#client.watch(part.kind, { ...scope, signal: this.#signal })) {
      take(part, event);
      if (part.isSynced) part.first.resolve();
      this.wake();
    }
  }

  #end(part: Part, error: unknown, isEssential: boolean): void {
    part.isClosed = true;
    if (isEssential && !isAbort(error)) this.#failure = error;
    if (!isSlipwayError(error) && !isAbort(error)) this.#failure = error;
    part.first.resolve();
    this.wake();
  }
}

function take(part: Part, event: WatchEvent): void {
  if (event.type === 'disconnected') return;
  if (event.type === 'synced') {
    part.objects.clear();
    for (const object of event.items) part.objects.set(objectKey(object), object);
    part.isSynced = true;
  } else if (event.type === 'deleted') part.objects.delete(objectKey(event.object));
  else part.objects.set(objectKey(event.object), event.object);
}

function objectKey(object: KubeObject): string {
  const { name, namespace } = object.metadata;
  return keyOf({ apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace !== undefined && { namespace }) });
}

function partKey(kind: GroupKind, namespace: string | undefined): string {
  return `${apiGroup(kind.apiVersion)}/${kind.kind}/${namespace ?? ''}`;
}

/** Warnings of a cluster by object, the newest first. */
export function warningsFrom(
  events: Iterable<KubeObject>,
): readonly { readonly object: string; readonly reason: string; readonly message: string }[] {
  const sorted = [...events].sort((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1));
  return sorted.map((event) => ({
    object: involved(event),
    reason: textAt(event, 'reason') ?? '',
    message: textAt(event, 'message') ?? '',
  }));
}

function involved(event: KubeObject): string {
  const of = (field: string): string => textAt(event, 'involvedObject', field) ?? '';
  const namespace = of('namespace');
  return formatRef({ apiVersion: '', kind: of('kind'), name: of('name'), ...(namespace !== '' && { namespace }) });
}

function timeOf(event: KubeObject): string {
  return (
    textAt(event, 'series', 'lastObservedTime') ??
    textAt(event, 'lastTimestamp') ??
    textAt(event, 'eventTime') ??
    event.metadata.creationTimestamp ??
    ''
  );
}
