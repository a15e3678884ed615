/** Readiness of Deployments, StatefulSets, DaemonSets, ReplicaSets, Pods, Jobs and CronJobs. Pure. */
import { failed, failing, numberAt, progressing, ready, type Readiness, textAt, valueAt, verdictOf } from './readiness-state.ts';
import type { KubeObject } from './types.ts';

export const workloadReadiness: Readonly<Record<string, (object: KubeObject) => Readiness>> = {
  'apps/Deployment': deployment,
  'apps/StatefulSet': statefulSet,
  'apps/DaemonSet': daemonSet,
  'apps/ReplicaSet': replicaSet,
  '/ReplicationController': replicaSet,
  '/Pod': pod,
  'batch/Job': job,
  'batch/CronJob': (object) =>
    valueAt(object, 'spec', 'suspend') === true
      ? { state: 'suspended', reason: 'Suspended', message: 'spec.suspend is true' }
      : ready('Current'),
};

interface Count {
  readonly have: number;
  readonly want: number;
  readonly reason: string;
  readonly what: string;
}

/** The first count that is short of what is wanted. */
function shortage(counts: readonly Count[]): Readiness | undefined {
  const short = counts.find((count) => count.have < count.want);
  return short && progressing(short.reason, `${short.have} of ${short.want} ${short.what}`);
}

function status(object: KubeObject, field: string): number {
  return numberAt(object, 'status', field) ?? 0;
}

/** Controllers that never looked at the object have no status at all. */
function unseen(object: KubeObject): Readiness | undefined {
  return numberAt(object, 'status', 'observedGeneration') === undefined
    ? progressing('NotObserved', 'no controller has seen it yet')
    : undefined;
}

function deployment(object: KubeObject): Readiness {
  const want = numberAt(object, 'spec', 'replicas') ?? 1;
  return (
    stuckRollout(object) ??
    unseen(object) ??
    shortage([{ have: status(object, 'updatedReplicas'), want, reason: 'ReplicasNotUpdated', what: 'replicas are updated' }]) ??
    surplus(object) ??
    shortage([
      { have: status(object, 'availableReplicas'), want, reason: 'ReplicasNotAvailable', what: 'replicas are available' },
      { have: status(object, 'readyReplicas'), want, reason: 'ReplicasNotReady', what: 'replicas are ready' },
    ]) ??
    ready('Available', `${want} replicas are available`)
  );
}

function stuckRollout(object: KubeObject): Readiness | undefined {
  const [progress, refused] = [verdictOf(object, 'Progressing'), verdictOf(object, 'ReplicaFailure')];
  if (refused.status === 'True') return failing(refused.reason, refused.message);
  return progress.reason === 'ProgressDeadlineExceeded' ? failing(progress.reason, progress.message) : undefined;
}

function surplus(object: KubeObject): Readiness | undefined {
  const old = status(object, 'replicas') - status(object, 'updatedReplicas');
  return old > 0 ? progressing('OldReplicasTerminating', `${old} old replicas are still there`) : undefined;
}

function statefulSet(object: KubeObject): Readiness {
  const want = numberAt(object, 'spec', 'replicas') ?? 1;
  if (textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete')
    return unseen(object) ?? ready('OnDelete', 'pods are updated only when deleted');
  const partition = numberAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
  const updating = textAt(object, 'status', 'currentRevision') !== textAt(object, 'status', 'updateRevision');
  return (
    unseen(object) ??
    shortage([
      { have: status(object, 'replicas'), want, reason: 'ReplicasMissing', what: 'replicas exist' },
      { have: status(object, 'readyReplicas'), want, reason: 'ReplicasNotReady', what: 'replicas are ready' },
      ...(updating
        ? [
            {
              have: status(object, 'updatedReplicas'),
              want: Math.max(0, want - partition),
              reason: 'ReplicasNotUpdated',
              what: 'replicas are updated',
            },
          ]
        : []),
    ]) ??
    ready('Available', `${want} replicas are ready`)
  );
}

function daemonSet(object: KubeObject): Readiness {
  const want = status(object, 'desiredNumberScheduled');
  if (textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete')
    return unseen(object) ?? ready('OnDelete', 'pods are updated only when deleted');
  return (
    unseen(object) ??
    shortage([
      { have: status(object, 'updatedNumberScheduled'), want, reason: 'PodsNotUpdated', what: 'pods are updated' },
      { have: status(object, 'numberAvailable'), want, reason: 'PodsNotAvailable', what: 'pods are available' },
    ]) ??
    ready('Available', `${want} pods are available`)
  );
}

function replicaSet(object: KubeObject): Readiness {
  const want = numberAt(object, 'spec', 'replicas') ?? 1;
  const refused = verdictOf(object, 'ReplicaFailure');
  if (refused.status === 'True') return failing(refused.reason, refused.message);
  return (
    unseen(object) ??
    shortage([
      { have: status(object, 'fullyLabeledReplicas'), want, reason: 'ReplicasNotLabelled', what: 'replicas carry the labels' },
      { have: status(object, 'availableReplicas'), want, reason: 'ReplicasNotAvailable', what: 'replicas are available' },
    ]) ??
    ready('Available')
  );
}

interface ContainerStatus {
  readonly name: string;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly reason?: string; readonly exitCode?: number };
  };
}

/** The kubelet tries these again and again; without a change they rarely pass. */
const FAILING_WAITS = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
]);

function pod(object: KubeObject): Readiness {
  const phase = textAt(object, 'status', 'phase') ?? 'Unknown';
  if (phase === 'Succeeded') return ready('Succeeded');
  if (phase === 'Failed')
    return failed(textAt(object, 'status', 'reason') ?? 'PodFailed', textAt(object, 'status', 'message') ?? containerExits(object));
  const condition = verdictOf(object, 'Ready', { reason: phase, message: `phase is ${phase}` });
  if (condition.status === 'True') return ready('Ready');
  return failingContainer(object) ?? unscheduled(object) ?? progressing(condition.reason, condition.message);
}

function failingContainer(object: KubeObject): Readiness | undefined {
  const waits = containers(object).map(({ name, state }) => ({ name, reason: '', message: undefined, ...state?.waiting }));
  const bad = waits.find(({ reason }) => FAILING_WAITS.has(reason));
  return bad && failing(bad.reason, `container ${bad.name}: ${bad.message ?? bad.reason}`);
}

function unscheduled(object: KubeObject): Readiness | undefined {
  const scheduled = verdictOf(object, 'PodScheduled', { reason: 'Unschedulable' });
  if (scheduled.status === 'False') return progressing(scheduled.reason, scheduled.message);
  return textAt(object, 'spec', 'nodeName') === undefined ? progressing('NotScheduled', 'is not assigned to a node') : undefined;
}

function containers(object: KubeObject): readonly ContainerStatus[] {
  const lists = ['initContainerStatuses', 'containerStatuses'].map((field) => valueAt(object, 'status', field));
  return lists.flatMap((list) => (Array.isArray(list) ? (list as ContainerStatus[]) : []));
}

function containerExits(object: KubeObject): string {
  const exits = containers(object).flatMap(({ name, state }) =>
    state?.terminated && state.terminated.exitCode !== 0 ? [`container ${name} exited with ${state.terminated.exitCode}`] : [],
  );
  return exits.join(', ');
}

function job(object: KubeObject): Readiness {
  const lost = ['Failed', 'FailureTarget'].map((type) => verdictOf(object, type)).find((verdict) => verdict.status === 'True');
  if (lost) return failed(lost.reason, lost.message);
  if (verdictOf(object, 'Complete').status === 'True') return ready('Complete');
  if (valueAt(object, 'spec', 'suspend') === true) return { state: 'suspended', reason: 'Suspended', message: 'spec.suspend is true' };
  const [done, active, lostPods] = [status(object, 'succeeded'), status(object, 'active'), status(object, 'failed')];
  return progressing(
    'Running',
    `${done} of ${numberAt(object, 'spec', 'completions') ?? 1} pods succeeded, ${active} active, ${lostPods} failed`,
  );
}
