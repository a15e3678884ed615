/**
 * Waits until objects are ready: by watches, one for each kind and namespace, never by polling. At its bound it names the
 * deepest object that blocks, with reason, last event and how long.
 */
import { formatDuration } from '../core/duration.ts';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { neverAborted } from './abort.ts';
import { diagnose, type Diagnosis } from './diagnose.ts';
import { followObjects } from './follow.ts';
import { absent, type Readiness, readinessOf } from './readiness.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef } from './types.ts';

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

/**
 * Resolves when all are ready (or suspended). Objects need not exist yet, their kinds must be served.
 * @throws SLW-KUB-040 at the bound; SLW-KUB-041 as soon as one has failed for good; what the signal throws
 */
export async function waitReady(client: KubeClient, refs: readonly ObjectRef[], options: WaitOptions): Promise<void> {
  const signal = options.signal ?? neverAborted();
  signal.throwIfAborted();
  const board = new Board(refs, options);
  await followObjects(client, refs, {
    signal: AbortSignal.any([signal, options.host.clock.timeout(options.timeoutMs)]),
    onState: (ref, object) => board.set(ref, object),
    isDone: () => {
      board.show();
      return board.decided;
    },
  });
  signal.throwIfAborted();
  const failure = board.failure();
  if (failure) throw await explain(client, [failure], { ...options, code: 'SLW-KUB-041' });
  if (!board.done) throw await explain(client, board.blocked(), { ...options, code: 'SLW-KUB-040' });
}

interface Entry {
  readonly ref: ObjectRef;
  readiness: Readiness;
  sinceMs: number;
}

/** What is known of each object that is waited for. */
class Board {
  readonly #options: WaitOptions;
  readonly #entries: ReadonlyMap<ObjectRef, Entry>;
  #shown = '';

  constructor(refs: readonly ObjectRef[], options: WaitOptions) {
    this.#options = options;
    const sinceMs = options.host.clock.monotonic();
    this.#entries = new Map(refs.map((ref) => [ref, { ref, readiness: absent, sinceMs }]));
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

  set(ref: ObjectRef, object: KubeObject | undefined): void {
    const entry = this.#entries.get(ref);
    if (!entry) return;
    const readiness = object ? (this.#options.readiness ?? readinessOf)(object) : absent;
    if (entry.readiness.reason !== readiness.reason || entry.readiness.state !== readiness.state)
      entry.sinceMs = this.#options.host.clock.monotonic();
    entry.readiness = readiness;
  }

  /** Tells what blocks when that is something else than the last time. */
  show(): void {
    const blocked = this.blocked();
    const shown = JSON.stringify(blocked.map(({ ref, readiness }) => [ref, readiness]));
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#options.onBlocked?.(blocked);
  }
}

async function explain(
  client: KubeClient,
  blocked: readonly Blocked[],
  options: WaitOptions & { readonly code: 'SLW-KUB-040' | 'SLW-KUB-041' },
): Promise<SlipwayError> {
  const signal = options.host.clock.timeout(DIAGNOSIS_BOUND_MS);
  const [first] = blocked;
  if (!first) throw new RangeError('nothing blocks');
  const cause = await diagnose(client, first.ref, { signal, known: first.readiness }).catch(() => first as Diagnosis);
  const [waited, deepest] = [formatRef(first.ref), formatRef(cause.ref)];
  const sentence = [
    `${waited} ${options.code === 'SLW-KUB-041' ? 'has failed' : `is not ready after ${formatDuration(options.timeoutMs)}`}: `,
    deepest === waited ? '' : `${deepest}: `,
    [cause.readiness.reason, cause.readiness.message].filter((word) => word !== '').join(', '),
    ` (for ${formatDuration(first.forMs)})`,
    cause.event ? `; last event ${cause.event.reason}: ${cause.event.message}` : '',
    blocked.length > 1 ? `; ${blocked.length - 1} more are not ready` : '',
  ];
  const others = blocked
    .slice(0, 20)
    .map(({ ref, readiness }) => ({ object: formatRef(ref), reason: readiness.reason, message: readiness.message }));
  return new SlipwayError(options.code, sentence.join(''), {
    object: deepest,
    data: { waitedFor: waited, forMs: Math.round(first.forMs), reason: cause.readiness.reason, blocked: others },
  });
}
