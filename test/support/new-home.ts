/**
 * What `down --to` is about: a management cluster of a project, a cluster on it that is nobody's of that project, and a second management
 * cluster elsewhere. Cluster API came onto both by hand, attached to a cloud that neither project has: the oracle, which outlives both.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cloudFile, ensureCloud, stopCloud } from '../../src/capi/in-memory/cloud.ts';
import { type Cloud, readCloud } from '../../src/capi/in-memory/oracle.ts';
import { installProviders } from '../../src/capi/providers/install.ts';
import { connectWebhooks } from '../../src/capi/providers/webhooks.ts';
import { CLUSTER, MACHINE } from '../../src/capi/words.ts';
import { clusterLayout } from '../../src/control-plane/cluster-layout.ts';
import { openRuntime } from '../../src/control-plane/runtime/runtime-step.ts';
import type { Host } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { testBinary } from './api-server.ts';
import { plainCluster } from './capi-fixtures.ts';
import { applyAll, PROVIDERS, waitAvailable } from './capi-management.ts';
import type { MachineCount } from './management.ts';
import { createSandbox, type Sandbox, succeed } from './slipway.ts';

const CLOUD = 'of-nobody';
const BOUND_MS = 360_000;
const never = new AbortController().signal;

export const OLD = 'old';
const NEW = 'new';
export const GUEST = { ...CLUSTER, namespace: 'default', name: 'guest' };

const document = (kind: string, name: string, spec: string): string =>
  `apiVersion: slipway.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

/** Where Cluster API stays for ever: on the bootstrap cluster, which lives on; or on the management cluster, after the pivot. */
export type Keeper = 'mgmt-bootstrap' | 'mgmt';

const oldProject = (keeper: Keeper): string => {
  const bootstrap = `bootstrapCluster: {provisioner: local}, pivot: {enabled: ${keeper === 'mgmt'}}`;
  return [
    document('Project', OLD, '{}'),
    document('Cluster', 'mgmt', `{provisioner: capi, role: management, capi: {infrastructure: local}, ${bootstrap}}`),
  ].join('---\n');
};

const NEW_PROJECT = [document('Project', NEW, '{}'), document('Cluster', 'home', '{provisioner: local}')].join('---\n');

/** A project and one of its clusters. */
interface Place {
  readonly sandbox: Sandbox;
  readonly project: string;
  readonly cluster: string;
}

export interface Homes {
  readonly old: Sandbox;
  /** Kubeconfig of the other management cluster. */
  readonly newHome: string;
  onOld<T>(act: (client: KubeClient) => Promise<T>): Promise<T>;
  onNew<T>(act: (client: KubeClient) => Promise<T>): Promise<T>;
  countMachines(): Promise<MachineCount>;
  remove(): Promise<void>;
}

/** Everything up; the guest has one machine and is Available. */
export async function createHomes(keeper: Keeper = 'mgmt'): Promise<Homes> {
  const old: Place = { sandbox: createSandbox({ files: { 'slipway.yaml': oldProject(keeper) } }), project: OLD, cluster: keeper };
  const next: Place = { sandbox: createSandbox({ files: { 'slipway.yaml': NEW_PROJECT } }), project: NEW, cluster: 'home' };
  const host = hostOf(next.sandbox);
  const cloudDir = join(next.sandbox.dir, 'cloud');
  mkdirSync(cloudDir);
  const newHome = join(next.sandbox.dir, 'home.kubeconfig');
  const homes: Homes = {
    old: old.sandbox,
    newHome,
    onOld: (act) => connected(old, act),
    onNew: (act) => connected(next, act),
    countMachines: () => countMachines(host, cloudFile(cloudDir)),
    remove: async () => {
      await stopCloud(host, CLOUD);
      await next.sandbox.remove();
      await old.sandbox.remove();
    },
  };
  try {
    const binary = await testBinary('in-memory-provider');
    await ensureCloud(host, { stateId: CLOUD, cloudDir, binary, signal: never, timeoutMs: BOUND_MS });
    for (const place of [next, old]) {
      await succeed(place.sandbox, ['up', '--yes', '--timeout', '6m']);
      await connected(place, (client) => bringClusterApi(place, client, cloudFile(cloudDir)));
    }
    writeFileSync(newHome, (await succeed(next.sandbox, ['kubeconfig', next.cluster])).stdout, { mode: 0o600 });
    await homes.onOld(async (client) => {
      await applyAll(client, plainCluster({ name: GUEST.name, namespace: GUEST.namespace, workers: 0 }));
      await waitAvailable(client, [GUEST.namespace], BOUND_MS);
    });
    return homes;
  } catch (error) {
    await homes.remove();
    throw error;
  }
}

const hostOf = ({ env }: Sandbox): Host => {
  const real = createNodeHost();
  return { ...real, env: { ...real.env, get: (name) => env[name] ?? real.env.get(name) } };
};

const folderOf = ({ sandbox, project, cluster }: Place): string => join(sandbox.project, '.slipway', project, 'clusters', cluster);

async function connected<T>(place: Place, act: (client: KubeClient) => Promise<T>): Promise<T> {
  const kubeconfig = readFileSync(clusterLayout(folderOf(place)).kubeconfig, 'utf8');
  const client = await createKubeClient(createNodeHost(), { kubeconfig });
  try {
    return await act(client);
  } finally {
    await client.close();
  }
}

/** As `clusterctl init` by somebody: what is there already is left alone. */
async function bringClusterApi(place: Place, client: KubeClient, file: string): Promise<void> {
  const host = hostOf(place.sandbox);
  const clusterDir = folderOf(place);
  const placement = { kind: 'local', clusterDir, cloudFile: file } as const;
  const options = { host, providers: PROVIDERS, owner: 'by-hand', placement, signal: never, timeoutMs: BOUND_MS };
  await installProviders(client, options);
  const clients: KubeClient[] = [];
  const open = async (kubeconfig: string): Promise<KubeClient> => {
    const opened = await createKubeClient(host, { kubeconfig });
    clients.push(opened);
    return opened;
  };
  try {
    const runtime = await openRuntime(
      { host, timeoutMs: BOUND_MS, report: () => undefined },
      { clusterDir, toolchainDir: undefined, connect: open },
    );
    await runtime.converge(never);
    await connectWebhooks(client, options);
  } finally {
    await Promise.all(clients.map((each) => each.close()));
  }
}

async function countMachines(host: Host, file: string): Promise<MachineCount> {
  const cloud: Cloud | undefined = await readCloud(host, file);
  if (!cloud) throw new Error('there is no in-memory cloud');
  const events = await cloud.events();
  const count = (type: string): number => events.filter((event) => event.type === type).length;
  return { created: count('machine.created'), deleted: count('machine.deleted') };
}

export interface Guest {
  readonly isPaused: boolean;
  readonly spec: unknown;
  readonly annotations: unknown;
  readonly machines: readonly string[];
}

/** What must be the same before and after a move, and while it is refused. @throws when it is not there */
export async function guestOn(client: KubeClient): Promise<Guest> {
  const [guest, { items }] = await Promise.all([client.get(GUEST), client.list(MACHINE)]);
  if (!guest) throw new Error(`no guest on ${client.server}`);
  const spec = guest['spec'] as { readonly paused?: boolean };
  const { annotations } = guest.metadata;
  return { isPaused: spec.paused === true, spec, annotations, machines: items.map(({ metadata }) => metadata.name).sort() };
}
