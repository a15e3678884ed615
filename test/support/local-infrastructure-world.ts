/**
 * Real API servers with the kinds of Cluster API and of the infrastructure `local`, for the reconciler's tests: own process register,
 * own folders, and an end that leaves nothing even when a test fails. Core's controllers run only where a test asks for them.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  createLocalInfrastructure,
  type LocalInfrastructure,
  type LocalInfrastructureOptions,
} from '../../src/capi/local/infrastructure.ts';
import { localProviderObjects } from '../../src/capi/local/definitions.ts';
import { pinnedVersion } from '../../src/capi/local/raise.ts';
import { CLUSTER, LOCAL_API, LOCAL_CLUSTER, LOCAL_CONTROL_PLANE, LOCAL_GROUP } from '../../src/capi/words.ts';
import { listClusterIds } from '../../src/control-plane/process-registry.ts';
import { listProcesses, stopProcess } from '../../src/control-plane/processes.ts';
import type { Host, ProcessIdentity } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { applyObjects } from '../../src/kube/apply.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { parseManifests } from '../../src/kube/manifests.ts';
import type { KubeClient, KubeObject, ObjectRef } from '../../src/kube/types.ts';
import { type ApiServer, startApiServer, testBinary } from './api-server.ts';

const run = promisify(execFile);

export interface Management {
  readonly server: ApiServer;
  readonly client: KubeClient;
}

export interface LocalInfrastructureWorld {
  readonly host: Host;
  readonly dir: string;
  readonly clustersDir: string;
  readonly version: string;
  /** What the reconcilers reported. */
  readonly reports: string[];
  /** An API server with the kinds; with `core`, also with core's controllers. */
  management(options?: { readonly core?: boolean }): Promise<Management>;
  infrastructure(management: Pick<Management, 'client'>, options?: Partial<LocalInfrastructureOptions>): LocalInfrastructure;
  /** Live processes of the control plane with that identity. */
  alive(clusterId: string): Promise<Readonly<Record<string, ProcessIdentity>>>;
  close(): Promise<void>;
}

export async function createLocalInfrastructureWorld(): Promise<LocalInfrastructureWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-capi-local-'));
  const real = createNodeHost();
  const host: Host = {
    ...real,
    env: { ...real.env, get: (name) => (name === 'XDG_STATE_HOME' ? join(dir, 'state') : real.env.get(name)) },
  };
  const clustersDir = join(dir, 'clusters');
  const started: { readonly server: ApiServer; readonly client: KubeClient }[] = [];
  const children: ChildProcess[] = [];
  const reports: string[] = [];
  return {
    host,
    dir,
    clustersDir,
    version: await pinnedVersion(host),
    reports,
    management: async ({ core = false } = {}) => {
      const server = await startApiServer({ controllerManager: true });
      const client = await createKubeClient(host, { kubeconfig: server.kubeconfig });
      const management = { server, client };
      started.push(management);
      await applyObjects(client, [...(await coreDefinitions()), ...localProviderObjects()], { host });
      if (core) children.push(await startCore(server));
      return management;
    },
    infrastructure: ({ client }, options = {}) =>
      createLocalInfrastructure({
        host,
        client,
        clustersDir,
        toolchainDir: process.env['SLIPWAY_TEST_BIN'],
        timeoutMs: 300_000,
        report: (report) => void ('message' in report && reports.push(report.message)),
        ...options,
      }),
    alive: async (clusterId) => {
      const states = await listProcesses(host, clusterId);
      return Object.fromEntries(
        states.flatMap(({ component, identity, state }) => (state === 'running' && identity ? [[component, identity]] : [])),
      );
    },
    close: async () => {
      for (const child of children) child.kill('SIGKILL');
      for (const { client, server } of started) {
        await client.close();
        await server.stop();
      }
      for (const clusterId of await listClusterIds(host)) {
        for (const { component } of await listProcesses(host, clusterId)) await stopProcess(host, { clusterId, component });
      }
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Definitions of core, as the pinned module brings them; v1beta1 is not served, because nobody converts here. */
export async function coreDefinitions(): Promise<readonly KubeObject[]> {
  const { stdout } = await run('go', ['mod', 'download', '-json', 'sigs.k8s.io/cluster-api'], {
    cwd: join(import.meta.dirname, '..', '..', 'toolchain'),
  });
  const bases = join((JSON.parse(stdout) as { readonly Dir: string }).Dir, 'core', 'config', 'crd', 'bases');
  return readdirSync(bases).flatMap((file) =>
    parseManifests(readFileSync(join(bases, file), 'utf8'), file).map(({ object }) => onlyStored(object)),
  );
}

function onlyStored(object: KubeObject): KubeObject {
  const spec = object['spec'] as { readonly versions: readonly { readonly storage: boolean; readonly served: boolean }[] };
  return { ...object, spec: { ...spec, versions: spec.versions.map((version) => ({ ...version, served: version.storage })) } };
}

/** Its webhooks are served and never called: no configuration names them. */
async function startCore(server: ApiServer): Promise<ChildProcess> {
  const folder = join(server.folder, 'core');
  mkdirSync(folder);
  writeFileSync(join(folder, 'kubeconfig'), server.kubeconfig, { mode: 0o600 });
  for (const [from, to] of [
    ['server.crt', 'tls.crt'],
    ['server.key', 'tls.key'],
  ] as const)
    writeFileSync(join(folder, to), readFileSync(join(server.folder, from)));
  const { net } = createNodeHost();
  const [webhook, health] = [await net.freePort(), await net.freePort()];
  const log = openSync(join(folder, 'core.log'), 'a');
  const child = spawn(
    await testBinary('cluster-api-core'),
    [
      `--kubeconfig=${join(folder, 'kubeconfig')}`,
      `--webhook-port=${webhook}`,
      `--webhook-cert-dir=${folder}`,
      '--diagnostics-address=0',
      `--health-addr=127.0.0.1:${health}`,
      '--feature-gates=ClusterTopology=true,MachinePool=true,ReconcilerRateLimiting=false',
      '--skip-crd-migration-phases=StorageVersionMigration,CleanupManagedFields',
    ],
    { cwd: folder, stdio: ['ignore', log, log], env: { PATH: process.env['PATH'] ?? '', HOME: folder } },
  );
  closeSync(log);
  return child;
}

const NAMESPACE = 'default';

/** Cluster, LocalCluster and LocalControlPlane of one name, as definitions bring them. */
export function localDefinitions(name: string, version: string, namespace = NAMESPACE): readonly KubeObject[] {
  const metadata = { name, namespace };
  const ref = (kind: string): unknown => ({ apiGroup: LOCAL_GROUP, kind, name });
  return [
    { ...CLUSTER, metadata, spec: { infrastructureRef: ref('LocalCluster'), controlPlaneRef: ref('LocalControlPlane') } },
    { apiVersion: LOCAL_API, kind: 'LocalCluster', metadata, spec: {} },
    { apiVersion: LOCAL_API, kind: 'LocalControlPlane', metadata, spec: { version } },
  ];
}

export const clusterRef = (name: string): ObjectRef => ({ ...CLUSTER, name, namespace: NAMESPACE });
export const localClusterRef = (name: string): ObjectRef => ({ ...LOCAL_CLUSTER, name, namespace: NAMESPACE });
export const controlPlaneRef = (name: string): ObjectRef => ({ ...LOCAL_CONTROL_PLANE, name, namespace: NAMESPACE });
export const kubeconfigRef = (name: string): ObjectRef => ({
  apiVersion: 'v1',
  kind: 'Secret',
  name: `${name}-kubeconfig`,
  namespace: NAMESPACE,
});

export interface DefineOptions {
  readonly version: string;
  /** The Cluster is made the owner, which is core's work where its controllers run. */
  readonly owned: boolean;
  readonly namespace?: string;
}

export async function define(client: KubeClient, name: string, { version, owned, namespace }: DefineOptions): Promise<void> {
  const [cluster, ...others] = localDefinitions(name, version, namespace);
  if (!cluster) throw new Error('no Cluster');
  const { uid = '' } = (await client.create(cluster)).metadata;
  const ownerReferences = [{ apiVersion: CLUSTER.apiVersion, kind: CLUSTER.kind, name, uid }];
  for (const object of others) await client.create(owned ? { ...object, metadata: { ...object.metadata, ownerReferences } } : object);
}

export async function clusterIdOf(client: KubeClient, name: string): Promise<string> {
  const controlPlane = await client.get(controlPlaneRef(name));
  return (controlPlane?.['spec'] as { readonly clusterID?: string } | undefined)?.clusterID ?? '-';
}

/** spec.controlPlaneEndpoint of a Cluster or LocalCluster. */
export async function endpointOf(client: KubeClient, ref: ObjectRef): Promise<unknown> {
  const object = await client.get(ref);
  return (object?.['spec'] as { readonly controlPlaneEndpoint?: unknown } | undefined)?.controlPlaneEndpoint;
}

/** The text of a cluster's kubeconfig Secret. */
export async function publishedKubeconfig(client: KubeClient, name: string): Promise<string> {
  const secret = await client.get(kubeconfigRef(name));
  const { value = '' } = (secret?.['data'] ?? {}) as { readonly value?: string };
  return Buffer.from(value, 'base64').toString();
}

/** Status of a condition; undefined when nobody said anything. */
export async function conditionOf(
  client: KubeClient,
  ref: ObjectRef,
  type: string,
): Promise<
  { readonly status: string; readonly reason: string; readonly message: string; readonly observedGeneration?: number } | undefined
> {
  const status = (await client.get(ref))?.['status'] as { readonly conditions?: readonly { readonly type: string }[] } | undefined;
  return status?.conditions?.find((condition) => condition.type === type) as never;
}

export const never = (): AbortSignal => new AbortController().signal;
