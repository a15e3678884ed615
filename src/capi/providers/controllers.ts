/**
 * Stops, holds and starts the managers of all providers on a cluster, by their Deployments, so that nobody acts on its objects.
 * A stopped manager serves no webhooks either; one that is held does. The mark stands on the Deployment: `up` leaves a stopped one stopped.
 */
import { formatDuration } from '../../core/duration.ts';
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import { currentObjects } from '../../kube/current.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef, refOf } from '../../kube/types.ts';
import { waitReady } from '../../kube/wait.ts';
import { PROVIDER_LABEL } from '../words.ts';
import {
  containersOf,
  DEPLOYMENT,
  HOLD_FLAG,
  isHeld,
  isStopped,
  listManagers,
  type Manager,
  MANAGER_CONTAINER,
  managerOf,
  STOPPED_ANNOTATION,
} from './deployment.ts';

export interface ControllersOptions {
  readonly host: Host;
  readonly signal: AbortSignal;
  /** Bound of the wait for pods to go or to come. */
  readonly timeoutMs: number;
  /** Told which pods are waited for. */
  readonly onWaiting?: (object: string, reason: string) => void;
}

const POD = { apiVersion: 'v1', kind: 'Pod' } as const;

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
  await Promise.all(managers.map((manager) => change(client, { manager, signal: options.signal }, stop)));
  await waitForEnd(client, managers, options);
  return managers.map(refOfManager);
}

/** Replicas and mark in one patch: whoever dies here leaves either both or none. */
function stop({ spec }: Manager): Change {
  const replicas = spec.replicas ?? 1;
  return replicas === 0 ? undefined : { metadata: { annotations: { [STOPPED_ANNOTATION]: String(replicas) } }, spec: { replicas: 0 } };
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
 * Has every manager that runs serve its webhooks and leave all objects alone, until `startControllers`. Each is started anew for it: settles
 * when they serve again. Safe to call again; those that have a watch filter of their own are left as they are. @throws SLW-CAP-004
 */
export async function holdControllers(client: KubeClient, options: ControllersOptions): Promise<void> {
  const managers = await listManagers(client, options.signal);
  const running = managers.filter(({ spec }) => (spec.replicas ?? 1) > 0);
  await Promise.all(running.map((manager) => change(client, { manager, signal: options.signal }, hold)));
  await waitServing(client, running.map(refOfManager), options);
}

type Change = Readonly<Record<string, unknown>> | undefined;

/** Guarded: it carries lists that were read. The controller manager writes to a Deployment, too. */
async function change(
  client: KubeClient,
  { manager, signal }: { readonly manager: Manager; readonly signal: AbortSignal },
  changeOf: (manager: Manager) => Change,
): Promise<void> {
  for (let seen: Manager | undefined = manager; seen;) {
    const wanted = changeOf(seen);
    if (!wanted) return;
    const { resourceVersion } = seen.metadata;
    const metadata = { ...(wanted['metadata'] as object), ...(resourceVersion !== undefined && { resourceVersion }) };
    try {
      return void (await client.mergePatch(refOfManager(manager), { ...wanted, metadata }, { signal }));
    } catch (error) {
      if (!isSlipwayError(error) || error.code !== 'SLW-KUB-008') throw error;
      seen = (await client.get(refOfManager(manager), signal)) as Manager | undefined;
    }
  }
}

const hold = (manager: Manager): Change =>
  isFilterable(manager) ? { spec: withArgs(manager, (args) => [...args, HOLD_FLAG]) } : undefined;

function isFilterable(deployment: KubeObject): boolean {
  const manager = managerOf(deployment);
  return manager?.name === MANAGER_CONTAINER && !manager.args?.some((arg) => arg.startsWith('--watch-filter'));
}

/** The whole list: a merge patch replaces lists. */
function withArgs(deployment: KubeObject, map: (args: readonly string[]) => readonly string[]): Readonly<Record<string, unknown>> {
  const containers = containersOf(deployment).map((container) =>
    container.name === MANAGER_CONTAINER ? { ...container, args: map(container.args ?? []) } : container,
  );
  return { template: { spec: { containers } } };
}

/**
 * Gives what `stopControllers` stopped and `holdControllers` held back its replicas and flags, and waits until it is available. Safe to call
 * again; touches nothing else. On a local cluster somebody must watch its runtime meanwhile, and webhooks are to be connected again after
 * it. @throws SLW-CAP-004
 */
export async function startControllers(client: KubeClient, options: ControllersOptions): Promise<readonly ObjectRef[]> {
  const { signal } = options;
  const managers = await listManagers(client, signal);
  await Promise.all(managers.map((manager) => change(client, { manager, signal }, start)));
  const refs = managers.filter((manager) => isStopped(manager) || (manager.spec.replicas ?? 1) > 0).map(refOfManager);
  await waitServing(client, refs, options);
  return refs;
}

const start = (manager: Manager): Change =>
  isStopped(manager) || isHeld(manager)
    ? {
        metadata: { annotations: { [STOPPED_ANNOTATION]: null } },
        spec: {
          ...(isStopped(manager) && { replicas: Number(manager.metadata.annotations?.[STOPPED_ANNOTATION]) || 1 }),
          ...(isHeld(manager) && withArgs(manager, (args) => args.filter((arg) => arg !== HOLD_FLAG))),
        },
      }
    : undefined;

async function waitServing(
  client: KubeClient,
  refs: readonly ObjectRef[],
  { host, signal, timeoutMs, onWaiting }: ControllersOptions,
): Promise<void> {
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
}
