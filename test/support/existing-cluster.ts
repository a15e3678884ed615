/**
 * A cluster that is "already there" for provisioner `existing`: a real control plane in a sandbox of its own. It has no kubelet;
 * the local runtime in this process stands in for one, so that Flux runs from the Deployments that were put on the cluster.
 */
import { join } from 'node:path';
import { readCluster } from '../../src/control-plane/local-cluster.ts';
import { createRuntime } from '../../src/control-plane/runtime/runtime.ts';
import type { Host } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient, KubeObject, ObjectRef } from '../../src/kube/types.ts';
import { createSandbox, PLAIN_CLUSTER, type Sandbox, succeed } from './slipway.ts';

export interface ExistingCluster {
  readonly sandbox: Sandbox;
  /** File with the administrator's kubeconfig. */
  readonly kubeconfigFile: string;
  readonly kubeconfig: string;
  readonly client: KubeClient;
  /** Ends the kubelet; its pods' processes go on, as on a node whose kubelet died. */
  stopKubelet(): Promise<void>;
  startKubelet(): Promise<void>;
  stop(): Promise<void>;
}

export async function startExistingCluster(): Promise<ExistingCluster> {
  const sandbox = createSandbox({ files: { 'slipway.yaml': PLAIN_CLUSTER } });
  try {
    await succeed(sandbox, ['up', '--yes']);
    return await withKubelet(sandbox);
  } catch (error) {
    await sandbox.remove();
    throw error;
  }
}

async function withKubelet(sandbox: Sandbox): Promise<ExistingCluster> {
  const host = hostOf(sandbox);
  const clusterDir = join(sandbox.project, '.slipway', 'demo', 'clusters', 'demo');
  const { stdout: kubeconfig } = await succeed(sandbox, ['kubeconfig']);
  const client = await createKubeClient(host, { kubeconfig });
  const cluster = await readCluster(host, clusterDir);
  if (!cluster) throw new Error(`no cluster in ${clusterDir}`);
  let stop = new AbortController();
  let working = Promise.resolve();
  const existing: ExistingCluster = {
    ...{ sandbox, kubeconfig, client },
    kubeconfigFile: join(clusterDir, 'kubeconfig'),
    startKubelet: async () => {
      stop = new AbortController();
      working = (await createRuntime({ host, client, cluster, timeoutMs: 60_000, report: () => undefined })).watch(stop.signal);
    },
    stopKubelet: async () => {
      stop.abort();
      await working;
    },
    stop: async () => {
      await existing.stopKubelet();
      await client.close();
      await sandbox.remove();
    },
  };
  await existing.startKubelet();
  return existing;
}

/** This machine, with the sandbox's own process registry. */
function hostOf({ env }: Sandbox): Host {
  const real = createNodeHost();
  return { ...real, env: { ...real.env, get: (name) => env[name] ?? real.env.get(name) } };
}

export interface ProjectOptions {
  readonly kubeconfig: string;
  readonly repositories?: string;
  readonly name?: string;
}

/** A project with one existing cluster `prod`; `kubeconfig` and `repositories` are YAML in one line. */
export function existingProject({ kubeconfig, repositories, name = 'prod' }: ProjectOptions): string {
  const gitops = repositories === undefined ? '' : `  gitops: {repositories: ${repositories}}\n`;
  return `apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: ${name}}\nspec:\n  provisioner: existing\n  existing: {kubeconfig: ${kubeconfig}}\n${gitops}`;
}

export function configMap(name: string, value = 'one', namespace = 'default'): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: ${namespace}}\ndata: {value: ${value}}\n`;
}

export const configMapRef = (name: string, namespace = 'default'): ObjectRef => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name });

/** `data.value` of a ConfigMap. */
export async function valueOf(client: KubeClient, name: string, namespace = 'default'): Promise<string | undefined> {
  const object = await client.get(configMapRef(name, namespace));
  return (object?.['data'] as { readonly value?: string } | undefined)?.value;
}

/** The server's present truth as names, without what every Kubernetes makes by itself. */
export async function objectNames(client: KubeClient): Promise<readonly string[]> {
  const kinds = (await client.resources()).filter(({ verbs, kind }) => verbs.includes('list') && !IGNORED_KINDS.has(kind));
  const lists = await Promise.all(
    kinds.map(async ({ apiVersion, kind }) => (await client.list({ apiVersion, kind })).items.map((item) => nameOf(item, kind))),
  );
  return lists
    .flat()
    .filter((name) => !name.endsWith('/kube-root-ca.crt'))
    .sort();
}

const IGNORED_KINDS: ReadonlySet<string> = new Set([
  'Event',
  'Lease',
  'EndpointSlice',
  'Endpoints',
  'ControllerRevision',
  'Node',
  'CSINode',
  'APIService',
  'StorageVersion',
  // Of a Service: the API server takes it away in its own time.
  'IPAddress',
]);

const nameOf = ({ metadata }: KubeObject, kind: string): string => [kind, metadata.namespace, metadata.name].filter(Boolean).join('/');
