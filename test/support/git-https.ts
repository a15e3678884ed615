/** A real `git http-backend` behind TLS with an authority of its own and one token, as a Git host would be for its users. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface GitHttps {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** PEM of the authority. */
  readonly ca: string;
  /** From now on the one that is accepted. */
  setToken(token: string): void;
  close(): void;
}

/** Serves all repositories below `root`, e.g. ROOT/fleet/.git as `/fleet/.git`; pushes as little as the repositories allow. */
export async function startGitHttps(dir: string, root: string, first: string): Promise<GitHttps> {
  mkdirSync(dir, { recursive: true });
  const { ca, cert, key } = makeCertificates(dir);
  let token = first;
  const server = createServer({ cert, key }, (request, response) => {
    const password = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64')
      .toString()
      .split(':')[1];
    if (password !== token) return void response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('denied\n');
    runBackend(root, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca,
    setToken: (next) => void (token = next),
    close: () => (server.close(), server.closeAllConnections()),
  };
}

/** CGI/1.1 as git-http-backend(1) wants it. */
function runBackend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'https://127.0.0.1');
  const env = {
    PATH: process.env['PATH'] ?? '',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    PATH_INFO: url.pathname,
    QUERY_STRING: url.search.slice(1),
    REQUEST_METHOD: request.method ?? 'GET',
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
    REMOTE_ADDR: '127.0.0.1',
  };
  const backend = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  request.pipe(backend.stdin);
  const parts: Buffer[] = [];
  backend.stdout.on('data', (part: Buffer) => parts.push(part));
  backend.once('close', () => {
    const whole = Buffer.concat(parts);
    const end = whole.indexOf('\r\n\r\n');
    const headers = whole
      .subarray(0, Math.max(0, end))
      .toString()
      .split('\r\n')
      .map((line) => line.split(/: (.*)/s, 2) as [string, string]);
    const status = headers.find(([name]) => name.toLowerCase() === 'status')?.[1] ?? '200';
    for (const [name, value] of headers) if (name !== '' && name.toLowerCase() !== 'status') response.setHeader(name, value);
    response.writeHead(Number.parseInt(status, 10)).end(whole.subarray(end + 4));
  });
}

/** An authority and a server certificate for 127.0.0.1, good for two days. */
export function makeCertificates(dir: string): { readonly ca: string; readonly cert: string; readonly key: string } {
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...fresh, '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '2', '-subj', '/CN=test-git-ca');
  openssl('req', '-new', ...fresh, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=git');
  writeFileSync(join(dir, 'san.ext'), 'subjectAltName=IP:127.0.0.1\n');
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'server.crt',
    '-days',
    '2',
    '-extfile',
    'san.ext',
  );
  const read = (name: string): string => readFileSync(join(dir, name), 'utf8');
  return { ca: read('ca.crt'), cert: read('server.crt'), key: read('server.key') };
}

export interface GitFolder {
  readonly path: string;
  git(...args: readonly string[]): string;
  /** Writes the files and commits; the new commit's id. */
  commit(files: Readonly<Record<string, string>>): string;
}

export function createGitFolder(path: string, files: Readonly<Record<string, string>>): GitFolder {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: path,
      encoding: 'utf8',
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
    }).trim();
  const commit = (more: Readonly<Record<string, string>>): string => {
    for (const [name, text] of Object.entries(more)) {
      mkdirSync(join(path, name, '..'), { recursive: true });
      writeFileSync(join(path, name), text);
    }
    git('add', '-A');
    git('commit', '-q', '-m', 'change');
    return git('rev-parse', 'HEAD');
  };
  mkdirSync(path, { recursive: true });
  git('init', '-q', '-b', 'main');
  commit(files);
  return { path, git, commit };
}
