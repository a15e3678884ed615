/**
 * Waits until objects are ready: by watches, one for each kind and namespace, never by polling. At its bound it names the
 * deepest object that blocks, with reason, last event and how long.
 */
import { formatDuration } from '../core/duration.ts';
import { isAbort, SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { neverAborted } from './abort.ts';
import { diagnose, type Diagnosis } from './diagnose.ts';
import { absent, type Readiness, readinessOf } from './readiness.ts';
import { formatRef, type GroupKind, type KubeClient, type KubeObject, type ObjectRef, type WatchEvent } from './types.ts';

export interface Blocked {
  readonly ref: ObjectRef;
  readonly readiness: Readiness;
  /** Since this reason was first seen by this wait. */
  readonly forMs: number;
}

export interface WaitOptions {
  readonly host: Host;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Whenever what blocks changes; failed ones first. */
  readonly onBlocked?: (blocked: readonly Blocked[]) => void;
  /** Default: readinessOf. An object that is suspended counts as ready here. */
  readonly readiness?: (object: KubeObject) => Readiness;
}

/** Looking for the cause after the bound has a bound of its own. */
const DIAGNOSIS_BOUND_MS = 5_000;
const DIAGNOSED = 3;

/**
 * Resolves when all are ready (or suspended). Objects need not exist yet, their kinds must be served.
 * @throws SLW-KUB-040 at the bound; SLW-KUB-041 as soon as one has failed for good; what the signal throws
 */
export async function waitReady(client: KubeClient, refs: readonly ObjectRef[], options: WaitOptions): Promise<void> {
  const signal = options.signal ?? neverAborted();
  signal.throwIfAborted();
  const bound = options.host.clock.timeout(options.timeoutMs);
  const end = new AbortController();
  const board = new Board(refs, options);
  const watching = AbortSignal.any([signal, bound, end.signal]);
  try {
    await Promise.all(collections(refs).map((collection) => followCollection(client, collection, { board, signal: watching, finish: () => end.abort() })));
  } finally {
    end.abort();
  }
  signal.throwIfAborted();
  const failure = board.failure();
  if (failure) throw await explain(client, [failure], { ...options, code: 'SLW-KUB-041' });
  if (!board.done) throw await explain(client, board.blocked(), { ...options, code: 'SLW-KUB-040' });
}

interface Collection {
  readonly kind: GroupKind;
  readonly namespace: string | undefined;
  readonly names: readonly string[];
}

function collections(refs: readonly ObjectRef[]): readonly Collection[] {
  const groups = Map.groupBy(refs, (ref) => `${ref.apiVersion}/${ref.kind}/${ref.namespace ?? ''}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first ? [{ kind: { apiVersion: first.apiVersion, kind: first.kind }, namespace: first.namespace, names: group.map((ref) => ref.name) }] : [];
  });
}

interface Following {
  readonly board: Board;
  readonly signal: AbortSignal;
  /** All is decided: end every watch. */
  readonly finish: () => void;
}

async function followCollection(client: KubeClient, collection: Collection, { board, signal, finish }: Following): Promise<void> {
  const [only] = collection.names;
  const selector = collection.names.length === 1 ? { fieldSelector: `metadata.name=${only}` } : {};
  const scope = collection.namespace === undefined ? {} : { namespace: collection.namespace };
  try {
    for await (const event of client.watch(collection.kind, { ...selector, ...scope, signal })) {
      board.take(collection, event);
      if (board.decided) return finish();
    }
  } catch (error) {
    if (!signal.aborted || !isAbort(error)) throw error;
  }
}

interface Entry {
  readonly ref: ObjectRef;
  readiness: Readiness;
  sinceMs: number;
}

/** What is known of each object that is waited for. */
class Board {
  readonly #options: WaitOptions;
  readonly #entries: ReadonlyMap<string, Entry>;
  #shown = '';

  constructor(refs: readonly ObjectRef[], options: WaitOptions) {
    this.#options = options;
    const sinceMs = options.host.clock.monotonic();
    this.#entries = new Map(refs.map((ref) => [keyOf(ref, ref.name), { ref, readiness: absent, sinceMs }]));
  }

  get done(): boolean {
    return this.blocked().length === 0;
  }

  get decided(): boolean {
    return this.done || this.failure() !== undefined;
  }

  /** Failed ones first, then by how long. */
  blocked(): readonly Blocked[] {
    const now = this.#options.host.clock.monotonic();
    return [...this.#entries.values()]
      .filter(({ readiness }) => readiness.state === 'progressing' || readiness.state === 'failed')
      .map(({ ref, readiness, sinceMs }) => ({ ref, readiness, forMs: now - sinceMs }))
      .sort((a, b) => Number(b.readiness.state === 'failed') - Number(a.readiness.state === 'failed') || b.forMs - a.forMs);
  }

  failure(): Blocked | undefined {
    return this.blocked().find(({ readiness }) => readiness.state === 'failed' && !readiness.retrying);
  }

  take(collection: Collection, event: WatchEvent): void {
    if (event.type === 'disconnected') return;
    if (event.type === 'synced') this.#takeAll(collection, event.items);
    else this.#set(keyOf({ ...collection.kind, namespace: collection.namespace }, event.object.metadata.name), event.type === 'deleted' ? absent : this.#judge(event.object));
    this.#show();
  }

  #takeAll(collection: Collection, items: readonly KubeObject[]): void {
    const found = new Map(items.map((item) => [item.metadata.name, item]));
    for (const name of collection.names) {
      const item = found.get(name);
      this.#set(keyOf({ ...collection.kind, namespace: collection.namespace }, name), item ? this.#judge(item) : absent);
    }
  }

  #judge(object: KubeObject): Readiness {
    return (this.#options.readiness ?? readinessOf)(object);
  }

  #set(key: string, readiness: Readiness): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    if (entry.readiness.reason !== readiness.reason || entry.readiness.state !== readiness.state) entry.sinceMs = this.#options.host.clock.monotonic();
    entry.readiness = readiness;
  }

  #show(): void {
    const blocked = this.blocked();
    const shown = JSON.stringify(blocked.map(({ ref, readiness }) => [ref, readiness]));
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#options.onBlocked?.(blocked);
  }
}

function keyOf(kind: GroupKind & { readonly namespace?: string | undefined }, name: string): string {
  return `${kind.apiVersion}/${kind.kind}/${kind.namespace ?? ''}/${name}`;
}

async function explain(client: KubeClient, blocked: readonly Blocked[], options: WaitOptions & { readonly code: 'SLW-KUB-040' | 'SLW-KUB-041' }): Promise<SlipwayError> {
  const signal = options.host.clock.timeout(DIAGNOSIS_BOUND_MS);
  const causes = await Promise.all(blocked.slice(0, DIAGNOSED).map((item) => diagnose(client, item.ref, { signal, known: item.readiness }).catch(() => plain(item))));
  const [first] = causes;
  const forMs = blocked[0]?.forMs ?? 0;
  const verb = options.code === 'SLW-KUB-041' ? 'has failed' : `is not ready after ${formatDuration(options.timeoutMs)}`;
  const waited = blocked[0] ? formatRef(blocked[0].ref) : 'nothing';
  const deepest = first && formatRef(first.ref) !== waited ? `${formatRef(first.ref)}: ` : '';
  const event = first?.event ? `; last event ${first.event.reason}: ${first.event.message}` : '';
  const more = blocked.length > 1 ? `; ${blocked.length - 1} more are not ready` : '';
  const reason = first ? `${deepest}${first.readiness.reason}${first.readiness.message === '' ? '' : `, ${first.readiness.message}`}` : '';
  return new SlipwayError(options.code, `${waited} ${verb}: ${reason} (for ${formatDuration(forMs)})${event}${more}`, {
    object: first ? formatRef(first.ref) : waited,
    data: { waitedFor: waited, forMs: Math.round(forMs), reason: first?.readiness.reason, blocked: blocked.slice(0, 20).map((item) => ({ object: formatRef(item.ref), reason: item.readiness.reason, message: item.readiness.message })) },
  });
}

function plain(item: Blocked): Diagnosis {
  return { ref: item.ref, readiness: item.readiness };
}
