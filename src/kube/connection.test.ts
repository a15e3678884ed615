import { execFileSync } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isSlipwayError, type SlipwayError } from '../core/errors.ts';
import { createNodeHost } from '../host/node.ts';
import type { Host } from '../host/host.ts';
import { createKubeClient } from './client.ts';
import type { KubeClient } from './types.ts';

const POD = { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: 'p' };
const OBJECT = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'n', name: 'p' } };
const closers: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** The real host; sleeps end at once and are recorded. */
function recordingHost(): { readonly host: Host; readonly slept: number[] } {
  const host = createNodeHost();
  const slept: number[] = [];
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    slept.push(ms);
    signal?.throwIfAborted();
    return Promise.resolve();
  };
  return { slept, host: { ...host, clock: { ...host.clock, sleep } } };
}

function kubeconfig(server: string): string {
  const cluster = { server, 'insecure-skip-tls-verify': true };
  return JSON.stringify({
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'x' } }],
    clusters: [{ name: 'x', cluster }],
  });
}

async function clientOf(server: string, host = recordingHost().host): Promise<KubeClient> {
  const client = await createKubeClient(host, { kubeconfig: kubeconfig(server) });
  closers.push(() => client.close());
  return client;
}

type Handler = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

/** Plain HTTP/1.1; counts requests. */
async function serve(handle: Handler): Promise<{ readonly url: string; readonly server: Server; count(): number }> {
  let attempts = 0;
  const server = createServer((request, response) => handle(request, response, ++attempts));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => void (server.close(), server.closeAllConnections()));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, count: () => attempts };
}

function answer(response: ServerResponse, status: number, body: unknown = OBJECT, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

async function failureOf(act: Promise<unknown>): Promise<SlipwayError> {
  const error: unknown = await act.catch((thrown: unknown) => thrown);
  if (!isSlipwayError(error)) throw new Error(`expected a SlipwayError, got ${String(error)}`);
  return error;
}

describe('retries', () => {
  it('honour Retry-After of 429 and 503', async () => {
    const { host, slept } = recordingHost();
    const { url, count } = await serve((_request, response, attempt) =>
      attempt < 3 ? answer(response, attempt === 1 ? 429 : 503, { kind: 'Status' }, { 'retry-after': '2' }) : answer(response, 200),
    );
    const client = await clientOf(url, host);
    expect(await client.get(POD)).toEqual(OBJECT);
    expect(count()).toBe(3);
    expect(slept).toEqual([2_000, 2_000]);
  });

  it('are bounded, and the last answer becomes the error', async () => {
    const { url, count } = await serve((_request, response) => answer(response, 429, { kind: 'Status', message: 'slow down' }));
    const error = await failureOf((await clientOf(url)).get(POD));
    expect([error.code, error.retry]).toEqual(['SLW-KUB-014', 'backoff']);
    expect(count()).toBe(14);
  });

  it('leave a long Retry-After to the caller', async () => {
    const { url, count } = await serve((_request, response) =>
      answer(response, 503, { kind: 'Status', message: 'later' }, { 'retry-after': '600' }),
    );
    expect((await failureOf((await clientOf(url)).get(POD))).code).toBe('SLW-KUB-013');
    expect(count()).toBe(1);
  });

  it('repeat reads, applies and deletes whose answer was lost, never a create', async () => {
    const { url, count } = await serve((request, response, attempt) =>
      attempt % 2 === 1
        ? void request.socket.destroy()
        : answer(response, request.method === 'DELETE' ? 404 : 200, request.method === 'DELETE' ? { kind: 'Status' } : OBJECT),
    );
    const client = await clientOf(url);
    await client.get(POD);
    await client.apply(OBJECT);
    // The first, lost one may have deleted it.
    expect(await client.delete(POD)).toBe(true);
    expect(count()).toBe(6);
    const error = await failureOf(client.create(OBJECT));
    expect([error.code, error.retry]).toEqual(['SLW-KUB-001', 'backoff']);
    expect(count()).toBe(7);
  });

  it('do not follow what cannot succeed', async () => {
    const { url, count } = await serve((_request, response) =>
      answer(response, 500, { kind: 'Status', message: 'failed calling webhook "w": no route' }),
    );
    expect((await failureOf((await clientOf(url)).apply(OBJECT))).code).toBe('SLW-KUB-016');
    expect(count()).toBe(1);
  });

  it('end with the signal', async () => {
    const { url } = await serve(() => undefined);
    const stop = new AbortController();
    const waiting = (await clientOf(url)).get(POD, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
  });

  it('never take what is no API server for one', async () => {
    const { url } = await serve((_request, response) => void response.writeHead(200).end('<html>hello</html>'));
    expect((await failureOf((await clientOf(url)).get(POD))).code).toBe('SLW-KUB-017');
  });
});

interface Http2Server {
  readonly url: string;
  readonly sessions: Set<ServerHttp2Session>;
  opened(): number;
}

type StreamHandler = (stream: ServerHttp2Stream, sessions: Set<ServerHttp2Session>) => void;

async function serveHttp2(handle: StreamHandler, maxConcurrentStreams = 100): Promise<Http2Server> {
  const pem = execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      '-',
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const server: Http2SecureServer = createSecureServer({ key: pem, cert: pem, settings: { maxConcurrentStreams } });
  const sessions = new Set<ServerHttp2Session>();
  let opened = 0;
  server.on('session', (session) => {
    opened++;
    sessions.add(session);
    session.on('error', () => undefined);
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined);
    handle(stream, sessions);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, sessions, opened: () => opened };
}

function respond(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/json' });
  stream.end(JSON.stringify(OBJECT));
}

describe('HTTP/2', () => {
  it('carries many requests over one connection', async () => {
    const server = await serveHttp2(respond);
    const client = await clientOf(server.url);
    await client.get(POD);
    await Promise.all(Array.from({ length: 90 }, () => client.get(POD)));
    expect(server.opened()).toBe(1);
  });

  it('opens further connections when the stream limit is reached by streams that stay', async () => {
    const held: ServerHttp2Stream[] = [];
    const server = await serveHttp2((stream) => {
      held.push(stream);
      if (held.length === 12) for (const waiting of held) respond(waiting);
    }, 4);
    const client = await clientOf(server.url);
    // All twelve must be in flight at once before any is answered.
    await Promise.all(Array.from({ length: 12 }, () => client.get(POD)));
    expect(server.opened()).toBeGreaterThanOrEqual(3);
  });

  it('goes on after GOAWAY and after a broken connection', async () => {
    let count = 0;
    const server = await serveHttp2((stream, sessions) => {
      count++;
      if (count === 3) for (const session of sessions) session.goaway(0);
      if (count === 7) return void stream.session?.destroy();
      return respond(stream);
    });
    const client = await clientOf(server.url);
    for (let index = 0; index < 10; index++) expect(await client.get(POD)).toEqual(OBJECT);
    expect(server.opened()).toBe(3);
  });

  it('repeats a create that the server refused to look at', async () => {
    let count = 0;
    const server = await serveHttp2((stream) => (++count === 1 ? stream.close(7) : respond(stream)));
    await (await clientOf(server.url)).create(OBJECT);
    expect(count).toBe(2);
  });

  it('closes while it connects, and only the request fails', async () => {
    const server = await serveHttp2(respond);
    for (let round = 0; round < 20; round++) {
      const client = await createKubeClient(recordingHost().host, { kubeconfig: kubeconfig(server.url) });
      const asked = client.get(POD).then(
        () => 'answered',
        (error: unknown) => (isSlipwayError(error) ? 'refused' : error),
      );
      for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve));
      await client.close();
      expect(['answered', 'refused']).toContain(await asked);
    }
  });
});
