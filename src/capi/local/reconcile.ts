/** One LocalControlPlane brought to what its object says, once. Safe to call again after dying anywhere inside. */
import { chooseIdentity, type LocalCluster } from '../../control-plane/local-cluster.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import { conditionsOf } from '../../kube/readiness-state.ts';
import { formatRef, type KubeClient, type ObjectRef, refOf } from '../../kube/types.ts';
import { type Claimant, claimFolder, type FolderState, inspectFolder, nextAdoption } from './claim.ts';
import { withFolder } from './folder-lock.ts';
import { type ConditionWish, pausedCondition, type StatusWish, writeStatus } from './object-status.ts';
import {
  ADOPTIONS_ANNOTATION,
  adoptionsOf,
  asCluster,
  asLocalCluster,
  asLocalControlPlane,
  type ClusterObject,
  CONTROL_PLANE_FINALIZER,
  hasFinalizer,
  isDeleting,
  type LocalClusterObject,
  localClusterRef,
  type LocalControlPlaneObject,
  ownerClusterRef,
  pausedBecause,
  refWithUid,
} from './objects.ts';
import { pinnedVersion, raiseControlPlane, type RaiseOptions } from './raise.ts';
import { removeControlPlane } from './remove.ts';
import { publishAccess } from './secrets.ts';

export interface ReconcileContext extends RaiseOptions {
  readonly host: Host;
  readonly client: KubeClient;
  readonly clustersDir: string;
}

export type Outcome =
  | { readonly state: 'ready' | 'gone' }
  /** Left alone; the condition says so. */
  | { readonly state: 'paused'; readonly reason: string }
  /** Somebody else has to act first. */
  | { readonly state: 'waiting'; readonly reason: string };

interface Objects {
  readonly controlPlane: LocalControlPlaneObject;
  readonly cluster: ClusterObject;
  /** Undefined: not there, or the Cluster's infrastructure is another one. */
  readonly localCluster: LocalClusterObject | undefined;
}

/** @throws SLW-KUB-008 something changed meanwhile: call again; SLW-CAP-301 to -309 the object is refused; SLW-LOC */
export async function reconcileControlPlane(ref: ObjectRef, context: ReconcileContext): Promise<Outcome> {
  const { host, clustersDir, signal } = context;
  const objects = await look(ref, context);
  if (!('cluster' in objects)) return objects;
  const { name } = objects.cluster.metadata;
  return withFolder(host, { clustersDir, name, signal }, async () => {
    // Who had the folder before may have moved or paused everything.
    const now = await look(ref, context);
    if (!('cluster' in now)) return now;
    return isDeleting(now.controlPlane) ? end(now, context) : stand(now, context);
  });
}

/** What is to be worked on, or why nothing is. */
async function look(ref: ObjectRef, context: ReconcileContext): Promise<Objects | Outcome> {
  const { client, signal } = context;
  const found = await client.get(ref, signal);
  if (!found) return { state: 'gone' };
  const controlPlane = asLocalControlPlane(found);
  const owner = ownerClusterRef(controlPlane);
  const cluster = owner && (await client.get(owner, signal));
  if (!cluster || cluster.metadata.uid !== owner.uid) return withoutCluster(controlPlane, context);
  const objects = await sayWhetherPaused(await gather(controlPlane, asCluster(cluster), context), context);
  const paused = pausedBecause(objects.cluster, objects.controlPlane);
  return paused === undefined ? objects : { state: 'paused', reason: paused };
}

/** Nobody knows yet whether it is paused: nothing is done, unless nothing was ever begun. */
async function withoutCluster(controlPlane: LocalControlPlaneObject, context: ReconcileContext): Promise<Outcome> {
  if (isDeleting(controlPlane) && controlPlane.spec.clusterID === undefined) return release(controlPlane, context);
  return { state: 'waiting', reason: 'no Cluster owns it yet' };
}

async function gather(controlPlane: LocalControlPlaneObject, cluster: ClusterObject, context: ReconcileContext): Promise<Objects> {
  const ref = localClusterRef(cluster);
  const found = ref && (await context.client.get(ref, context.signal));
  return { controlPlane, cluster, localCluster: found && asLocalCluster(found) };
}

async function sayWhetherPaused({ controlPlane, cluster, localCluster }: Objects, context: ReconcileContext): Promise<Objects> {
  const say = <T extends LocalControlPlaneObject | LocalClusterObject>(object: T): Promise<T> =>
    writeStatus(object, { conditions: [pausedCondition(pausedBecause(cluster, object))] }, context);
  return { cluster, controlPlane: await say(controlPlane), localCluster: localCluster && (await say(localCluster)) };
}

const claimantOf = ({ controlPlane, cluster }: Objects, clustersDir: string): Claimant => ({
  ref: refWithUid(controlPlane),
  clusterId: controlPlane.spec.clusterID,
  adoptions: adoptionsOf(controlPlane),
  name: cluster.metadata.name,
  clustersDir,
});

const AVAILABLE = 'Available';

async function stand(objects: Objects, context: ReconcileContext): Promise<Outcome> {
  try {
    return await raise(objects, context);
  } catch (error) {
    if (error instanceof SlipwayError && error.code !== 'SLW-KUB-008') await sayWhyNot(objects, error, context);
    throw error;
  }
}

async function raise(objects: Objects, context: ReconcileContext): Promise<Outcome> {
  const { host, clustersDir } = context;
  const version = await requireVersion(objects, host);
  const absent = absentLocalCluster(objects);
  if (absent) return absent;
  const state = await inspectFolder(host, claimantOf(objects, clustersDir));
  requireFolder(objects, state);
  const identified = await identify(objects.controlPlane, { adoption: nextAdoption(claimantOf(objects, clustersDir), state), context });
  const controlPlane = await sayStarting(identified, context);
  const claimant = claimantOf({ ...objects, controlPlane }, clustersDir);
  await claimFolder(host, claimant, { state, version });
  const { name, clusterId = '' } = claimant;
  const cluster = await raiseControlPlane(host, { name, dir: state.dir, clusterId }, context);
  // Before the endpoint: core connects as soon as it knows one, and tries again only half a minute later.
  await publishAccess({ ...context, dir: cluster.dir, name, owner: controlPlane });
  await publishEndpoint(objects, cluster, context);
  await writeStatus(controlPlane, standing(version), context);
  return { state: 'ready' };
}

/** @throws SLW-CAP-302 */
async function requireVersion({ controlPlane }: Objects, host: Host): Promise<string> {
  const pinned = await pinnedVersion(host);
  if (controlPlane.spec.version === pinned) return pinned;
  const object = formatRef(refOf(controlPlane));
  throw new SlipwayError('SLW-CAP-302', `${object} asks for Kubernetes ${controlPlane.spec.version}, this slipway runs ${pinned}`, {
    object,
  });
}

/** @throws SLW-CAP-307 */
function absentLocalCluster({ controlPlane, cluster, localCluster }: Objects): Outcome | undefined {
  if (localCluster) return undefined;
  const ref = localClusterRef(cluster);
  if (ref) return { state: 'waiting', reason: `there is no ${formatRef(ref)}` };
  const object = formatRef(refOf(controlPlane));
  const kind = cluster.spec?.infrastructureRef?.kind ?? 'nothing';
  throw new SlipwayError('SLW-CAP-307', `the infrastructure of ${object} is ${kind}, not a LocalCluster`, { object });
}

/** Identity, finalizer and the number of a take-over in one guarded write, before anything they stand for exists. */
async function identify(
  controlPlane: LocalControlPlaneObject,
  { adoption, context }: { readonly adoption: number | undefined; readonly context: ReconcileContext },
): Promise<LocalControlPlaneObject> {
  const { metadata, spec } = controlPlane;
  const object = formatRef(refOf(controlPlane));
  if (adoption !== undefined)
    context.report({ type: 'finding', level: 'info', message: `${object} takes over the control plane that runs` });
  if (spec.clusterID !== undefined && hasFinalizer(controlPlane) && adoption === undefined) return controlPlane;
  const clusterID = spec.clusterID ?? (await chooseIdentity(context.host)).clusterId;
  const finalizers = hasFinalizer(controlPlane) ? metadata.finalizers : [...(metadata.finalizers ?? []), CONTROL_PLANE_FINALIZER];
  const annotations = adoption === undefined ? {} : { annotations: { [ADOPTIONS_ANNOTATION]: String(adoption) } };
  const patch = { metadata: { resourceVersion: metadata.resourceVersion, finalizers, ...annotations }, spec: { clusterID } };
  return asLocalControlPlane(await context.client.mergePatch(refOf(controlPlane), patch, { signal: context.signal }));
}

/** The endpoint is published only after a folder stood; its bearer must not become a new, empty cluster. @throws SLW-CAP-309 */
function requireFolder({ controlPlane, localCluster }: Objects, { dir, cluster, ownership }: FolderState): void {
  if (cluster || ownership || controlPlane.spec.clusterID === undefined || localCluster?.spec?.controlPlaneEndpoint === undefined) return;
  const object = formatRef(refOf(controlPlane));
  throw new SlipwayError('SLW-CAP-309', `${object} has served, but its folder ${dir} is gone`, { object });
}

/** Only where nothing was said before: what served once is not called unavailable because it is looked at. */
async function sayStarting(controlPlane: LocalControlPlaneObject, context: ReconcileContext): Promise<LocalControlPlaneObject> {
  if (conditionsOf(controlPlane).has(AVAILABLE)) return controlPlane;
  const message = 'the processes of the control plane are being started';
  const wish: StatusWish = {
    fields: { externalManagedControlPlane: true },
    conditions: [{ type: AVAILABLE, status: 'False', reason: 'Starting', message }],
  };
  return writeStatus(controlPlane, wish, context);
}

const standing = (version: string): StatusWish => ({
  fields: { initialization: { controlPlaneInitialized: true }, externalManagedControlPlane: true, version, versions: [{ version }] },
  conditions: [{ type: AVAILABLE, status: 'True', reason: 'Available' }],
});

async function sayWhyNot({ controlPlane }: Objects, error: SlipwayError, context: ReconcileContext): Promise<void> {
  const reason = error.code.startsWith('SLW-CAP') ? 'Refused' : 'NotRunning';
  const message = `${error.message} (${error.code})`;
  // Read anew: what failed may have changed it. The reason to be told is the first one, whatever happens to this write.
  const now = await context.client.get(refOf(controlPlane), context.signal).catch(() => undefined);
  if (now) await writeStatus(now, { conditions: [{ type: AVAILABLE, status: 'False', reason, message }] }, context).catch(() => undefined);
}

/** Core copies the endpoint to the Cluster only while that has none; a port that had to move is followed here. */
async function publishEndpoint({ cluster, localCluster }: Objects, { ports }: LocalCluster, context: ReconcileContext): Promise<void> {
  const { client, signal } = context;
  if (!localCluster) return;
  const endpoint = { host: '127.0.0.1', port: ports.apiserver };
  const differs = ({ spec }: LocalClusterObject): boolean =>
    spec?.controlPlaneEndpoint?.host !== endpoint.host || spec.controlPlaneEndpoint.port !== endpoint.port;
  const patch = { spec: { controlPlaneEndpoint: endpoint } };
  const published = differs(localCluster) ? asLocalCluster(await client.mergePatch(refOf(localCluster), patch, { signal })) : localCluster;
  if (cluster.spec?.controlPlaneEndpoint?.port !== undefined && differs(cluster))
    await client.mergePatch(refOf(cluster), patch, { signal });
  await writeStatus(
    published,
    { fields: { initialization: { provisioned: true } }, conditions: [{ type: 'Ready', status: 'True', reason: 'Ready' }] },
    context,
  );
}

async function end(objects: Objects, context: ReconcileContext): Promise<Outcome> {
  const { host, client, clustersDir } = context;
  if (!hasFinalizer(objects.controlPlane)) return { state: 'waiting', reason: 'others hold it by finalizers' };
  try {
    await removeControlPlane(host, claimantOf(objects, clustersDir), client);
  } catch (error) {
    if (error instanceof SlipwayError) await sayNotEnded(objects, error, context);
    throw error;
  }
  return release(objects.controlPlane, context);
}

async function sayNotEnded({ controlPlane }: Objects, error: SlipwayError, context: ReconcileContext): Promise<void> {
  const wish: ConditionWish = { type: 'Deleting', status: 'True', reason: 'Refused', message: `${error.message} (${error.code})` };
  await writeStatus(controlPlane, { conditions: [wish] }, context).catch(() => undefined);
}

/** Lets the object go. */
async function release(controlPlane: LocalControlPlaneObject, { client, signal }: ReconcileContext): Promise<Outcome> {
  const { metadata } = controlPlane;
  if (!hasFinalizer(controlPlane)) return { state: 'gone' };
  const finalizers = (metadata.finalizers ?? []).filter((name) => name !== CONTROL_PLANE_FINALIZER);
  await client.mergePatch(refOf(controlPlane), { metadata: { resourceVersion: metadata.resourceVersion, finalizers } }, { signal });
  return { state: 'gone' };
}
