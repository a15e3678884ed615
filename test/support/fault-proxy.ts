/**
 * A proxy on loopback between a client and an API server that ends TLS on both sides, so that it can answer instead of the server, lose
 * a reply after the server acted, go silent, be slow, show an expired certificate, or be gone. HTTP/2 and HTTP/1.1 to the client.
 */
import { createSecureServer, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { Agent, request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createAuthority, issueLeaf, type KeyAndCertificate } from '../../src/pki/certificates.ts';
import { kubeconfigFor } from './api-server.ts';

export interface SeenRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** How many requests the proxy has seen, this one included. */
  readonly count: number;
}

export type Fault =
  /** Answered here; the server never hears of it. */
  | { readonly kind: 'status'; readonly code: number; readonly retryAfterSeconds?: number }
  /** The connection breaks before the server hears of it. */
  | { readonly kind: 'reset' }
  /** The server acts, the connection breaks before the reply. */
  | { readonly kind: 'lose-reply' }
  /** The answer begins, and the connection breaks in the middle of it. */
  | { readonly kind: 'cut-reply' }
  /** Never answered. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'slow'; readonly ms: number };

export interface FaultProxy {
  readonly url: string;
  /** Administrator through the proxy. */
  readonly kubeconfig: string;
  /** Requests seen, and faults given, so far. */
  readonly seen: number;
  readonly faults: number;
  /** Decides for each request; undefined passes it on. */
  inject(rule: ((seen: SeenRequest) => Fault | undefined) | undefined): void;
  /** A new server certificate, ended yesterday or valid; open connections break. */
  useCertificate(state: 'valid' | 'expired'): void;
  /** Refuses connections for a while: a server that restarts. */
  outage(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface ProxyTarget {
  readonly server: string;
  readonly ca: string;
  readonly client: { readonly cert: string; readonly key: string };
}

/** The connection facts of a self-contained kubeconfig with a client certificate. */
export function proxyTarget(kubeconfig: string): ProxyTarget {
  const value = (name: string): string => new RegExp(`"?${name}"?:\\s*"?([^"\\s,}]+)`).exec(kubeconfig)?.[1] ?? '';
  const decoded = (name: string): string => Buffer.from(value(name), 'base64').toString('utf8');
  return {
    server: value('server'),
    ca: decoded('certificate-authority-data'),
    client: { cert: decoded('client-certificate-data'), key: decoded('client-key-data') },
  };
}

const DAY_MS = 86_400_000;

export async function startFaultProxy(target: ProxyTarget): Promise<FaultProxy> {
  const now = Date.now();
  const authority = await createAuthority({ commonName: 'fault proxy' }, { notBefore: now - 9 * DAY_MS, notAfter: now + DAY_MS });
  const leaf = (notBefore: number, notAfter: number): Promise<KeyAndCertificate> =>
    issueLeaf(authority, {
      subject: { commonName: 'fault-proxy' },
      usages: ['server'],
      ipAddresses: ['127.0.0.1'],
      dnsNames: ['localhost'],
      validity: { notBefore, notAfter },
    });
  const proxy = new Proxy(target, {
    authority,
    valid: await leaf(now - DAY_MS, now + DAY_MS),
    expired: await leaf(now - 8 * DAY_MS, now - DAY_MS),
  });
  await proxy.listen();
  return proxy;
}

interface Certificates {
  readonly authority: KeyAndCertificate;
  readonly valid: KeyAndCertificate;
  readonly expired: KeyAndCertificate;
}

type Rule = (seen: SeenRequest) => Fault | undefined;

class Proxy implements FaultProxy {
  readonly #target: ProxyTarget;
  readonly #certificates: Certificates;
  readonly #agent: Agent;
  readonly #server: Http2SecureServer;
  readonly #sockets = new Set<Socket>();
  #rule: Rule | undefined;
  #port = 0;
  seen = 0;
  faults = 0;

  constructor(target: ProxyTarget, certificates: Certificates) {
    this.#target = target;
    this.#certificates = certificates;
    this.#agent = new Agent({ keepAlive: true, ca: target.ca, cert: target.client.cert, key: target.client.key });
    const { certificatePem: cert, privateKeyPem: key } = certificates.valid;
    this.#server = createSecureServer({ allowHTTP1: true, cert, key }, (ask, answer) => this.#handle(ask, answer));
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    for (const event of ['sessionError', 'tlsClientError', 'clientError', 'error']) this.#server.on(event, () => undefined);
  }

  get url(): string {
    return `https://127.0.0.1:${this.#port}`;
  }

  get kubeconfig(): string {
    // Who asks is said to the server by the proxy; a name of its own keeps the client from asking for one.
    return kubeconfigFor({ server: this.url, ca: this.#certificates.authority.certificatePem, user: { token: 'through-the-proxy' } });
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  inject(rule: Rule | undefined): void {
    this.#rule = rule;
  }

  useCertificate(state: 'valid' | 'expired'): void {
    const { certificatePem: cert, privateKeyPem: key } = this.#certificates[state];
    this.#server.setSecureContext({ cert, key });
    this.#breakAll();
  }

  async outage(ms: number): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#breakAll();
    await closed;
    await new Promise((resolve) => setTimeout(resolve, ms));
    await this.listen();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#breakAll();
    this.#agent.destroy();
    await closed;
  }

  #breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #handle(ask: Http2ServerRequest, answer: Http2ServerResponse): void {
    this.seen += 1;
    const seen = { method: ask.method, path: ask.url, count: this.seen };
    const fault = this.#rule?.(seen);
    if (fault) this.faults += 1;
    ask.on('error', () => undefined);
    answer.on('error', () => undefined);
    if (fault === undefined) return this.#forward(ask, answer);
    switch (fault.kind) {
      case 'status':
        return refuse(answer, fault);
      case 'reset':
        return breakOff(ask);
      case 'lose-reply':
        return this.#forward(ask, answer, 'lose');
      case 'cut-reply':
        return this.#forward(ask, answer, 'cut');
      case 'silence':
        return void ask.resume();
      case 'slow':
        return void setTimeout(() => this.#forward(ask, answer), fault.ms);
    }
  }

  #forward(ask: Http2ServerRequest, answer: Http2ServerResponse, end?: 'lose' | 'cut'): void {
    const headers = Object.fromEntries(
      Object.entries(ask.headers).filter(([name]) => !name.startsWith(':') && !/^(host|connection|authorization)$/.test(name)),
    );
    const onward = request(`${this.#target.server}${ask.url}`, { method: ask.method, headers, agent: this.#agent }, (reply) => {
      if (end === 'lose') {
        reply.resume();
        return void reply.once('end', () => breakOff(ask));
      }
      const back = Object.entries(reply.headers).filter(([name]) => !/^(connection|keep-alive|transfer-encoding)$/.test(name));
      answer.writeHead(reply.statusCode ?? 502, Object.fromEntries(back));
      if (end === 'cut') return void reply.once('data', (chunk: Buffer) => answer.write(chunk.subarray(0, 20), () => breakOff(ask)));
      reply.pipe(answer);
    });
    onward.once('error', () => breakOff(ask));
    answer.once('close', () => onward.destroy());
    ask.pipe(onward);
  }
}

function refuse(answer: Http2ServerResponse, { code, retryAfterSeconds }: Extract<Fault, { kind: 'status' }>): void {
  const retry = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  answer.writeHead(code, { 'content-type': 'application/json', ...retry });
  answer.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message: 'injected by the fault proxy' }));
}

/** The whole connection, as a broken network does: with HTTP/2 every request on it is hit. */
function breakOff(ask: Http2ServerRequest): void {
  const session = (ask.stream as { readonly session?: { destroy(): void } } | undefined)?.session;
  if (session) session.destroy();
  else ask.socket.destroy();
}
