/**
 * HTTP/2 to one server: many requests share a connection, a further connection is opened when the server's stream limit is
 * reached, and one that says GOAWAY, breaks or goes silent is replaced. Invariant: a request is given to a connection
 * only while that has a free stream.
 */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../host/host.ts';
import { neverAborted, untilAborted } from './abort.ts';
import { asTransportFailure, type Transport, TransportFailure, type TransportRequest, type TransportResponse } from './transport.ts';

/** Until the server's SETTINGS are heard: what RFC 9113 §6.5.2 recommends as least. */
const FIRST_STREAMS = 100;
/** Go's server allows 250 by default; more on one connection gains nothing. */
const MAX_STREAMS = 250;
/** Large windows: a list of thousands of objects is not throttled by round trips. */
const STREAM_WINDOW = 4 * 1024 * 1024;
const SESSION_WINDOW = 32 * 1024 * 1024;
/** A half-open connection (a lost network) answers no ping: its watches learn of it within two periods. */
const PING_PERIOD_MS = 20_000;

export interface Http2Options {
  readonly clock: Clock;
  /** Opens a further verified socket that agreed on h2. */
  readonly dial: (signal: AbortSignal) => Promise<TLSSocket>;
  readonly authority: string;
}

export class Http2Transport implements Transport {
  readonly #options: Http2Options;
  #connections: Http2Connection[] = [];
  #opening: Promise<Http2Connection> | undefined;
  #closed = false;

  constructor(options: Http2Options, first: TLSSocket) {
    this.#options = options;
    this.#connections.push(new Http2Connection(options, first));
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const connection = await this.#free(request.signal);
    return connection.request(request);
  }

  retire(): void {
    for (const connection of this.#connections) connection.retire();
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#connections) connection.destroy();
    this.#connections = [];
  }

  /** Waiters share one attempt to connect and look again after it. */
  async #free(signal: AbortSignal): Promise<Http2Connection> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#closed) throw new TransportFailure('refused', 'the client is closed');
      this.#connections = this.#connections.filter((connection) => connection.usable);
      const free = this.#connections.find((connection) => connection.hasRoom);
      if (free) return free;
      this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
      await untilAborted(this.#opening, signal);
    }
  }

  async #open(): Promise<Http2Connection> {
    const socket = await this.#options.dial(neverAborted());
    if (this.#closed) {
      socket.destroy();
      throw new TransportFailure('refused', 'the client is closed');
    }
    const connection = new Http2Connection(this.#options, socket);
    this.#connections.push(connection);
    return connection;
  }
}

class Http2Connection {
  readonly #session: ClientHttp2Session;
  #open = 0;
  #limit = FIRST_STREAMS;
  #draining = false;
  #pinging = false;

  constructor(options: Http2Options, socket: TLSSocket) {
    this.#session = connect(`https://${options.authority}`, {
      createConnection: () => socket,
      settings: { initialWindowSize: STREAM_WINDOW, enablePush: false },
    });
    this.#session.on(
      'remoteSettings',
      (settings) => (this.#limit = Math.max(1, Math.min(settings.maxConcurrentStreams ?? MAX_STREAMS, MAX_STREAMS))),
    );
    this.#session.on('goaway', () => (this.#draining = true));
    this.#session.on('error', () => (this.#draining = true));
    this.#session.once('connect', () => this.#widenWindow());
    const stop = options.clock.every(PING_PERIOD_MS, () => this.#ping());
    this.#session.once('close', () => {
      this.#draining = true;
      stop();
    });
  }

  /** A session that is destroyed before it connected still emits `connect`, when it takes no setting any more. */
  #widenWindow(): void {
    if (!this.#session.destroyed) this.#session.setLocalWindowSize(SESSION_WINDOW);
  }

  get usable(): boolean {
    return !this.#draining && !this.#session.closed && !this.#session.destroyed;
  }

  get hasRoom(): boolean {
    return this.usable && this.#open < this.#limit;
  }

  retire(): void {
    this.#draining = true;
    this.#session.close();
  }

  destroy(): void {
    this.#draining = true;
    this.#session.destroy();
  }

  request(request: TransportRequest): Promise<TransportResponse> {
    const { method, path, headers, body, signal } = request;
    this.#occupy(1);
    return new Promise((resolve, reject) => {
      const stream = this.#send({ ':method': method, ':path': path, ...headers } as Record<string, string>, {
        endStream: body === undefined,
        signal,
      });
      if (stream instanceof TransportFailure) {
        this.#occupy(-1);
        return reject(stream);
      }
      const fail = (error: unknown): void => reject(signal.aborted ? signal.reason : streamFailure(error, stream));
      stream.once('error', fail);
      stream.once('close', () => {
        this.#occupy(-1);
        fail(new Error('the connection was closed before the answer'));
      });
      stream.once('response', (answer) => {
        stream.off('error', fail);
        stream.on('error', () => undefined);
        resolve({ status: Number(answer[':status']), headers: plainHeaders(answer), body: stream });
      });
      return body === undefined ? undefined : void stream.end(body);
    });
  }

  /** An idle connection does not keep the process alive. */
  #occupy(change: 1 | -1): void {
    this.#open += change;
    if (this.#session.destroyed) return;
    if (this.#open === 0) this.#session.unref();
    else this.#session.ref();
  }

  #send(
    headers: Record<string, string>,
    options: { readonly endStream: boolean; readonly signal: AbortSignal },
  ): ClientHttp2Stream | TransportFailure {
    try {
      return this.#session.request(headers, options);
    } catch (error) {
      return new TransportFailure('refused', (error as Error).message, error);
    }
  }

  #ping(): void {
    if (this.#pinging) return this.destroy();
    if (!this.usable || this.#open === 0) return undefined;
    this.#pinging = true;
    this.#session.ping(() => (this.#pinging = false));
    return undefined;
  }
}

function plainHeaders(headers: IncomingHttpHeaders): TransportResponse['headers'] {
  return headers as TransportResponse['headers'];
}

/** RFC 9113 §8.7: a stream refused, or above the last id of a GOAWAY, was not processed. */
function streamFailure(error: unknown, stream: ClientHttp2Stream): TransportFailure {
  if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) return new TransportFailure('refused', 'the server refused the stream', error);
  return asTransportFailure(error, false);
}
