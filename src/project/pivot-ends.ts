/**
 * The two ends of a pivot as they were typed: kubeconfigs, or clusters of the project. An end that is a local cluster of Slipway, on
 * whatever project, is attended to: nothing but its runtime makes a scaled-down controller really stop.
 */
import { dirname, resolve } from 'node:path';
import { readProviders } from '../capi/providers/installed.ts';
import { type ProviderName, providerTable } from '../capi/providers/provider.ts';
import type { PivotEnd } from '../capi/pivot/options.ts';
import { isSlipwayError, SlipwayError } from '../core/errors.ts';
import { listClusterIds, listEntries } from '../control-plane/process-registry.ts';
import { readCluster, serverUrl } from '../control-plane/local-cluster.ts';
import type { Host } from '../host/host.ts';
import { readKubeconfig } from '../kube/kubeconfig.ts';
import { OWNER } from '../kube/ownership.ts';
import type { KubeClient } from '../kube/types.ts';
import { attendanceOf, type Attendant } from '../provisioners/capi/attendance.ts';
import { pivotEnd, remoteEnd } from '../provisioners/capi/ends.ts';
import type { Place } from '../provisioners/capi/way.ts';
import type { KubeconfigSource, ProvisionerContext } from '../provisioners/provisioner.ts';
import { knownClusters } from './clusters.ts';
import { createShared, type Workspace } from './workspace.ts';

export interface OpenEnd {
  readonly name: string;
  readonly client: KubeClient;
  readonly end: PivotEnd;
  /** Acts while somebody does a kubelet's work for it, where that is us. */
  during<T>(act: () => Promise<T>): Promise<T>;
}

export interface EndRequest {
  /** As typed after `--from` or `--to`. */
  readonly given: string;
  readonly workspace: Workspace;
  readonly attendant: Attendant;
}

/** A slash, a dot or a `#` makes it a path; any other word may be a cluster of the project. */
export function isClusterName(given: string): boolean {
  return /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(given);
}

/** @throws SLW-PIV-040 when it names nothing, SLW-KUB-… when the cluster cannot be reached */
export async function openEnd({ given, workspace, attendant }: EndRequest): Promise<OpenEnd> {
  const { context } = workspace;
  const { name, source } = (await ofProject(given, workspace)) ?? (await ofKubeconfig(given, context, workspace));
  const client = await context.connect(source);
  const place = await localPlace(context.host, { name, client, signal: attendant.signal });
  if (!place) return { name, client, end: remoteEnd(name, client, attendant), during: (act) => act() };
  // Clusters of other projects may stand here: folders and names are theirs.
  const own: ProvisionerContext = { ...context, stateDir: dirname(dirname(place.dir)), shared: createShared() };
  const acting = { attendant, context: own };
  return {
    name,
    client,
    end: pivotEnd(place.place, client, acting),
    during: (act) => attendanceOf(place.place, own).during(attendant, client, act),
  };
}

interface Found {
  readonly name: string;
  readonly source: KubeconfigSource;
}

/** Also the bootstrap cluster of one of its clusters. @throws SLW-PIV-040 for one that was not made yet */
async function ofProject(given: string, workspace: Workspace): Promise<Found | undefined> {
  if (!isClusterName(given)) return undefined;
  for (const { view, provisioner } of knownClusters(workspace)) {
    const companions = (await provisioner.companions?.(view, workspace.context)) ?? [];
    const source =
      view.name === given
        ? await provisioner.kubeconfig(view, workspace.context)
        : companions.find((companion) => companion.name === given)?.kubeconfig;
    if (source) return { name: given, source };
    if (view.name === given)
      throw new SlipwayError('SLW-PIV-040', `the cluster ${given} of this project does not exist yet`, { object: `Cluster/${given}` });
  }
  return undefined;
}

async function ofKubeconfig(given: string, { host }: ProvisionerContext, workspace: Workspace): Promise<Found> {
  const [file = '', wanted] = splitContext(given);
  const path = resolve(host.env.cwd, file.replace(/^~(?=\/)/, host.env.home));
  const text = await host.files.readText(path);
  if (text === undefined) {
    const known = knownClusters(workspace).map(({ view }) => view.name);
    const more = isClusterName(given)
      ? `, and no cluster of that name in a project here${known.length > 0 ? `, only ${known.join(', ')}` : ''}`
      : '';
    throw new SlipwayError('SLW-PIV-040', `there is no kubeconfig ${path}${more}`);
  }
  const { context } = readKubeconfig(text, { file: path, ...(wanted !== undefined && { context: wanted }) });
  return { name: context, source: { text, path, context } };
}

/** The last `#` parts them: a path may hold one. */
function splitContext(given: string): readonly [string, string?] {
  const at = given.lastIndexOf('#');
  return at < 0 ? [given] : [given.slice(0, at), given.slice(at + 1)];
}

interface Asked {
  readonly name: string;
  readonly client: KubeClient;
  readonly signal: AbortSignal;
}

/** The local cluster of this host and user that answers at the client's address. */
async function localPlace(
  host: Host,
  { name, client, signal }: Asked,
): Promise<{ readonly dir: string; readonly place: Place } | undefined> {
  const dir = await folderOf(host, client.server);
  if (dir === undefined) return undefined;
  const installed = await readProviders(client, signal);
  const labels = new Set(installed.map(({ label }) => label));
  const providers = (Object.keys(providerTable) as ProviderName[]).filter((provider) => labels.has(providerTable[provider].label));
  const owner = await ownerOn(client, installed.flatMap(({ deployments }) => deployments)[0], signal);
  return { dir, place: { name, way: { kind: 'folder', dir }, providers, owner } };
}

async function folderOf(host: Host, server: string): Promise<string | undefined> {
  for (const id of await listClusterIds(host)) {
    const [entry] = await listEntries(host, id);
    const cluster = entry && (await readCluster(host, entry.clusterDir).catch(passOver));
    if (entry && cluster?.clusterId === id && serverUrl(cluster) === server) return entry.clusterDir;
  }
  return undefined;
}

/** A damaged folder of somebody's is not the one that answers. */
function passOver(thrown: unknown): undefined {
  if (!isSlipwayError(thrown)) throw thrown;
  return undefined;
}

/** The mark under which the providers were installed; empty where others did it. */
async function ownerOn(client: KubeClient, deployment: Parameters<KubeClient['get']>[0] | undefined, signal: AbortSignal): Promise<string> {
  const object = deployment && (await client.get(deployment, signal));
  return object?.metadata.labels?.[OWNER] ?? '';
}
