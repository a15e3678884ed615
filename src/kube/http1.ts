/** HTTP/1.1 to one server with kept-alive connections, for servers and proxies without HTTP/2 and for plain http. */
import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import { hostName, portOf } from './dial.ts';
import { asTransportFailure, type Transport, type TransportRequest, type TransportResponse } from './transport.ts';

/** Watches hold a connection each, so the bound is well above the requests in flight. */
const MAX_SOCKETS = 256;

export type Connect = (signal: AbortSignal) => Promise<Duplex>;

/** With `connect` absent, plain TCP. */
export function createHttp1Transport(server: URL, connect?: Connect): Transport {
  const agent = connect ? new DialAgent(connect) : new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  const base: RequestOptions = { agent, host: hostName(server), port: portOf(server) };
  return {
    request: (request) => sendHttp1(httpRequest, base, request),
    // Idle kept-alive sockets of a retired transport are dropped by the server; destroying the agent would cut running watches.
    retire: () => void Object.assign(agent, { keepAlive: false }),
    close: () => agent.destroy(),
  };
}

type Send = (options: RequestOptions) => ClientRequest;

/** Also used with the agents of @kubernetes/client-node. */
export function sendHttp1(send: Send, base: RequestOptions, request: TransportRequest): Promise<TransportResponse> {
  const { method, path, headers, body, signal } = request;
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const outgoing = send({
      ...base,
      method,
      path,
      headers: { host: hostHeader(base), ...(headers as Record<string, string>), ...length },
      signal,
    });
    let connected = false;
    outgoing.once('socket', (socket: Duplex & { connecting?: boolean }) => {
      connected = socket.connecting !== true;
      // A reused socket never connects again: listeners would pile up on it.
      if (!connected) socket.once('connect', () => (connected = true));
    });
    outgoing.once('error', (error) => reject(signal.aborted ? signal.reason : asTransportFailure(error, !connected)));
    outgoing.once('response', (incoming: IncomingMessage) => {
      outgoing.on('error', () => undefined);
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: incoming });
    });
    outgoing.end(body);
  });
}

function hostHeader(base: RequestOptions): string {
  const host = String(base.host);
  return `${host.includes(':') ? `[${host}]` : host}:${base.port}`;
}

/** Connects through our dialer: verification, ALPN and proxies are the same as for HTTP/2. */
class DialAgent extends Agent {
  readonly #connect: Connect;

  constructor(connect: Connect) {
    super({ keepAlive: true, maxSockets: MAX_SOCKETS });
    this.#connect = connect;
  }

  override createConnection(_options: unknown, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    this.#connect(new AbortController().signal).then(
      (socket) => callback?.(null, socket),
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  }
}
