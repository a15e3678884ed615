/**
 * The in-memory cloud with its provider on real API servers, without the rest of Cluster API: what its controllers would write (owners,
 * provisioned infrastructure, bootstrap data) is written by hand, so that one reconciler is watched and nothing else moves.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cloudFile, ensureCloud, observeCloud, stopCloud } from '../../src/capi/in-memory/cloud.ts';
import { type Cloud, readCloud } from '../../src/capi/in-memory/oracle.ts';
import { CLUSTER_NAME_LABEL, CORE_API, INFRASTRUCTURE_API, INFRASTRUCTURE_GROUP } from '../../src/capi/words.ts';
import type { EnsureResult } from '../../src/control-plane/processes.ts';
import type { Host } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { type ApiServer, startApiServer, testBinary } from './api-server.ts';
import { REPOSITORY } from './slipway.ts';

const STATE_ID = 'in-memory-suite';
const BOUND_MS = 180_000;
const never = new AbortController().signal;

export interface PodProcess {
  readonly pid: number;
  readonly log: () => string;
  /** Status 200 of /readyz. */
  ready(): Promise<boolean>;
  /** Code of its end, however it comes. */
  readonly ended: Promise<number | null>;
  /** Resolves when the process is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

export interface ManagementServer {
  readonly api: ApiServer;
  readonly client: KubeClient;
  /** Starts the provider's pod process. */
  launch(): Promise<PodProcess>;
  /** The same, and waits until it is ready. */
  attach(): Promise<PodProcess>;
}

export interface InMemoryWorld {
  readonly host: Host;
  readonly cloudDir: string;
  ensure(): Promise<EnsureResult>;
  cloud(): Promise<Cloud>;
  killCloud(): Promise<void>;
  /** Local addresses on which the cloud's process listens, as the kernel shows them. */
  listening(): Promise<readonly string[]>;
  /** `flags`: further ones of kube-apiserver. */
  manage(flags?: readonly string[]): Promise<ManagementServer>;
  close(): Promise<void>;
}

/** A running cloud and nothing that is attached to it. */
export async function createInMemoryWorld(): Promise<InMemoryWorld> {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-cloud-'));
  const real = createNodeHost();
  const host: Host = {
    ...real,
    env: { ...real.env, get: (name) => (name === 'XDG_STATE_HOME' ? join(dir, 'state') : real.env.get(name)) },
  };
  const cloudDir = join(dir, 'cloud');
  const binary = await testBinary('in-memory-provider');
  const ends: (() => Promise<unknown>)[] = [];
  const identity = async () => {
    const { identity: found } = await observeCloud(host, STATE_ID);
    if (!found) throw new Error('no in-memory cloud runs');
    return found;
  };
  const world: InMemoryWorld = {
    host,
    cloudDir,
    ensure: () => ensureCloud(host, { stateId: STATE_ID, cloudDir, binary, signal: never, timeoutMs: BOUND_MS }),
    cloud: async () => {
      const cloud = await readCloud(host, cloudFile(cloudDir));
      if (!cloud) throw new Error('the in-memory cloud wrote no file');
      return cloud;
    },
    killCloud: async () => {
      const victim = await identity();
      await host.processes.signal(victim, 'SIGKILL');
      await until('the cloud is gone', async () => !(await host.processes.isAlive(victim)));
    },
    listening: async () => listeningAddresses((await identity()).pid),
    manage: (flags = []) => manage(host, { binary, cloudFile: cloudFile(cloudDir), ends, flags }),
    close: async () => {
      for (const end of ends.toReversed()) await end();
      await stopCloud(host, STATE_ID);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await world.ensure();
  return world;
}

/** Asks until it holds. @throws with the words after three minutes */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const begun = performance.now(); !(await holds()); await sleep(20)) {
    if (performance.now() - begun > BOUND_MS) throw new Error(`it did not come about that ${what}`);
  }
}

interface Parts {
  readonly binary: string;
  readonly cloudFile: string;
  readonly ends: (() => Promise<unknown>)[];
  readonly flags: readonly string[];
}

async function manage(host: Host, parts: Parts): Promise<ManagementServer> {
  const api = await startApiServer({ flags: parts.flags });
  parts.ends.push(() => api.stop());
  const client = await createKubeClient(host, { kubeconfig: api.kubeconfig });
  parts.ends.push(() => client.close());
  for (const definition of definitions()) await client.apply(definition);
  writeFileSync(join(api.folder, 'admin.kubeconfig'), api.kubeconfig, { mode: 0o600 });
  const certificates = join(api.folder, 'webhooks');
  mkdirSync(certificates);
  symlinkSync(join(api.folder, 'server.crt'), join(certificates, 'tls.crt'));
  symlinkSync(join(api.folder, 'server.key'), join(certificates, 'tls.key'));
  for (const { metadata } of definitions()) await until(`${metadata.name} is established`, () => isEstablished(client, metadata.name));
  return { api, client, launch: () => launch(host, api, parts), attach: () => attach(host, api, parts) };
}

async function isEstablished(client: KubeClient, name: string): Promise<boolean> {
  const found = await client.get({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name });
  // Null right after the creation.
  const { conditions } = (found?.['status'] ?? {}) as { conditions?: readonly { type: string; status: string }[] | null };
  return (conditions ?? []).some(({ type, status }) => type === 'Established' && status === 'True');
}

/** Clusters, Machines and the Dev kinds, of one version each: nothing is converted here. */
function definitions(): readonly KubeObject[] {
  const wanted = /^(clusters|machines)\.cluster\.x-k8s\.io$|^dev(cluster|machine)s\./;
  return ['core', 'in-memory'].flatMap((name) => {
    const { items } = JSON.parse(readFileSync(join(REPOSITORY, 'src', 'capi', 'components', `${name}.json`), 'utf8')) as {
      readonly items: readonly KubeObject[];
    };
    return items.filter(({ kind, metadata }) => kind === 'CustomResourceDefinition' && wanted.test(metadata.name)).map(withOneVersion);
  });
}

function withOneVersion(definition: KubeObject): KubeObject {
  const { conversion: _, ...spec } = definition['spec'] as { conversion?: unknown; versions: readonly { storage: boolean }[] };
  return { ...definition, spec: { ...spec, versions: spec.versions.filter(({ storage }) => storage) } };
}

async function attach(host: Host, api: ApiServer, parts: Parts): Promise<PodProcess> {
  const pod = await launch(host, api, parts);
  let ended = false;
  void pod.ended.then(() => {
    ended = true;
  });
  await until(`the provider on ${api.url} is ready`, async () => {
    if (ended) throw new Error(`the provider ended: ${pod.log().slice(-1_500)}`);
    return pod.ready();
  });
  return pod;
}

async function launch(host: Host, api: ApiServer, { binary, cloudFile: file, ends }: Parts): Promise<PodProcess> {
  const ports = new Set<number>();
  const health = await host.net.freePort(ports);
  ports.add(health);
  const webhook = await host.net.freePort(ports);
  const logFile = join(api.folder, `provider-${health}.log`);
  const log = openSync(logFile, 'a');
  const args = [
    `--kubeconfig=${join(api.folder, 'admin.kubeconfig')}`,
    `--webhook-port=${webhook}`,
    `--webhook-cert-dir=${join(api.folder, 'webhooks')}`,
    `--health-addr=127.0.0.1:${health}`,
    '--diagnostics-address=0',
    '--leader-elect=false',
    '--feature-gates=ClusterTopology=true,MachinePool=true,ReconcilerRateLimiting=false',
  ];
  const child = spawn(binary, args, { cwd: api.folder, stdio: ['ignore', log, log], env: { IN_MEMORY_CLOUD_FILE: file } });
  closeSync(log);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const pod: PodProcess = {
    pid: child.pid ?? 0,
    ended,
    log: () => readFileSync(logFile, 'utf8'),
    ready: async () => (await fetch(`http://127.0.0.1:${health}/readyz`).catch(() => undefined))?.status === 200,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
  ends.push(() => pod.end('SIGKILL'));
  return pod;
}

/** Of /proc/net/tcp and tcp6, those whose socket is among the process's own. */
function listeningAddresses(pid: number): readonly string[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? ''];
      } catch {
        return [];
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => columns[3] === '0A' && own.has(columns[9] ?? ''))
      .map((columns) => columns[1] ?? ''),
  );
}

/** A Cluster whose infrastructure is provisioned, its DevCluster (without annotations), its authorities. */
export async function createCluster(client: KubeClient, name: string): Promise<void> {
  const infrastructureRef = { apiGroup: INFRASTRUCTURE_GROUP, kind: 'DevCluster', name };
  const cluster = await client.create({
    apiVersion: CORE_API,
    kind: 'Cluster',
    metadata: { name, namespace: 'default' },
    spec: { infrastructureRef },
  });
  for (const authority of ['ca', 'etcd']) await client.create(authoritySecret(`${name}-${authority}`, name));
  await client.create({
    apiVersion: INFRASTRUCTURE_API,
    kind: 'DevCluster',
    metadata: { name, namespace: 'default', labels: { [CLUSTER_NAME_LABEL]: name }, ownerReferences: [ownedBy(cluster)] },
    spec: { backend: { inMemory: {} } },
  });
  await markProvisioned(client, name);
}

/** What the core controller does once the DevCluster is provisioned. */
export async function markProvisioned(client: KubeClient, name: string): Promise<void> {
  const ref = { apiVersion: CORE_API, kind: 'Cluster', name, namespace: 'default' };
  await client.mergePatch(ref, { status: { initialization: { infrastructureProvisioned: true } } }, { subresource: 'status' });
}

function authoritySecret(name: string, cluster: string): KubeObject {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-authority-'));
  try {
    const key = join(folder, 'key');
    const subject = ['-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE'];
    const crt = execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-keyout', key, ...subject], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'cluster.x-k8s.io/secret',
      metadata: { name, namespace: 'default', labels: { [CLUSTER_NAME_LABEL]: cluster } },
      data: { 'tls.crt': crt.toString('base64'), 'tls.key': readFileSync(key).toString('base64') },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface MachineOptions {
  readonly cluster: string;
  readonly controlPlane?: boolean;
}

/** A Machine that has its bootstrap data, and its DevMachine. */
export async function createMachine(client: KubeClient, name: string, { cluster, controlPlane = false }: MachineOptions): Promise<void> {
  const labels = { [CLUSTER_NAME_LABEL]: cluster, ...(controlPlane && { 'cluster.x-k8s.io/control-plane': '' }) };
  const machine = await client.create({
    apiVersion: CORE_API,
    kind: 'Machine',
    metadata: { name, namespace: 'default', labels },
    spec: {
      clusterName: cluster,
      version: 'v1.36.3',
      bootstrap: { dataSecretName: `${name}-bootstrap` },
      infrastructureRef: { apiGroup: INFRASTRUCTURE_GROUP, kind: 'DevMachine', name },
    },
  });
  await client.create({
    apiVersion: INFRASTRUCTURE_API,
    kind: 'DevMachine',
    metadata: { name, namespace: 'default', labels, ownerReferences: [ownedBy(machine)] },
    spec: { backend: { inMemory: {} } },
  });
}

const ownedBy = ({ apiVersion, kind, metadata }: KubeObject) => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid ?? '',
  controller: true,
});
