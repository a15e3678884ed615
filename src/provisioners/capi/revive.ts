/**
 * Brings a cluster that holds Cluster API objects back to work, imperatively: for undoing, which has only records, and for a step that goes
 * on after a death. Everything here may be called again at any time.
 */
import { ensureCloud } from '../../capi/in-memory/cloud.ts';
import { ensureLocalControlPlanes } from '../../capi/local/standing.ts';
import { installProviders } from '../../capi/providers/install.ts';
import { connectWebhooks } from '../../capi/providers/webhooks.ts';
import { clusterLayout } from '../../control-plane/cluster-layout.ts';
import { componentTable, runComponent } from '../../control-plane/components.ts';
import { controlPlaneComponents, type ControlPlanePorts } from '../../control-plane/control-plane-args.ts';
import { controlPlaneStepIds } from '../../control-plane/control-plane-options.ts';
import { type ClusterIdentity, readCluster } from '../../control-plane/local-cluster.ts';
import { prepareCluster } from '../../control-plane/prepare-cluster.ts';
import { removeCluster } from '../../control-plane/prepare-step.ts';
import { openRuntime } from '../../control-plane/runtime/runtime-step.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { StepRecord } from '../../engine/step.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { BinaryName } from '../../toolchain/catalogue.ts';
import { provideBinaries } from '../../toolchain/provide.ts';
import { attendanceOf, type Attendant } from './attendance.ts';
import { cloudDir, clustersDir } from './ids.ts';
import { connectTo, type Guide, type Place, placementOf } from './way.ts';

export interface Reviver {
  readonly attendant: Attendant;
  readonly guide: Guide;
}

/** Its control plane, its controllers and their webhooks serve again; nothing is installed. @throws SLW-CAP-401 when it cannot be reached */
export async function revive(place: Place, reviver: Reviver): Promise<KubeClient> {
  const { attendant, guide } = reviver;
  await reviveCloud(place, reviver);
  if (place.way.kind === 'folder') {
    const { host, signal, timeoutMs, report } = attendant;
    const { stateDir, toolchainDir } = guide.context;
    await ensureLocalControlPlanes(host, {
      clustersDir: clustersDir(stateDir),
      names: [place.name],
      toolchainDir,
      signal,
      timeoutMs,
      report,
    });
  }
  const client = await connectTo(place, guide);
  if (!client) throw new SlipwayError('SLW-CAP-401', `${place.name} does not answer`, { object: `Cluster/${place.name}` });
  await workAgain(place, client, reviver);
  return client;
}

/** The bootstrap cluster as it was made, with the identity that the journal knows, so that the journal's own undoing removes it. @throws SLW-CAP-406 */
export async function reviveBootstrap(place: Place, reviver: Reviver): Promise<KubeClient> {
  const { attendant, guide } = reviver;
  await reviveCloud(place, reviver);
  await startBootstrap(place, reviver);
  const client = await connectTo(place, guide);
  if (!client)
    throw new SlipwayError('SLW-CAP-406', `the bootstrap cluster ${place.name} does not answer`, { object: `Cluster/${place.name}` });
  const { host, signal, timeoutMs, report } = attendant;
  const { providers, owner } = place;
  await installProviders(client, { host, signal, timeoutMs, report, providers, owner, placement: placementOf(place) });
  await workAgain(place, client, reviver);
  return client;
}

/** What still stands of the bootstrap cluster, its controllers as they are; undefined when it is gone. */
export async function wakeBootstrap(place: Place, reviver: Reviver): Promise<KubeClient | undefined> {
  const { way } = place;
  const { host } = reviver.attendant;
  if (way.kind === 'folder' && (await host.files.stat(clusterLayout(way.dir).clusterFile)) === undefined) return undefined;
  await startBootstrap(place, reviver);
  return connectTo(place, reviver.guide);
}

/** Ends what still stands of a bootstrap cluster of ours. */
export async function removeBootstrap(place: Place, { attendant, guide }: Reviver): Promise<void> {
  const record = guide.record(controlPlaneStepIds(place.name).prepare);
  const clusterId = record?.outputs['clusterId'] ?? record?.intent.choices?.['clusterId'];
  if (place.way.kind === 'folder' && typeof clusterId === 'string')
    await removeCluster(attendant.host, { clusterId, clusterDir: place.way.dir, graceMs: FAREWELL_MS });
}

/** What it would still write goes with it. */
const FAREWELL_MS = 1_000;

/** Only its control plane: enough to read and write, while its controllers stay as they are. */
export async function startBootstrap(place: Place, { attendant, guide }: Reviver): Promise<void> {
  if (place.way.kind !== 'folder') return;
  const { host, signal, timeoutMs, report } = attendant;
  const standing = await readCluster(host, place.way.dir);
  const identity = standing ?? rememberedIdentity(guide.record(controlPlaneStepIds(place.name).prepare));
  if (!identity) throw new SlipwayError('SLW-CAP-406', `the journal does not know the bootstrap cluster ${place.name}`);
  await prepareCluster(host, { name: place.name, dir: place.way.dir, identity });
  const names = controlPlaneComponents.map((component) => componentTable[component].binary);
  const paths = await binaryPaths(names, { attendant, guide });
  for (const component of controlPlaneComponents) {
    const binary = paths.get(componentTable[component].binary) ?? '';
    const onWaiting = (message: string): void => report({ type: 'progress', message: `${place.name}: ${message}` });
    await runComponent(host, place.way.dir, { component, binary, signal, timeoutMs, onWaiting });
  }
}

/** Controllers and webhooks of a cluster whose API server answers; with it the in-memory cloud, if it uses that. */
export async function reviveStanding(place: Place, client: KubeClient, reviver: Reviver): Promise<void> {
  await reviveCloud(place, reviver);
  await workAgain(place, client, reviver);
}

async function workAgain(place: Place, client: KubeClient, { attendant, guide }: Reviver): Promise<void> {
  const { way } = place;
  if (way.kind !== 'folder') return;
  const { host, signal, timeoutMs } = attendant;
  const { toolchainDir, connect } = guide.context;
  await attendanceOf(place, guide.context).asRuntime(client, async () => {
    const options = { clusterDir: way.dir, toolchainDir, connect: (text: string) => connect({ text }) };
    await (await openRuntime(attendant, options)).converge(signal);
  });
  const { providers, owner } = place;
  await connectWebhooks(client, { host, signal, timeoutMs, providers, owner, placement: placementOf(place) });
}

async function reviveCloud({ cloudFile }: Place, { attendant, guide }: Reviver): Promise<void> {
  if (cloudFile === undefined) return;
  const { host, signal, timeoutMs } = attendant;
  const { stateId, stateDir } = guide.context;
  const paths = await binaryPaths(['in-memory-provider'], { attendant, guide });
  await ensureCloud(host, { stateId, cloudDir: cloudDir(stateDir), binary: paths.get('in-memory-provider') ?? '', signal, timeoutMs });
}

async function binaryPaths(names: readonly BinaryName[], { attendant, guide }: Reviver): Promise<ReadonlyMap<BinaryName, string>> {
  const { host, signal, report } = attendant;
  const found = await provideBinaries(host, names, { toolchainDir: guide.context.toolchainDir, signal, report });
  return new Map(found.map(({ name, path }) => [name, path]));
}

function rememberedIdentity(record: StepRecord | undefined): ClusterIdentity | undefined {
  const { clusterId, ports } = { ...record?.intent.choices };
  if (typeof clusterId !== 'string' || typeof ports !== 'object') return undefined;
  return { clusterId, ports: ports as unknown as ControlPlanePorts };
}
