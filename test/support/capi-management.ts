/**
 * Two management clusters with all providers on one in-memory cloud, ready for a pivot: fixtures are applied to the source and waited
 * for, then a snapshot is what every scenario starts from. The cloud is the oracle: no machine may come or go by a pivot.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cloud, type CloudEvent, readCloud } from '../../src/capi/in-memory/oracle.ts';
import { cloudFile, ensureCloud } from '../../src/capi/in-memory/cloud.ts';
import { installProviders } from '../../src/capi/providers/install.ts';
import { connectWebhooks, type ConnectWebhooksOptions } from '../../src/capi/providers/webhooks.ts';
import type { ProviderName } from '../../src/capi/providers/provider.ts';
import { CLUSTER } from '../../src/capi/words.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { testBinary } from './api-server.ts';
import { hasCondition } from './capi-objects.ts';
import { type CapiEnd, type CapiWorld, type CapiWorldOptions, createCapiWorld } from './capi-world.ts';

export const PROVIDERS: readonly ProviderName[] = ['core', 'kubeadm-bootstrap', 'kubeadm-control-plane', 'in-memory'];

const LONG_MS = 600_000;
const never = new AbortController().signal;

export interface Management {
  readonly world: CapiWorld;
  cloud(): Promise<Cloud>;
  /** Creations and deletions of machines in the cloud since a number of its event list. */
  machineEvents(after: number): Promise<readonly CloudEvent[]>;
  lastEvent(): Promise<number>;
  close(): Promise<void>;
}

/** Both ends with providers, nothing defined on them yet. */
export async function createManagement(options: CapiWorldOptions = {}): Promise<Management> {
  const world = await createCapiWorld(options);
  try {
    const cloudDir = join(world.dir, 'cloud');
    const binary = await testBinary('in-memory-provider');
    await ensureCloud(world.host, { stateId: 'pivot', cloudDir, binary, signal: never, timeoutMs: LONG_MS });
    await world.start();
    for (const end of [world.source, world.target]) await installOn(world, end, cloudFile(cloudDir));
    world.onStarted = async (end) => connectWebhooks(await end.client(), commonOptions(world, end, cloudFile(cloudDir)));
    const cloud = async (): Promise<Cloud> => {
      const found = await readCloud(world.host, cloudFile(cloudDir));
      if (!found) throw new Error('the in-memory cloud wrote no file');
      return found;
    };
    return {
      world,
      cloud,
      machineEvents: async (after) =>
        (await (await cloud()).events(after)).filter(({ type }) => type === 'machine.created' || type === 'machine.deleted'),
      lastEvent: async () => (await (await cloud()).state()).lastSeq,
      close: () => world.close(),
    };
  } catch (error) {
    await world.close();
    throw error;
  }
}

async function installOn(world: CapiWorld, end: CapiEnd, file: string): Promise<void> {
  const client = await end.client();
  const common = commonOptions(world, end, file);
  await installProviders(client, common);
  await waitRolledOut(client);
  await connectWebhooks(client, common);
}

function commonOptions(world: CapiWorld, end: CapiEnd, file: string): ConnectWebhooksOptions {
  const placement = { kind: 'local', clusterDir: end.clusterDir, cloudFile: file } as const;
  return { host: world.host, providers: PROVIDERS, owner: 'pivot-suite', placement, signal: never, timeoutMs: LONG_MS };
}

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };

/** The world's kubelet does the work; a second runtime beside it would bind the same pods. */
async function waitRolledOut(client: KubeClient): Promise<void> {
  for (const begun = performance.now(); ; await sleep(200)) {
    const { items } = await client.list(DEPLOYMENT, { labelSelector: 'cluster.x-k8s.io/provider' });
    const waiting = items.filter((deployment) => !hasCondition(deployment, 'Available'));
    if (items.length >= PROVIDERS.length && waiting.length === 0) return;
    if (performance.now() - begun > LONG_MS) throw new Error(`not rolled out: ${waiting.map(({ metadata }) => metadata.name).join(', ')}`);
  }
}

/** Server-side apply in the order given; an admission that is not ready yet is asked again. */
export async function applyAll(client: KubeClient, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) await client.apply(object, { force: true, fieldManager: 'platform-team' });
}

/** Waits until each of the namespaces' Clusters that is not paused is Available. @throws with those that are not */
export async function waitAvailable(client: KubeClient, namespaces: readonly string[], timeoutMs = LONG_MS): Promise<void> {
  for (const begun = performance.now(); ; await sleep(500)) {
    const lists = await Promise.all(namespaces.map((namespace) => client.list(CLUSTER, { namespace })));
    const clusters = lists.flatMap(({ items }) => items);
    const missing = clusters.filter(
      (cluster) => (cluster['spec'] as { paused?: boolean }).paused !== true && !hasCondition(cluster, 'Available'),
    );
    if (clusters.length > 0 && missing.length === 0) return;
    if (performance.now() - begun > timeoutMs)
      throw new Error(`not Available on ${client.server}: ${missing.map(({ metadata }) => metadata.name).join(', ')}`);
  }
}
