/**
 * A real etcd and kube-apiserver for one test file: self-made certificates, free ports, a temporary folder. Always stopped
 * by recorded identity. Binaries come as for the product: SLIPWAY_TEST_BIN (a folder), the cache, else a build.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createNodeHost } from '../../src/host/node.ts';
import type { BinaryName } from '../../src/toolchain/catalogue.ts';
import { provideBinaries } from '../../src/toolchain/provide.ts';
import { endChild } from './end-child.ts';

const run = promisify(execFile);

export interface ApiServerOptions {
  /** Further flags of kube-apiserver. */
  readonly flags?: readonly string[];
  /** Also run kube-controller-manager (workloads, namespaces, garbage collection). */
  readonly controllerManager?: boolean;
  /** etcd waits for the disk at every commit, as in production. Default false: tests want speed. */
  readonly durable?: boolean;
}

export interface CertificateOptions {
  readonly user: string;
  readonly group?: string;
  /** As `openssl x509 -days` takes it; default 2. A negative number gives an expired one. */
  readonly days?: number;
}

export interface ApiServer {
  readonly folder: string;
  readonly url: string;
  readonly port: number;
  readonly etcdUrl: string;
  /** Admin kubeconfig (group system:masters) as text. */
  readonly kubeconfig: string;
  readonly adminUser: { readonly cert: string; readonly key: string };
  readonly ca: string;
  /** A client certificate signed by the cluster's authority. */
  issue(options: CertificateOptions): Promise<{ readonly cert: string; readonly key: string }>;
  /** SIGKILL to kube-apiserver; etcd lives on. */
  kill(): Promise<void>;
  /** Starts kube-apiserver again on the same port and waits until it is ready. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Path of a binary of the toolchain; built when no source has it. */
export async function testBinary(name: BinaryName): Promise<string> {
  const toolchainDir = process.env['SLIPWAY_TEST_BIN'];
  const signal = new AbortController().signal;
  const [found] = await provideBinaries(createNodeHost(), [name], {
    signal,
    report: () => undefined,
    ...(toolchainDir !== undefined && { toolchainDir }),
  });
  if (!found) throw new Error(`no ${name}`);
  return found.path;
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-kube-'));
  const ports = await choosePorts(4);
  const children: ChildProcess[] = [];
  try {
    const ca = await makeAuthority(folder);
    const server = buildServer({ folder, ca, ports, options, children });
    await server.boot();
    return server.api;
  } catch (error) {
    await stopAll(children);
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

interface Parts {
  readonly folder: string;
  readonly ca: string;
  readonly ports: readonly number[];
  readonly options: ApiServerOptions;
  readonly children: ChildProcess[];
}

function buildServer(parts: Parts): { readonly api: ApiServer; boot(): Promise<void> } {
  const { folder, ports, children } = parts;
  const [etcdPort = 0, peerPort = 0, port = 0, managerPort = 0] = ports;
  const etcdUrl = `http://127.0.0.1:${etcdPort}`;
  const url = `https://127.0.0.1:${port}`;
  let apiserver: ChildProcess | undefined;
  let admin = { cert: '', key: '' };
  const start = async (): Promise<void> => {
    apiserver = launch(parts, 'kube-apiserver', [
      await testBinary('kube-apiserver'),
      ...apiServerFlags(folder, etcdUrl, port),
      ...(parts.options.flags ?? []),
    ]);
    await waitReady(url, { folder, admin, child: apiserver });
  };
  const api: ApiServer = {
    folder,
    url,
    port,
    etcdUrl,
    ca: parts.ca,
    get adminUser() {
      return admin;
    },
    get kubeconfig() {
      return kubeconfigFor({ server: url, ca: parts.ca, user: certificateUser(admin) });
    },
    issue: (certificate) => issueCertificate(folder, certificate),
    kill: () => stopAll(apiserver ? [apiserver] : []),
    start,
    stop: async () => {
      await stopAll(children);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return {
    api,
    boot: async () => {
      launch(parts, 'etcd', [
        await testBinary('etcd'),
        '--data-dir',
        join(folder, 'etcd'),
        '--listen-client-urls',
        etcdUrl,
        '--advertise-client-urls',
        etcdUrl,
        '--listen-peer-urls',
        `http://127.0.0.1:${peerPort}`,
        ...(parts.options.durable ? [] : ['--unsafe-no-fsync']),
      ]);
      const [issued] = await Promise.all([
        issueCertificate(folder, { user: 'admin', group: 'system:masters' }),
        issueServerCertificate(folder),
      ]);
      admin = issued;
      await start();
      if (parts.options.controllerManager) await startManager(parts, api, managerPort);
    },
  };
}

function apiServerFlags(folder: string, etcdUrl: string, port: number): readonly string[] {
  const at = (name: string): string => join(folder, name);
  return [
    `--etcd-servers=${etcdUrl}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    `--tls-cert-file=${at('server.crt')}`,
    `--tls-private-key-file=${at('server.key')}`,
    `--client-ca-file=${at('ca.crt')}`,
    `--token-auth-file=${at('tokens.csv')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${at('server.pub')}`,
    `--service-account-signing-key-file=${at('server.key')}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=RBAC',
    '--disable-admission-plugins=ServiceAccount',
    '--endpoint-reconciler-type=none',
  ];
}

async function startManager(parts: Parts, api: ApiServer, port: number): Promise<void> {
  const file = join(parts.folder, 'manager.kubeconfig');
  writeFileSync(file, api.kubeconfig, { mode: 0o600 });
  const key = join(parts.folder, 'server.key');
  launch(parts, 'kube-controller-manager', [
    await testBinary('kube-controller-manager'),
    `--kubeconfig=${file}`,
    `--authentication-kubeconfig=${file}`,
    `--authorization-kubeconfig=${file}`,
    `--service-account-private-key-file=${key}`,
    `--root-ca-file=${join(parts.folder, 'ca.crt')}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--leader-elect=false',
    '--controllers=*,-node-lifecycle-controller,-taint-eviction-controller',
  ]);
}

function launch({ folder, children }: Parts, name: string, argv: readonly string[]): ChildProcess {
  const log = openSync(join(folder, `${name}.log`), 'a');
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', log, log], env: { PATH: process.env['PATH'] ?? '' } });
  closeSync(log);
  children.push(child);
  return child;
}

async function stopAll(children: readonly ChildProcess[]): Promise<void> {
  await Promise.all(children.map((child) => endChild(child)));
}

interface Readiness {
  readonly folder: string;
  readonly admin: { readonly cert: string; readonly key: string };
  readonly child: ChildProcess;
}

async function waitReady(url: string, { folder, admin, child }: Readiness): Promise<void> {
  for (let attempt = 0; attempt < 1_200; attempt++) {
    if (child.exitCode !== null)
      throw new Error(
        `kube-apiserver exited with ${child.exitCode}: ${readFileSync(join(folder, 'kube-apiserver.log'), 'utf8').slice(-800)}`,
      );
    if (await answersReady(url, admin)) return;
    await sleep(50);
  }
  throw new Error(`kube-apiserver at ${url} is not ready after 60s`);
}

function answersReady(url: string, admin: { readonly cert: string; readonly key: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const ask = request(
      `${url}/readyz`,
      { rejectUnauthorized: false, cert: admin.cert, key: admin.key, agent: false, timeout: 2_000 },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    ask.once('error', () => resolve(false));
    ask.once('timeout', () => ask.destroy());
    ask.end();
  });
}

async function choosePorts(count: number): Promise<readonly number[]> {
  const { net } = createNodeHost();
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await net.freePort(ports));
  return [...ports];
}

async function openssl(folder: string, ...args: readonly string[]): Promise<void> {
  await run('openssl', args, { cwd: folder });
}

async function makeAuthority(folder: string): Promise<string> {
  await openssl(
    folder,
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=test-ca',
  );
  writeFileSync(join(folder, 'tokens.csv'), 'token-of-robot,robot,1,"system:masters"\ntoken-of-guest,guest,2,""\n', { mode: 0o600 });
  return readFileSync(join(folder, 'ca.crt'), 'utf8');
}

async function issueServerCertificate(folder: string): Promise<void> {
  await openssl(
    folder,
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
    '-subj',
    '/CN=kube-apiserver',
  );
  await openssl(folder, 'pkey', '-in', 'server.key', '-pubout', '-out', 'server.pub');
  writeFileSync(join(folder, 'san.ext'), 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:api.test\n');
  await openssl(
    folder,
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-CAserial',
    'server.srl',
    '-out',
    'server.crt',
    '-days',
    '2',
    '-extfile',
    'san.ext',
  );
}

async function issueCertificate(folder: string, { user, group, days = 2 }: CertificateOptions): Promise<{ cert: string; key: string }> {
  const subject = `${group === undefined ? '' : `/O=${group}`}/CN=${user}`;
  await openssl(
    folder,
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    `${user}.key`,
    '-out',
    `${user}.csr`,
    '-subj',
    subject,
  );
  await openssl(
    folder,
    'x509',
    '-req',
    '-in',
    `${user}.csr`,
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-CAserial',
    `${user}.srl`,
    '-out',
    `${user}.crt`,
    '-days',
    String(days),
  );
  return { cert: readFileSync(join(folder, `${user}.crt`), 'utf8'), key: readFileSync(join(folder, `${user}.key`), 'utf8') };
}

export interface KubeconfigParts {
  readonly server: string;
  readonly ca?: string;
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly user: Readonly<Record<string, unknown>>;
}

/** A kubeconfig with one context, as JSON (which is YAML). */
export function kubeconfigFor({ server, ca, cluster, user }: KubeconfigParts): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [{ name: 'test', cluster: { server, ...(ca !== undefined && { 'certificate-authority-data': base64(ca) }), ...cluster } }],
    users: [{ name: 'test', user }],
  });
}

export function certificateUser({ cert, key }: { readonly cert: string; readonly key: string }): Readonly<Record<string, unknown>> {
  return { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
