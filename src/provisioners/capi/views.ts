/** How status, kubeconfig and logs see a Cluster API cluster, from its document and the ledger. */
import { join } from 'node:path';
import { observeCloud } from '../../capi/in-memory/cloud.ts';
import { cloudLogFile } from '../../capi/in-memory/cloud.ts';
import { folderKubeconfig, logFiles, processViews, toProcessView } from '../on-this-machine.ts';
import type { ClusterView, KubeconfigSource, ProcessView, ProvisionerContext } from '../provisioner.ts';
import { STOP_CLOUD } from '../../capi/in-memory/cloud-step.ts';
import { deletionFrom } from './delete-cluster.ts';
import { bootstrapName, capiStepIds, cloudDir, clusterDir, kubeconfigFile } from './ids.ts';
import type { Way } from './way.ts';

/** By the ledger, else where it would be. */
function wayOfView({ name, records, cluster }: ClusterView, { stateDir }: ProvisionerContext): Way {
  const undo = records.get(capiStepIds(name).define)?.intent.undo;
  if (undo) return deletionFrom(undo.data).way;
  const isLocal = cluster?.provisioner === 'capi' && cluster.capi.infrastructure === 'local';
  return isLocal ? { kind: 'folder', dir: clusterDir(stateDir, name) } : { kind: 'file', path: kubeconfigFile(stateDir, name) };
}

export async function kubeconfigOf(view: ClusterView, context: ProvisionerContext): Promise<KubeconfigSource | undefined> {
  const way = wayOfView(view, context);
  if (way.kind === 'folder') return folderKubeconfig(context.host, way.dir);
  if (way.kind !== 'file') return undefined;
  const text = await context.host.files.readText(way.path);
  return text === undefined ? undefined : { text, path: way.path };
}

/** Its own, and the in-memory cloud of the project; those of its bootstrap cluster are its companion's. */
export async function processesOf(view: ClusterView, context: ProvisionerContext): Promise<readonly ProcessView[]> {
  const { host, stateId } = context;
  const way = wayOfView(view, context);
  const own = way.kind === 'folder' ? await processViews(host, way.dir) : [];
  const keepsCloud = [...view.records.values()].some(
    ({ subject, intent }) => subject === `Cluster/${view.name}` && intent.undo?.handler === STOP_CLOUD,
  );
  const cloud = keepsCloud ? [toProcessView(await observeCloud(host, stateId))] : [];
  return [...own, ...cloud];
}

export async function logsOf(view: ClusterView, context: ProvisionerContext): Promise<ReadonlyMap<string, string>> {
  const { host, stateDir } = context;
  const way = wayOfView(view, context);
  const bootstrap = bootstrapName(view.name);
  const [own, helpers] = await Promise.all([
    way.kind === 'folder' ? logFiles(host, way.dir) : new Map<string, string>(),
    logFiles(host, join(clusterDir(stateDir, bootstrap))),
  ]);
  const cloud = cloudLogFile(cloudDir(stateDir));
  return new Map([
    ...own,
    ...[...helpers].map(([name, path]) => [`${bootstrap}/${name}`, path] as const),
    ...((await host.files.stat(cloud)) ? [['in-memory-cloud', cloud] as const] : []),
  ]);
}
