import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isSlipwayError, type SlipwayError } from '../../src/core/errors.ts';
import { Redactor } from '../../src/core/redaction.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient, type KubeClientOptions } from '../../src/kube/client.ts';
import { type ApiServer, certificateUser, kubeconfigFor, startApiServer } from '../support/api-server.ts';

const host = createNodeHost();
let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
}, 120_000);

afterAll(async () => {
  await server?.stop();
});

/** Who the server takes us for. */
async function whoAmI(kubeconfig: string, options: Partial<KubeClientOptions> = {}): Promise<string> {
  const client = await createKubeClient(host, { kubeconfig, ...options });
  try {
    const review = await client.create({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: { name: '' } });
    return (review['status'] as { userInfo: { username: string } }).userInfo.username;
  } finally {
    await client.close();
  }
}

async function refusal(act: Promise<unknown>): Promise<SlipwayError> {
  const error: unknown = await act.catch((thrown: unknown) => thrown);
  if (!isSlipwayError(error)) throw new Error(`expected a SlipwayError, got ${String(error)}`);
  return error;
}

function withUser(user: Readonly<Record<string, unknown>>, cluster: Readonly<Record<string, unknown>> = {}): string {
  return kubeconfigFor({ server: server.url, ca: server.ca, user, cluster });
}

describe('a client certificate', () => {
  it('works inline and from files relative to the kubeconfig', async () => {
    expect(await whoAmI(server.kubeconfig)).toBe('admin');
    const files = kubeconfigFor({
      server: server.url,
      cluster: { 'certificate-authority': 'ca.crt' },
      user: { 'client-certificate': 'admin.crt', 'client-key': './admin.key' },
    });
    expect(await whoAmI(files, { kubeconfigPath: join(server.folder, 'kubeconfig') })).toBe('admin');
  });

  it('that expired is refused with 77', async () => {
    const error = await refusal(whoAmI(withUser(certificateUser(await server.issue({ user: 'late', group: 'system:masters', days: -1 })))));
    expect([error.code, error.exit]).toEqual(['SLW-KUB-004', 77]);
  });

  it('whose file is missing is named', async () => {
    const error = await refusal(whoAmI(withUser({ 'client-certificate': '/nowhere/x.crt', 'client-key': '/nowhere/x.key' })));
    expect([error.code, error.message]).toEqual(['SLW-KUB-023', expect.stringContaining('/nowhere/x.')]);
  });
});

describe('a token', () => {
  it('works inline, impersonating, and from a file', async () => {
    expect(await whoAmI(withUser({ token: 'token-of-robot' }))).toBe('robot');
    expect(await whoAmI(withUser({ token: 'token-of-robot', as: 'somebody', 'as-groups': ['system:authenticated'] }))).toBe('somebody');
    writeFileSync(join(server.folder, 'token'), 'token-of-guest\n', { mode: 0o600 });
    expect(await whoAmI(withUser({ tokenFile: 'token' }), { kubeconfigPath: join(server.folder, 'kubeconfig') })).toBe('guest');
  });

  it('that is wrong is refused and not repeated in the error', async () => {
    const error = await refusal(whoAmI(withUser({ token: 'wrong-token-value' })));
    expect(error.code).toBe('SLW-KUB-004');
    expect(JSON.stringify(error)).not.toContain('wrong-token-value');
  });

  it('that rotates in its file is read anew after a 401', async () => {
    const file = join(server.folder, 'rotating');
    writeFileSync(file, 'not-yet-valid', { mode: 0o600 });
    const client = await createKubeClient(host, { kubeconfig: withUser({ tokenFile: file }) });
    expect((await refusal(client.list({ apiVersion: 'v1', kind: 'Namespace' }))).code).toBe('SLW-KUB-004');
    writeFileSync(file, 'token-of-robot');
    expect((await client.list({ apiVersion: 'v1', kind: 'Namespace' })).items.length).toBeGreaterThan(0);
    await client.close();
  });
});

describe('an exec credential plugin', () => {
  /** Counts its runs in a file; gives the token, or a failure when the token is empty. */
  function plugin(name: string, body: string): { readonly command: string; runs(): number } {
    const command = join(server.folder, name);
    writeFileSync(command, `#!/bin/sh\necho run >> '${command}.runs'\n${body}\n`);
    chmodSync(command, 0o700);
    return { command, runs: () => readFileSync(`${command}.runs`, 'utf8').trim().split('\n').length };
  }
  function credential(status: Readonly<Record<string, unknown>>): string {
    return `cat <<'JSON'\n${JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status })}\nJSON`;
  }
  function exec(command: string, rest: Readonly<Record<string, unknown>> = {}): string {
    return withUser({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'IfAvailable', ...rest } });
  }

  it('is run once for many requests and kept until it expires', async () => {
    const lasting = plugin('lasting', credential({ token: 'token-of-robot', expirationTimestamp: '2999-01-01T00:00:00Z' }));
    const expired = plugin('expired', credential({ token: 'token-of-robot', expirationTimestamp: '2001-01-01T00:00:00Z' }));
    for (const [{ command, runs }, expected] of [
      [lasting, 1],
      [expired, 2],
    ] as const) {
      const redactor = new Redactor();
      const client = await createKubeClient(host, { kubeconfig: exec(command), redactor });
      await Promise.all(Array.from({ length: 20 }, () => client.raw('/version')));
      await client.raw('/version');
      await client.close();
      expect(runs()).toBe(expected);
      expect(redactor.redact('Bearer token-of-robot')).not.toContain('token-of-robot');
    }
  });

  it('may give a client certificate, and sees the cluster and its own environment', async () => {
    const { cert, key } = await server.issue({ user: 'plugged', group: 'system:masters' });
    const given = plugin(
      'certificate',
      `[ "$GREETING" = hello ] || exit 3\nprintf %s "$KUBERNETES_EXEC_INFO" > '${server.folder}/exec-info'\n${credential({ clientCertificateData: cert, clientKeyData: key })}`,
    );
    expect(await whoAmI(exec(given.command, { env: [{ name: 'GREETING', value: 'hello' }], provideClusterInfo: true }))).toBe('plugged');
    const info = JSON.parse(readFileSync(join(server.folder, 'exec-info'), 'utf8')) as {
      spec: { interactive: boolean; cluster: Record<string, string> };
    };
    expect(info.spec.interactive).toBe(false);
    expect(Buffer.from(info.spec.cluster['certificate-authority-data'] ?? '', 'base64').toString()).toBe(server.ca);
  });

  it('that fails says why', async () => {
    const sick = plugin('sick', 'echo "please log in" >&2; exit 7');
    const error = await refusal(whoAmI(exec(sick.command)));
    expect([error.code, error.exit, error.retry]).toEqual(['SLW-KUB-024', 77, 'after-user']);
    expect(error.message).toMatch(/sick exited with 7: please log in$/);
    const missing = await refusal(whoAmI(exec('no-such-plugin', { installHint: 'brew install no-such-plugin' })));
    expect([missing.code, missing.fix]).toEqual(['SLW-KUB-024', 'brew install no-such-plugin']);
    const babbling = plugin('babbling', 'echo hello');
    expect((await refusal(whoAmI(exec(babbling.command)))).message).toMatch(/printed no ExecCredential/);
  });
});

describe('the connection', () => {
  it('refuses a server that the authority did not sign, before any credential is sent', async () => {
    const other = await startOtherAuthority();
    const error = await refusal(whoAmI(kubeconfigFor({ server: server.url, ca: other, user: { token: 'token-of-robot' } })));
    expect([error.code, error.exit, error.retry]).toEqual(['SLW-KUB-003', 69, 'no']);
  });

  it('refuses a name that the certificate lacks, unless told another', async () => {
    const byName = (cluster: Readonly<Record<string, unknown>>): string => withUser({ token: 'token-of-robot' }, cluster);
    expect((await refusal(whoAmI(byName({ 'tls-server-name': 'other.test' })))).code).toBe('SLW-KUB-003');
    expect(await whoAmI(byName({ 'tls-server-name': 'api.test' }))).toBe('robot');
    expect(
      await whoAmI(kubeconfigFor({ server: server.url, cluster: { 'insecure-skip-tls-verify': true }, user: { token: 'token-of-robot' } })),
    ).toBe('robot');
  });

  it('goes through a proxy with CONNECT and its credentials', async () => {
    const proxy = await startProxy('Basic bWU6cHc=');
    expect(await whoAmI(withUser({ token: 'token-of-robot' }, { 'proxy-url': `http://me:pw@127.0.0.1:${proxy.port}` }))).toBe('robot');
    expect(proxy.asked).toEqual([`127.0.0.1:${server.port}`]);
    const error = await refusal(whoAmI(withUser({ token: 'token-of-robot' }, { 'proxy-url': `http://127.0.0.1:${proxy.port}` })));
    expect([error.code, error.message]).toEqual(['SLW-KUB-025', expect.stringContaining('answered 407')]);
    proxy.close();
  });

  it('to nobody says so', async () => {
    const port = await host.net.freePort();
    const error = await refusal(whoAmI(kubeconfigFor({ server: `https://127.0.0.1:${port}`, user: {} })));
    expect([error.code, error.exit]).toEqual(['SLW-KUB-001', 69]);
  });

  it('uses @kubernetes/client-node for what only that can do', async () => {
    const error = await refusal(whoAmI(withUser({ 'auth-provider': { name: 'nothing' }, as: 'somebody' })));
    expect(error.code).toBe('SLW-KUB-022');
    // The server knows no passwords and takes us for anonymous: the way there and back works.
    expect((await refusal(whoAmI(withUser({ username: 'u', password: 'p' })))).message).toContain('User "system:anonymous" cannot');
    const certificates = withUser({ ...certificateUser(server.adminUser), username: '', password: '' });
    expect(await whoAmI(certificates)).toBe('admin');
  }, 60_000);
});

async function startOtherAuthority(): Promise<string> {
  const { execFileSync } = await import('node:child_process');
  return execFileSync(
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
      '/dev/null',
      '-days',
      '2',
      '-subj',
      '/CN=test-ca',
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
}

interface Proxy {
  readonly port: number;
  readonly asked: string[];
  close(): void;
}

async function startProxy(authorization: string): Promise<Proxy> {
  const asked: string[] = [];
  const proxy: Server = createServer();
  proxy.on('connect', (request, socket) => {
    if (request.headers['proxy-authorization'] !== authorization)
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    asked.push(request.url ?? '');
    const [name, port] = (request.url ?? '').split(':');
    const upstream = connect({ host: name ?? '', port: Number(port) }, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
    return undefined;
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    asked,
    close: () => void (proxy.close(), proxy.closeAllConnections()),
  };
}
