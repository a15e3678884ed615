/** From an object that was applied and is not ready down to the pod, claim or quota that blocks it. Pure. */
import { conditionsOf, numberAt, type Readiness, textAt, valueAt } from '../kube/readiness-state.ts';
import { readinessOf } from '../kube/readiness.ts';
import type { KubeObject } from '../kube/types.ts';
import { tidy } from './failure-text.ts';
import { apiGroup, labelOf, type World } from './world.ts';

export interface Finding {
  readonly object: KubeObject;
  readonly kind: 'failed' | 'cannot-run' | 'waiting';
  readonly reason: string;
  readonly message: string;
  /** Labels from the object asked about down to `object`, both included. */
  readonly path: readonly string[];
}

/** Why an object can never become ready on this cluster, or undefined. */
export type CannotRun = (object: KubeObject) => string | undefined;

const BELOW: Readonly<Record<string, readonly [group: string, kind: string]>> = {
  'apps/Deployment': ['apps', 'ReplicaSet'],
  'apps/ReplicaSet': ['', 'Pod'],
  'apps/StatefulSet': ['', 'Pod'],
  'apps/DaemonSet': ['', 'Pod'],
  'batch/Job': ['', 'Pod'],
};

const STUCK_WAITING = new Set([
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CrashLoopBackOff',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreCreateHookError',
]);

/** The deepest thing wrong below an object that is not ready. */
export function diagnoseObject(world: World, object: KubeObject, cannotRun: CannotRun = () => undefined): Finding {
  return descend(world, object, { cannotRun, path: [labelOf(object)] });
}

interface Descent {
  readonly cannotRun: CannotRun;
  readonly path: readonly string[];
}

function descend(world: World, object: KubeObject, descent: Descent): Finding {
  if (object.kind === 'Pod') return explainPod(world, object, descent);
  const below = BELOW[`${apiGroup(object.apiVersion)}/${object.kind}`];
  const child = below && worstOwned(world, object, below);
  if (child) return descend(world, child, { ...descent, path: [...descent.path, labelOf(child)] });
  return explainItself(world, object, descent);
}

/** Of what it owns and wants: failed before progressing, so that one crashing pod is not hidden by a starting one. */
function worstOwned(world: World, owner: KubeObject, [group, kind]: readonly [string, string]): KubeObject | undefined {
  const owned = world
    .list(group, kind, owner.metadata.namespace)
    .filter((object) => object.metadata.ownerReferences?.some((reference) => reference.uid === owner.metadata.uid));
  const wanted = owned.filter((object) => kind !== 'ReplicaSet' || (numberAt(object, 'spec', 'replicas') ?? 0) > 0);
  const bad = wanted.filter((object) => readinessOf(object).state !== 'ready').sort(byRevision);
  return bad.find((object) => readinessOf(object).state === 'failed') ?? bad[0];
}

/** The newest replica set first. */
function byRevision(a: KubeObject, b: KubeObject): number {
  const revision = (object: KubeObject): number => Number(object.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
  return revision(b) - revision(a);
}

function explainItself(world: World, object: KubeObject, descent: Descent): Finding {
  const never = descent.cannotRun(object);
  if (never !== undefined) return { object, kind: 'cannot-run', reason: 'CannotRunHere', message: never, path: descent.path };
  const readiness = readinessOf(object);
  const warning = world.warning(object);
  const message = joined(readiness, warning?.message);
  const isRefused = warning !== undefined && ['FailedCreate', 'ProvisioningFailed', 'FailedBinding'].includes(warning.reason);
  const reason = isRefused ? refusalReason(warning.message, warning.reason) : readiness.reason;
  return { object, kind: readiness.state === 'failed' || isRefused ? 'failed' : 'waiting', reason, message, path: descent.path };
}

function refusalReason(message: string, reason: string): string {
  if (/exceeded quota/.test(message)) return 'QuotaExceeded';
  if (/admission webhook .* denied/.test(message)) return 'DeniedByAdmission';
  return /violates PodSecurity/.test(message) ? 'PodSecurityViolation' : reason;
}

function joined(readiness: Readiness, event: string | undefined): string {
  const text = tidy(readiness.message);
  if (event === undefined || text.includes(tidy(event))) return text;
  return text === '' ? tidy(event) : `${text}: ${tidy(event)}`;
}

interface ContainerStatus {
  readonly name?: string;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly reason?: string; readonly exitCode?: number; readonly message?: string };
  };
  readonly lastState?: ContainerStatus['state'];
}

function explainPod(world: World, pod: KubeObject, descent: Descent): Finding {
  const at = { object: pod, path: descent.path };
  const container = stuckContainer(pod);
  if (container) return { ...at, kind: 'failed', ...container };
  const claim = blockingClaim(world, pod);
  const never = descent.cannotRun(pod);
  if (never !== undefined) return { ...at, kind: 'cannot-run', reason: 'CannotRunHere', message: never };
  if (claim) return explainItself(world, claim, { ...descent, path: [...descent.path, labelOf(claim)] });
  const scheduled = conditionsOf(pod).get('PodScheduled');
  if (scheduled?.status === 'False')
    return { ...at, kind: 'failed', reason: scheduled.reason ?? 'Unschedulable', message: tidy(scheduled.message ?? 'no node takes it') };
  return explainStart(world, pod, at);
}

function explainStart(world: World, pod: KubeObject, at: { readonly object: KubeObject; readonly path: readonly string[] }): Finding {
  const warning = world.warning(pod);
  const readiness = readinessOf(pod);
  if (warning && isBad(warning.reason)) return { ...at, kind: 'failed', reason: warning.reason, message: tidy(warning.message) };
  if (readiness.state === 'failed')
    return { ...at, kind: 'failed', reason: readiness.reason, message: joined(readiness, warning?.message) };
  const said = warning ?? conditionsOf(pod).get('Ready');
  return { ...at, kind: 'waiting', reason: said?.reason ?? readiness.reason, message: tidy(said?.message ?? readiness.message) };
}

function isBad(reason: string): boolean {
  return reason.startsWith('Failed') || reason === 'Unhealthy';
}

function stuckContainer(pod: KubeObject): { readonly reason: string; readonly message: string } | undefined {
  const list = ['initContainerStatuses', 'containerStatuses'].flatMap(
    (field) => (valueAt(pod, 'status', field) ?? []) as readonly ContainerStatus[],
  );
  for (const status of list) {
    const stuck = stuckWaiting(status) ?? endedBadly(status);
    if (stuck) return stuck;
  }
  return undefined;
}

function stuckWaiting(status: ContainerStatus): { readonly reason: string; readonly message: string } | undefined {
  const { reason, message } = status.state?.waiting ?? {};
  if (reason === undefined || !STUCK_WAITING.has(reason)) return undefined;
  return { reason, message: `container ${status.name ?? ''}: ${tidy(message ?? reason)}${lastEnd(status)}` };
}

function endedBadly(status: ContainerStatus): { readonly reason: string; readonly message: string } | undefined {
  const ended = status.state?.terminated;
  if (!ended || (ended.exitCode ?? 0) === 0) return undefined;
  const said = ended.message ? `: ${tidy(ended.message)}` : '';
  return {
    reason: ended.reason ?? 'Error',
    message: `container ${status.name ?? ''} ended with exit code ${ended.exitCode ?? '?'}${said}`,
  };
}

function lastEnd(status: ContainerStatus): string {
  const ended = status.lastState?.terminated;
  return ended ? `, last ended with ${ended.reason ?? 'Error'}, exit code ${ended.exitCode ?? '?'}` : '';
}

/** A claim of the pod that is not bound. */
function blockingClaim(world: World, pod: KubeObject): KubeObject | undefined {
  const volumes = valueAt(pod, 'spec', 'volumes');
  const names = (Array.isArray(volumes) ? volumes : []).flatMap(
    (volume: unknown) => textAt(volume, 'persistentVolumeClaim', 'claimName') ?? [],
  );
  return world
    .list('', 'PersistentVolumeClaim', pod.metadata.namespace)
    .find((claim) => names.includes(claim.metadata.name) && readinessOf(claim).state !== 'ready');
}
