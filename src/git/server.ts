/**
 * The resident Git server: smart HTTP on loopback, read-only, for the repositories of one cluster. It speaks git-upload-pack
 * only (gitprotocol-http(5)); a push is refused with 403. Hidden command `slipway serve git --config FILE`.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { sha256 } from '../core/digest.ts';
import { isAbort, SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { gitEnvironment } from './command.ts';
import { type GitServerConfig, readServerConfig, SERVER_USER, type ServedRepository } from './server-config.ts';

const HEALTH_PATH = '/healthz';
/** More than any fetch request needs; keeps a local user from filling memory. */
const MAX_REQUEST = 16 * 1024 * 1024;

interface Exchange {
  readonly host: Host;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}

/** Serves until the signal aborts, then ends calmly. @throws SLW-GIT-008 without a usable configuration. */
export async function runGitServer(host: Host, configFile: string, signal: AbortSignal): Promise<void> {
  const { port } = await readServerConfig(host, configFile);
  const server = await startGitServer(host, { configFile, port, signal });
  await new Promise<void>((resolve) => server.once('close', resolve));
}

/** The listening server; closes when the signal aborts. Port 0 takes a free one (tests). */
export async function startGitServer(
  host: Host,
  options: { readonly configFile: string; readonly port: number; readonly signal: AbortSignal },
): Promise<Server & { readonly port: number }> {
  const { configFile, signal } = options;
  signal.throwIfAborted();
  const server = createServer((request, response) => {
    void answer({ host, request, response, signal }, configFile).catch((error: unknown) => fail(response, error));
  });
  signal.addEventListener('abort', () => (server.close(), server.closeAllConnections()), { once: true });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ port: options.port, host: '127.0.0.1' }, resolve));
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

/** The configuration is read for each request: a repository added or a token replaced needs no restart. */
async function answer(exchange: Exchange, configFile: string): Promise<void> {
  const { request, response } = exchange;
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (url.pathname === HEALTH_PATH) return end(response, 200, 'ok\n');
  const config = await readServerConfig(exchange.host, configFile);
  if (!isAllowed(config, request.headers.authorization)) return end(response, 401, 'authentication required\n');
  if (isPush(url)) return end(response, 403, 'this server is read-only: commit to the repository itself\n');
  const match = /^\/([^/]+)\.git\/(info\/refs|git-upload-pack)$/.exec(url.pathname);
  const repository = config.repositories.find(({ name }) => name === match?.[1]);
  if (repository === undefined) return end(response, 404, 'no such repository\n');
  return match?.[2] === 'info/refs' ? await advertise(exchange, repository, url) : await uploadPack(exchange, repository);
}

function isPush(url: URL): boolean {
  return url.searchParams.get('service') === 'git-receive-pack' || url.pathname.endsWith('/git-receive-pack');
}

async function advertise(exchange: Exchange, repository: ServedRepository, url: URL): Promise<void> {
  const { request, response } = exchange;
  if (request.method !== 'GET') return end(response, 405, 'GET only\n');
  if (url.searchParams.get('service') !== 'git-upload-pack') return end(response, 403, 'the dumb protocol is not served\n');
  const child = startUploadPack(exchange, repository, ['--advertise-refs']);
  child.stdin.end();
  header(response, 'application/x-git-upload-pack-advertisement');
  // Protocol version 2 clients accept the service line as well as version 0 ones do (gitprotocol-http(5)).
  response.write('001e# service=git-upload-pack\n0000');
  await finish(response, child);
}

async function uploadPack(exchange: Exchange, repository: ServedRepository): Promise<void> {
  const { request, response } = exchange;
  if (request.method !== 'POST') return end(response, 405, 'POST only\n');
  const body = await readBody(request);
  if (body === undefined) return end(response, 413, 'request too large\n');
  const child = startUploadPack(exchange, repository, []);
  child.stdin.end(body);
  header(response, 'application/x-git-upload-pack-result');
  await finish(response, child);
}

function startUploadPack(
  exchange: Exchange,
  repository: ServedRepository,
  flags: readonly string[],
): ReturnType<Host['processes']['stream']> {
  const protocol = exchange.request.headers['git-protocol'];
  const version = typeof protocol === 'string' && /^version=[012]$/.test(protocol) ? { GIT_PROTOCOL: protocol } : {};
  const env = gitEnvironment(exchange.host, {
    env: version,
    config: [
      ['safe.directory', repository.gitDir],
      // Only what is configured is shown: other branches are nobody's business.
      ['transfer.hideRefs', 'HEAD'],
      ['transfer.hideRefs', 'refs'],
      ...repository.refs.map((ref) => ['transfer.hideRefs', `!${ref}`] as const),
      ['uploadpack.allowFilter', 'true'],
    ],
  });
  return exchange.host.processes.stream('git', ['upload-pack', '--strict', '--stateless-rpc', ...flags, repository.gitDir], {
    env,
    signal: exchange.signal,
  });
}

async function finish(
  response: ServerResponse,
  child: { readonly stdout: Readable; readonly ended: Promise<{ code: number; stderr: string }> },
): Promise<void> {
  await pipeline(child.stdout, response).catch((error: unknown) => {
    if (!response.destroyed) throw error;
  });
  const { code, stderr } = await child.ended;
  if (code !== 0 && !response.writableFinished) throw new SlipwayError('SLW-GIT-004', `git upload-pack failed: ${stderr.trim()}`);
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const stream = request.headers['content-encoding'] === 'gzip' ? request.pipe(createGunzip()) : request;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_REQUEST) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Compares digests, so that neither length nor content of the token leaks through time. */
function isAllowed(config: GitServerConfig, authorization: string | undefined): boolean {
  const expected = `Basic ${Buffer.from(`${SERVER_USER}:${config.token}`).toString('base64')}`;
  return timingSafeEqual(Buffer.from(sha256(authorization ?? ''), 'hex'), Buffer.from(sha256(expected), 'hex'));
}

function header(response: ServerResponse, type: string): void {
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache, max-age=0, must-revalidate' });
}

function end(response: ServerResponse, status: number, text: string): void {
  // A client sends its credentials only when it is asked for them.
  response.writeHead(status, { 'content-type': 'text/plain', ...(status === 401 && { 'www-authenticate': 'Basic realm="slipway"' }) });
  response.end(text);
}

function fail(response: ServerResponse, error: unknown): void {
  if (isAbort(error) || response.headersSent) response.destroy();
  else end(response, 500, 'the Git server failed\n');
}
