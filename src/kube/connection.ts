/**
 * Requests to one API server: credentials, choice of HTTP version, retries. Knows Status and Retry-After, not kinds.
 * Invariants: what may have reached the server is repeated only when the request says it is safe; waiting between
 * attempts is bounded; every failure leaves as a SlipwayError.
 */
import type { SlipwayError } from '../core/errors.ts';
import { backoffDelayMs, type BackoffPolicy } from '../core/retry.ts';
import type { Host } from '../host/host.ts';
import { untilAborted } from './abort.ts';
import type { Credential, Credentials } from './credentials.ts';
import { type About, answerError, parseStatus, transportError } from './failures.ts';
import { readText, type Transport, TransportFailure, type TransportResponse } from './transport.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly about: About;
  readonly signal: AbortSignal;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: string;
  /** Whether it may be sent again when the first may have arrived. GET and DELETE always may. */
  readonly repeatable?: boolean;
  /** Statuses that are answers, not errors. 2xx always are. */
  readonly expects?: readonly number[];
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  /** An earlier attempt may have reached the server. */
  readonly repeated: boolean;
}

export interface ConnectionOptions {
  readonly host: Host;
  readonly server: string;
  readonly credentials: Credentials;
  /** Opens a transport for a client certificate (or none). */
  readonly open: (certificate: Credential['certificate']) => Promise<Transport>;
}

/** A single answer, watches excepted, has this long. */
const ANSWER_BOUND_MS = 60_000;
/** A server that never answered is given up quickly; one that did may be restarting. */
const stranger: BackoffPolicy = { baseMs: 100, capMs: 1_000, attempts: 4 };
const acquaintance: BackoffPolicy = { baseMs: 100, capMs: 2_000, attempts: 14 };
const STUMBLE_ATTEMPTS = 4;
/** A longer Retry-After is left to the caller, who knows its own bound. */
const MAX_RETRY_AFTER_MS = 30_000;

interface OpenTransport {
  readonly certificate: Credential['certificate'];
  readonly transport: Promise<Transport>;
}

export class Connection {
  readonly #options: ConnectionOptions;
  #open: OpenTransport | undefined;
  #answered = false;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** One whole answer, with retries. @throws SlipwayError for anything but 2xx and what is expected. */
  async send(request: ApiRequest): Promise<ApiAnswer> {
    let repeated = false;
    for (let attempt = 1; ; attempt++) {
      const result = await this.#attempt(request);
      if (!(result instanceof Retryable)) return { ...result, repeated };
      const attempts = Math.min(this.#policy().attempts, result.attempts);
      if (attempt >= attempts || (result.maybeArrived && !isRepeatable(request))) throw result.error;
      repeated ||= result.maybeArrived;
      await this.#pause(result, attempt, request.signal);
    }
  }

  /** A streaming answer; one attempt. The body must be read or destroyed. */
  async stream(request: ApiRequest): Promise<TransportResponse> {
    const response = await this.#exchange(request, request.signal).catch((error: unknown) => {
      throw this.#coded(error, request);
    });
    if (response.status < 300) return response;
    const text = await readText(response.body, request.signal).catch(() => '');
    throw answerError({ status: response.status, text }, request.about);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const open = this.#open;
    this.#open = undefined;
    (await open?.transport.catch(() => undefined))?.close();
  }

  #policy(): BackoffPolicy {
    return this.#answered ? acquaintance : stranger;
  }

  async #pause(result: Retryable, attempt: number, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options.host;
    await clock.sleep(Math.max(result.retryAfterMs ?? 0, backoffDelayMs(this.#policy(), attempt, random.number())), signal);
  }

  async #attempt(request: ApiRequest): Promise<{ readonly status: number; readonly text: string } | Retryable> {
    const { signal } = request;
    const bound = this.#options.host.clock.timeout(ANSWER_BOUND_MS);
    try {
      const either = AbortSignal.any([signal, bound]);
      const response = await this.#exchange(request, either);
      const text = await readText(response.body, either);
      return this.#judge(response, text, request);
    } catch (error) {
      if (!signal.aborted && bound.aborted)
        throw transportError(new TransportFailure('silent', `no answer within ${ANSWER_BOUND_MS / 1000}s`, error), request.about);
      if (!(error instanceof TransportFailure)) throw error;
      const coded = transportError(error, request.about);
      if (coded.retry !== 'backoff' || this.#closed) throw coded;
      return new Retryable(coded, { maybeArrived: error.kind === 'lost' });
    }
  }

  #judge(response: TransportResponse, text: string, request: ApiRequest): { readonly status: number; readonly text: string } | Retryable {
    const { status } = response;
    this.#answered = true;
    if (status < 300 || request.expects?.includes(status)) return { status, text };
    const error = answerError({ status, text }, request.about);
    const retryAfterMs = readRetryAfter(response) ?? parseStatus(text)?.retryAfterMs;
    const again = retryOf({ status, text, retryAfterMs }, request.method);
    if (!again) throw error;
    return new Retryable(error, { maybeArrived: status !== 429 && status !== 503, ...again });
  }

  /** With a 401, credentials that can be renewed are, once. */
  async #exchange(request: ApiRequest, signal: AbortSignal): Promise<TransportResponse> {
    const response = await this.#once(request, signal);
    if (response.status !== 401 || !this.#options.credentials.renew()) return response;
    response.body.destroy();
    return this.#once(request, signal);
  }

  async #once(request: ApiRequest, signal: AbortSignal): Promise<TransportResponse> {
    signal.throwIfAborted();
    const credential = await this.#options.credentials.current(signal);
    const transport = await this.#transport(credential.certificate, signal);
    const headers = {
      accept: request.accept ?? 'application/json',
      'user-agent': 'slipway',
      ...credential.headers,
      ...(request.body !== undefined && { 'content-type': request.contentType ?? 'application/json' }),
    };
    return transport.request({
      method: request.method,
      path: request.path,
      headers,
      signal,
      ...(request.body !== undefined && { body: request.body }),
    });
  }

  /** One transport for all; a new client certificate (a plugin renewed it) gets a new one. */
  async #transport(certificate: Credential['certificate'], signal: AbortSignal): Promise<Transport> {
    if (this.#closed) throw new TransportFailure('refused', 'the client is closed');
    const known = this.#open;
    if (known && known.certificate?.cert === certificate?.cert && known.certificate?.key === certificate?.key)
      return untilAborted(known.transport, signal);
    this.#discard();
    const opening: OpenTransport = { certificate, transport: this.#options.open(certificate) };
    this.#open = opening;
    opening.transport.catch(() => {
      if (this.#open === opening) this.#open = undefined;
    });
    return untilAborted(opening.transport, signal);
  }

  /** Requests in flight on it go on; it ends by itself when they have. */
  #discard(): void {
    this.#open?.transport.then(
      (transport) => transport.retire(),
      () => undefined,
    );
    this.#open = undefined;
  }

  #coded(error: unknown, request: ApiRequest): unknown {
    return error instanceof TransportFailure ? transportError(error, request.about) : error;
  }
}

interface RetryFacts {
  readonly maybeArrived: boolean;
  readonly retryAfterMs?: number | undefined;
  readonly attempts?: number;
}

/** An outcome after which another attempt makes sense. */
class Retryable {
  readonly error: SlipwayError;
  readonly maybeArrived: boolean;
  readonly retryAfterMs: number | undefined;
  readonly attempts: number;

  constructor(error: SlipwayError, { maybeArrived, retryAfterMs, attempts = Infinity }: RetryFacts) {
    this.error = error;
    this.maybeArrived = maybeArrived;
    this.retryAfterMs = retryAfterMs;
    this.attempts = attempts;
  }
}

function isRepeatable(request: ApiRequest): boolean {
  return request.repeatable ?? (request.method === 'GET' || request.method === 'DELETE');
}

/** As client-go: 429 and 5xx that say when; besides, 503 and what etcd says while it elects or restarts. */
interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
}

/** How a refused request is tried again; undefined: not at all. */
function retryOf({ status, text, retryAfterMs }: Refusal, method: string): { retryAfterMs?: number; attempts?: number } | undefined {
  if (retryAfterMs !== undefined && retryAfterMs > MAX_RETRY_AFTER_MS) return undefined;
  if (isTransient(status, text, retryAfterMs)) return retryAfterMs === undefined ? {} : { retryAfterMs };
  return method === 'GET' && isStumble(status, text) ? { attempts: STUMBLE_ATTEMPTS } : undefined;
}

function isTransient(status: number, text: string, retryAfterMs: number | undefined): boolean {
  if (status === 429 || status === 503) return true;
  return (
    status >= 500 &&
    (retryAfterMs !== undefined || /etcdserver:|leader changed|connection refused|transport is closing/.test(text)) &&
    !text.includes('failed calling webhook')
  );
}

/** A read may simply be asked again, though not for long: what a broken webhook or a bug answers stays the same. */
function isStumble(status: number, text: string): boolean {
  return (status === 500 || status === 502 || status === 504) && !text.includes('webhook');
}

/** Only the seconds form occurs in Kubernetes. */
function readRetryAfter(response: TransportResponse): number | undefined {
  const header = response.headers['retry-after'];
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}
