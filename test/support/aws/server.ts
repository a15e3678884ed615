/** One HTTP server for everything: the test provider's own questions, and AWS' services told apart by how a request looks. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerApi } from './api.ts';
import { answerProvider, type Wire } from './provider-wire.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The connection breaks instead. */
  readonly broken?: true;
}

export interface ApiRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function answer(wire: Wire, request: IncomingMessage): Promise<HttpAnswer> {
  const body = await readBody(request);
  const url = new URL(request.url ?? '/', 'http://bed');
  if (url.pathname !== '/_provider') return answerApi(wire, { method: request.method ?? 'GET', url, headers: request.headers, body });
  const told = await answerProvider(wire, body.toString(), String(request.headers['x-access-key'] ?? ''));
  if (told.status === 0) return { status: 0, broken: true };
  return { status: told.status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(told.body ?? {}) };
}

function send(response: ServerResponse, told: HttpAnswer): void {
  if (told.broken === true) {
    response.destroy();
    return;
  }
  const body = told.body ?? '';
  response.writeHead(told.status, { 'content-length': Buffer.byteLength(body), ...told.headers });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

export interface Running {
  readonly port: number;
  close(): Promise<void>;
}

export async function serve(wire: Wire, port: number): Promise<Running> {
  const server: Server = createServer((request, response) => {
    answer(wire, request).then(
      (told) => {
        wire.account.store.save();
        send(response, told);
      },
      (error: unknown) => send(response, { status: 500, body: error instanceof Error ? (error.stack ?? '') : String(error) }),
    );
  });
  server.keepAliveTimeout = 60_000;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
  await promise;
  const close = async (): Promise<void> => {
    const done = Promise.withResolvers<void>();
    server.close(() => done.resolve());
    server.closeAllConnections();
    await done.promise;
  };
  return { port: (server.address() as AddressInfo).port, close };
}
