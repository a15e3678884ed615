/**
 * Stops and starts the managers of all providers on a cluster, by scaling their Deployments, so that nobody acts on its objects.
 * A stopped manager serves no webhooks either. The mark that it was stopped stands on the Deployment: `up` leaves it stopped.
 */
import { formatDuration } from '../../core/duration.ts';
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import { currentObjects } from '../../kube/current.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef, refOf } from '../../kube/types.ts';
import { waitReady } from '../../kube/wait.ts';
import { PROVIDER_LABEL } from '../words.ts';

/** Annotation on a Deployment that `stopControllers` scaled to 0; its value is the number of replicas it had. */
export const STOPPED_ANNOTATION = 'slipway.dev/stopped-replicas';

export interface ControllersOptions {
  readonly host: Host;
  readonly signal: AbortSignal;
  /** Bound of the wait for pods to go or to come. */
  readonly timeoutMs: number;
  /** Told which pods are waited for. */
  readonly onWaiting?: (object: string, reason: string) => void;
}

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' } as const;
const POD = { apiVersion: 'v1', kind: 'Pod' } as const;

interface Manager extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> } };
  readonly status?: { readonly observedGeneration?: number; readonly replicas?: number };
}

async function listManagers(client: KubeClient, signal: AbortSignal): Promise<readonly Manager[]> {
  const { items } = await client.list(DEPLOYMENT, { labelSelector: PROVIDER_LABEL, signal });
  return items.map((item) => ({ ...item, ...DEPLOYMENT }) as Manager);
}

const refOfManager = ({ metadata }: Manager): ObjectRef => ({
  ...DEPLOYMENT,
  namespace: metadata.namespace ?? 'default',
  name: metadata.name,
});

/**
 * Scales every Deployment with the label `cluster.x-k8s.io/provider` to 0 and waits until none of its pods is left; gives the Deployments.
 * Safe to call again. On a local cluster somebody must watch its runtime meanwhile, or pods never go. @throws SLW-CAP-004
 */
export async function stopControllers(client: KubeClient, options: ControllersOptions): Promise<readonly ObjectRef[]> {
  const managers = await listManagers(client, options.signal);
  await Promise.all(managers.map((manager) => stop(client, manager, options.signal)));
  await waitForEnd(client, managers, options);
  return managers.map(refOfManager);
}

/** Replicas and mark in one patch: whoever dies here leaves either both or none. */
async function stop(client: KubeClient, manager: Manager, signal: AbortSignal): Promise<void> {
  const replicas = manager.spec.replicas ?? 1;
  if (replicas === 0) return;
  await client.mergePatch(
    refOfManager(manager),
    { metadata: { annotations: { [STOPPED_ANNOTATION]: String(replicas) } }, spec: { replicas: 0 } },
    { signal },
  );
}

/** By the pods themselves: a Deployment's status says 0 while its pods still end. */
async function waitForEnd(client: KubeClient, managers: readonly Manager[], options: ControllersOptions): Promise<void> {
  const bound = options.host.clock.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, bound]);
  try {
    await waitForScale(client, managers, { ...options, signal });
    await Promise.all(managers.map((manager) => waitForPods(client, manager, { ...options, signal })));
  } catch (error) {
    options.signal.throwIfAborted();
    if (!bound.aborted) throw error;
    throw await stillThere(client, managers, options);
  }
}

/** Until the controller manager has read the new number, pods may still be made. */
async function waitForScale(client: KubeClient, managers: readonly Manager[], { signal }: ControllersOptions): Promise<void> {
  const names = new Set(managers.map((manager) => formatRef(refOfManager(manager))));
  const isScaled = ({ metadata, status = {} }: Manager): boolean =>
    (status.observedGeneration ?? 0) >= (metadata.generation ?? 0) && (status.replicas ?? 0) === 0;
  for await (const objects of currentObjects(client, DEPLOYMENT, { labelSelector: PROVIDER_LABEL, signal })) {
    const ours = (objects as readonly Manager[]).filter((object) => names.has(formatRef(refOfManager(object))));
    if (ours.every(isScaled)) return;
  }
}

async function waitForPods(client: KubeClient, manager: Manager, { signal, onWaiting }: ControllersOptions): Promise<void> {
  for await (const [pod] of currentObjects(client, POD, { ...podsOf(manager), signal })) {
    if (pod === undefined) return;
    onWaiting?.(formatRef(refOf(pod)), 'is being ended');
  }
}

const podsOf = ({ metadata, spec }: Manager): { readonly namespace: string; readonly labelSelector: string } => ({
  namespace: metadata.namespace ?? 'default',
  labelSelector: Object.entries(spec.selector.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(','),
});

async function stillThere(
  client: KubeClient,
  managers: readonly Manager[],
  { host, timeoutMs }: ControllersOptions,
): Promise<SlipwayError> {
  const signal = host.clock.timeout(5_000);
  const lists = await Promise.all(managers.map((manager) => client.list(POD, { ...podsOf(manager), signal }).catch(() => undefined)));
  const [pod] = lists.flatMap((list) => list?.items ?? []);
  const object = pod ? `Pod/${pod.metadata.namespace ?? 'default'}/${pod.metadata.name}` : 'the controllers of Cluster API';
  return new SlipwayError('SLW-CAP-004', `${object} is still there ${formatDuration(timeoutMs)} after it was to stop`, { object });
}

/**
 * Scales what `stopControllers` stopped back, and waits until it is available. Safe to call again; touches nothing that was not stopped by it.
 * On a local cluster somebody must watch its runtime meanwhile, and webhooks are to be connected again after it. @throws SLW-CAP-004
 */
export async function startControllers(client: KubeClient, options: ControllersOptions): Promise<readonly ObjectRef[]> {
  const { host, signal, timeoutMs, onWaiting } = options;
  const managers = await listManagers(client, signal);
  const stopped = managers.filter(({ metadata }) => metadata.annotations?.[STOPPED_ANNOTATION] !== undefined);
  await Promise.all(stopped.map((manager) => start(client, manager, signal)));
  const refs = managers.filter((manager) => stopped.includes(manager) || (manager.spec.replicas ?? 1) > 0).map(refOfManager);
  try {
    await waitReady(client, refs, {
      host,
      signal,
      timeoutMs,
      onBlocked: ([first]) => first && onWaiting?.(formatRef(first.ref), first.readiness.message),
    });
  } catch (error) {
    if (!isSlipwayError(error) || !['SLW-KUB-040', 'SLW-KUB-041'].includes(error.code)) throw error;
    throw new SlipwayError('SLW-CAP-004', error.message, { cause: error, ...(error.object !== undefined && { object: error.object }) });
  }
  return refs;
}

async function start(client: KubeClient, manager: Manager, signal: AbortSignal): Promise<void> {
  const replicas = Number(manager.metadata.annotations?.[STOPPED_ANNOTATION]) || 1;
  await client.mergePatch(
    refOfManager(manager),
    { metadata: { annotations: { [STOPPED_ANNOTATION]: null } }, spec: { replicas } },
    { signal },
  );
}
