/**
 * List, then follow. Invariant: after every gap (410 Gone, a broken connection, a restarted server) the whole set is
 * listed anew and given as `synced`, so a consumer that replaces its state there never misses or keeps anything wrongly.
 * Source: kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes.
 */
import { isAbort, isSlipwayError, messageOf, type SlipwayError } from '../core/errors.ts';
import { backoffDelayMs, type BackoffPolicy } from '../core/retry.ts';
import type { Host } from '../host/host.ts';
import type { TransportResponse } from './transport.ts';
import type { KubeObject, ListResult, WatchEvent } from './types.ts';

export interface WatchSource {
  readonly host: Host;
  list(): Promise<ListResult>;
  open(parameters: Readonly<Record<string, string>>): Promise<TransportResponse>;
}

const backoff: BackoffPolicy = { baseMs: 100, capMs: 5_000, attempts: Number.POSITIVE_INFINITY };
/** While a server starts, authorization and kinds may be missing for a moment; a watch that worked before outlives that. */
const MAX_STARTUP_REFUSALS = 8;
/** As client-go: the server ends a watch after a random 5–10 minutes, which spreads the reconnects of many. */
const MIN_WATCH_SECONDS = 300;

/** How one stream ended. */
type Ending =
  | { readonly kind: 'ended'; readonly version: string }
  | { readonly kind: 'gap'; readonly reason: string; readonly gone: boolean };

/** Ends quietly with the signal. @throws what cannot pass by waiting: SLW-KUB-004, -005, -012 */
export async function* watchCollection(source: WatchSource, signal: AbortSignal): AsyncGenerator<WatchEvent, void, undefined> {
  const pace = new Pace(source.host, signal);
  while (!signal.aborted) {
    let version: string;
    try {
      const { items, resourceVersion } = await source.list();
      version = resourceVersion;
      pace.listed();
      yield { type: 'synced', items };
    } catch (error) {
      if (signal.aborted) return;
      yield { type: 'disconnected', reason: pace.refusal(error).message };
      await pace.pause();
      continue;
    }
    const gap = yield* follow({ source, version, pace }, signal);
    if (gap === undefined || signal.aborted) return;
    if (!gap.gone) yield { type: 'disconnected', reason: gap.reason };
    await pace.pause();
  }
}

interface Following {
  readonly source: WatchSource;
  readonly version: string;
  readonly pace: Pace;
}

/** Stream after stream from a version on, until there is a gap (or the signal: undefined). */
async function* follow(
  following: Following,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, { readonly reason: string; readonly gone: boolean } | undefined, undefined> {
  const { source, pace } = following;
  let { version } = following;
  while (!signal.aborted) {
    const seconds = Math.round(MIN_WATCH_SECONDS * (1 + source.host.random.number()));
    let body: TransportResponse['body'];
    try {
      body = (await source.open({ resourceVersion: version, allowWatchBookmarks: 'true', timeoutSeconds: String(seconds) })).body;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (isSlipwayError(error) && error.code === 'SLW-KUB-008') return { reason: error.message, gone: true };
      return { reason: pace.refusal(error).message, gone: false };
    }
    const started = source.host.clock.monotonic();
    const ending = yield* readStream(body, version, signal);
    const brief = source.host.clock.monotonic() - started < 1_000;
    if (!brief) pace.steady();
    if (ending.kind === 'gap') return ending;
    version = ending.version;
    // A server that ends each watch at once must not be asked in a tight loop.
    if (brief) await pace.pause();
  }
  return undefined;
}

interface Line {
  readonly type: string;
  readonly object: KubeObject & { readonly code?: number; readonly message?: string };
}

async function* readStream(
  body: TransportResponse['body'],
  from: string,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, Ending, undefined> {
  let version = from;
  try {
    for await (const line of jsonLines(body)) {
      const { type, object } = line;
      if (type === 'ERROR') return { kind: 'gap', reason: object.message ?? 'the server ended the watch', gone: object.code === 410 };
      version = object.metadata.resourceVersion ?? version;
      if (type !== 'BOOKMARK') yield { type: type.toLowerCase() as 'added' | 'modified' | 'deleted', object };
    }
    return { kind: 'ended', version };
  } catch (error) {
    if (signal.aborted) return { kind: 'ended', version };
    return { kind: 'gap', reason: messageOf(error), gone: false };
  } finally {
    body.destroy();
  }
}

/** A line cut off by the end of the stream is not an event: what it would have told comes with the next list. */
async function* jsonLines(body: AsyncIterable<Buffer>): AsyncGenerator<Line, void, undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield JSON.parse(line) as Line;
  }
  if (rest.trim() !== '') throw new Error('the watch was cut off within an event');
}

/** How long to wait between attempts, and when to give up. */
class Pace {
  readonly #host: Host;
  readonly #signal: AbortSignal;
  #failures = 0;
  #refusals = 0;
  #synced = false;

  constructor(host: Host, signal: AbortSignal) {
    this.#host = host;
    this.#signal = signal;
  }

  listed(): void {
    this.#refusals = 0;
    this.#synced = true;
  }

  /** Only a stream that lasted ends the backing off: lists may work while every watch breaks. */
  steady(): void {
    this.#failures = 0;
  }

  /** The error when waiting may help. @throws it when not */
  refusal(error: unknown): SlipwayError {
    if (!isSlipwayError(error)) throw error;
    if (error.retry === 'backoff') return error;
    this.#refusals++;
    if (!this.#synced || this.#refusals > MAX_STARTUP_REFUSALS) throw error;
    return error;
  }

  /** Returns early when the signal aborts. */
  async pause(): Promise<void> {
    this.#failures++;
    const { clock, random } = this.#host;
    await clock.sleep(backoffDelayMs(backoff, this.#failures, random.number()), this.#signal).catch((error: unknown) => {
      if (!isAbort(error)) throw error;
    });
  }
}
