/** The peer: `clusterctl move` of the pinned toolchain, given what it wants to see (labels on kinds, an inventory), watched and timed. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KubeClient, type KubeObject, refOf } from '../../src/kube/types.ts';
import { testBinary } from './api-server.ts';
import { hasCondition } from './capi-objects.ts';

export interface MoveOptions {
  /** Private folder for kubeconfigs and clusterctl's home. */
  readonly dir: string;
  readonly from: string;
  readonly to: string;
  readonly namespace: string;
  /** Kills it. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface MoveResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly ms: number;
  readonly log: string;
}

export async function clusterctlMove(options: MoveOptions): Promise<MoveResult> {
  const { dir, from, to, namespace, signal, timeoutMs = 1_800_000 } = options;
  const binary = await testBinary('clusterctl');
  mkdirSync(dir, { recursive: true });
  const file = (name: string, text: string): string => {
    const path = join(dir, name);
    writeFileSync(path, text, { mode: 0o600 });
    chmodSync(path, 0o600);
    return path;
  };
  const args = [
    'move',
    '--kubeconfig',
    file('from.kubeconfig', from),
    '--to-kubeconfig',
    file('to.kubeconfig', to),
    '-n',
    namespace,
    '-v',
    '5',
  ];
  const env = { PATH: process.env['PATH'] ?? '', HOME: dir, XDG_CONFIG_HOME: dir, CLUSTERCTL_DISABLE_VERSIONCHECK: 'true' };
  const started = performance.now();
  const child = spawn(binary, [...args, '--config', file('clusterctl.yaml', '{}\n')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  signal?.addEventListener('abort', () => child.kill('SIGKILL'));
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, ended) => {
      clearTimeout(timer);
      resolve({ code, signal: ended, ms: performance.now() - started, log });
    });
  });
}

interface ProviderEntry {
  readonly name: string;
  readonly namespace: string;
  readonly type: string;
  readonly version: string;
}

/** What `clusterctl init` would have written. */
export async function writeInventory(client: KubeClient, providers: readonly ProviderEntry[]): Promise<void> {
  await client.apply(inventoryDefinition, { force: true });
  for (;;) if (hasCondition(await client.get(refOf(inventoryDefinition)), 'Established')) break;
  for (const { name, namespace, type, version } of providers) {
    const [providerName = name] = [name.replace(/^(bootstrap|control-plane|infrastructure)-/, '')];
    await client.apply(
      { apiVersion: INVENTORY_API, kind: 'Provider', metadata: { name, namespace }, providerName, type, version } as KubeObject,
      { force: true },
    );
  }
}

const INVENTORY_API = 'clusterctl.cluster.x-k8s.io/v1alpha3';

const inventoryDefinition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'providers.clusterctl.cluster.x-k8s.io', labels: { 'clusterctl.cluster.x-k8s.io': '' } },
  spec: {
    group: 'clusterctl.cluster.x-k8s.io',
    names: { kind: 'Provider', listKind: 'ProviderList', plural: 'providers', singular: 'provider' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha3',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: Object.fromEntries(
              ['apiVersion', 'kind', 'providerName', 'type', 'version', 'watchedNamespace'].map((key) => [key, { type: 'string' }]),
            ),
          },
        },
      },
    ],
  },
};
