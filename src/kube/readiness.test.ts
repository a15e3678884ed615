import { describe, expect, it } from 'vitest';
import { readinessKinds, readinessOf } from './readiness.ts';
import type { KubeObject } from './types.ts';

interface Given {
  readonly generation?: number;
  readonly deleting?: readonly string[];
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

function object(kind: string, given: Given): KubeObject {
  const [group = '', name = ''] = kind.split('/');
  return {
    apiVersion: group === '' ? 'v1' : `${group}/v1`,
    kind: name,
    metadata: {
      name: 'x',
      generation: given.generation ?? 1,
      ...(given.deleting && { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: given.deleting }),
    },
    ...(given.spec && { spec: given.spec }),
    ...(given.status && { status: given.status }),
  };
}

/** `state Reason`, with `…` for one that its controller tries again. */
function judge(kind: string, given: Given): string {
  const { state, reason, retrying } = readinessOf(object(kind, given));
  return `${state} ${reason}${retrying ? ' …' : ''}`;
}

const condition = (type: string, status: string, reason?: string): Readonly<Record<string, unknown>> => ({
  type,
  status,
  ...(reason !== undefined && { reason }),
});
const seen = { observedGeneration: 1 };
const counts = { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };

const DEPLOYMENT = 'apps/Deployment';
const STATEFUL_SET = 'apps/StatefulSet';
const DAEMON_SET = 'apps/DaemonSet';
const REPLICA_SET = 'apps/ReplicaSet';
const JOB = 'batch/Job';
const KUSTOMIZATION = 'kustomize.toolkit.fluxcd.io/Kustomization';
const HELM_REPOSITORY = 'source.toolkit.fluxcd.io/HelmRepository';
const CRD = 'apiextensions.k8s.io/CustomResourceDefinition';
const WIDGET = 'example.dev/Widget';

const cases: readonly (readonly [string, string, Given, string])[] = [
  [DEPLOYMENT, 'nobody looked at', { spec: { replicas: 2 } }, 'progressing NotObserved'],
  [
    DEPLOYMENT,
    'whose controller saw an older spec',
    { generation: 2, status: { ...seen, ...counts } },
    'progressing LatestGenerationNotObserved',
  ],
  [
    DEPLOYMENT,
    'half updated',
    { spec: { replicas: 2 }, status: { ...seen, ...counts, updatedReplicas: 1 } },
    'progressing ReplicasNotUpdated',
  ],
  [
    DEPLOYMENT,
    'with old replicas',
    { spec: { replicas: 2 }, status: { ...seen, ...counts, replicas: 3 } },
    'progressing OldReplicasTerminating',
  ],
  [
    DEPLOYMENT,
    'not available',
    { spec: { replicas: 2 }, status: { ...seen, ...counts, availableReplicas: 1 } },
    'progressing ReplicasNotAvailable',
  ],
  [
    DEPLOYMENT,
    'past its deadline',
    { status: { ...seen, conditions: [condition('Progressing', 'False', 'ProgressDeadlineExceeded')] } },
    'failed ProgressDeadlineExceeded …',
  ],
  [
    DEPLOYMENT,
    'that may make no pods',
    { status: { ...seen, conditions: [condition('ReplicaFailure', 'True', 'FailedCreate')] } },
    'failed FailedCreate …',
  ],
  [DEPLOYMENT, 'that stands', { spec: { replicas: 2 }, status: { ...seen, ...counts } }, 'ready Available'],
  [DEPLOYMENT, 'scaled to zero', { spec: { replicas: 0 }, status: seen }, 'ready Available'],
  [STATEFUL_SET, 'without pods', { spec: { replicas: 2 }, status: seen }, 'progressing ReplicasMissing'],
  [
    STATEFUL_SET,
    'updating',
    { spec: { replicas: 2 }, status: { ...seen, ...counts, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' } },
    'progressing ReplicasNotUpdated',
  ],
  [
    STATEFUL_SET,
    'updated up to its partition',
    {
      spec: { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } } },
      status: { ...seen, ...counts, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
    },
    'ready Available',
  ],
  [STATEFUL_SET, 'updated by hand only', { spec: { updateStrategy: { type: 'OnDelete' } }, status: seen }, 'ready OnDelete'],
  [
    DAEMON_SET,
    'on some nodes',
    { status: { ...seen, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 1 } },
    'progressing PodsNotAvailable',
  ],
  [
    DAEMON_SET,
    'on all nodes',
    { status: { ...seen, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 } },
    'ready Available',
  ],
  [DAEMON_SET, 'without nodes', { status: { ...seen, desiredNumberScheduled: 0 } }, 'ready Available'],
  [
    REPLICA_SET,
    'that may make no pods',
    { status: { ...seen, conditions: [condition('ReplicaFailure', 'True', 'FailedCreate')] } },
    'failed FailedCreate …',
  ],
  [REPLICA_SET, 'complete', { status: { ...seen, fullyLabeledReplicas: 1, availableReplicas: 1 } }, 'ready Available'],
  ['/Pod', 'that nobody placed', { status: { phase: 'Pending' } }, 'progressing NotScheduled'],
  [
    '/Pod',
    'that fits nowhere',
    { status: { phase: 'Pending', conditions: [condition('PodScheduled', 'False', 'Unschedulable')] } },
    'progressing Unschedulable',
  ],
  [
    '/Pod',
    'whose container crashes',
    {
      spec: { nodeName: 'n' },
      status: { phase: 'Running', containerStatuses: [{ name: 'c', state: { waiting: { reason: 'CrashLoopBackOff' } } }] },
    },
    'failed CrashLoopBackOff …',
  ],
  [
    '/Pod',
    'whose image is missing',
    {
      spec: { nodeName: 'n' },
      status: { phase: 'Pending', initContainerStatuses: [{ name: 'c', state: { waiting: { reason: 'ImagePullBackOff' } } }] },
    },
    'failed ImagePullBackOff …',
  ],
  [
    '/Pod',
    'starting',
    { spec: { nodeName: 'n' }, status: { phase: 'Pending', conditions: [condition('Ready', 'False', 'ContainersNotReady')] } },
    'progressing ContainersNotReady',
  ],
  ['/Pod', 'running', { spec: { nodeName: 'n' }, status: { phase: 'Running', conditions: [condition('Ready', 'True')] } }, 'ready Ready'],
  ['/Pod', 'done', { status: { phase: 'Succeeded' } }, 'ready Succeeded'],
  [
    '/Pod',
    'lost',
    { status: { phase: 'Failed', containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 2 } } }] } },
    'failed PodFailed',
  ],
  [JOB, 'running', { status: { active: 1 } }, 'progressing Running'],
  [JOB, 'complete', { status: { conditions: [condition('Complete', 'True')] } }, 'ready Complete'],
  [
    JOB,
    'out of attempts',
    { status: { conditions: [condition('Failed', 'True', 'BackoffLimitExceeded')] } },
    'failed BackoffLimitExceeded',
  ],
  [JOB, 'suspended', { spec: { suspend: true } }, 'suspended Suspended'],
  ['batch/CronJob', 'suspended', { spec: { suspend: true } }, 'suspended Suspended'],
  ['batch/CronJob', 'that stands', {}, 'ready Current'],
  ['/PersistentVolumeClaim', 'waiting', { status: { phase: 'Pending' } }, 'progressing Pending'],
  ['/PersistentVolumeClaim', 'bound', { status: { phase: 'Bound' } }, 'ready Bound'],
  ['/PersistentVolumeClaim', 'whose volume is gone', { status: { phase: 'Lost' } }, 'failed Lost'],
  ['/Service', 'inside the cluster', { spec: { type: 'ClusterIP' } }, 'ready Current'],
  ['/Service', 'without address', { spec: { type: 'LoadBalancer' } }, 'progressing LoadBalancerPending'],
  [
    '/Service',
    'with address',
    { spec: { type: 'LoadBalancer' }, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } },
    'ready Provisioned',
  ],
  ['/Namespace', 'active', { status: { phase: 'Active' } }, 'ready Active'],
  ['/Namespace', 'going', { deleting: ['kubernetes'], status: { phase: 'Terminating' } }, 'progressing Terminating'],
  [CRD, 'new', {}, 'progressing NotEstablished'],
  [
    CRD,
    'whose names are taken',
    { status: { conditions: [condition('NamesAccepted', 'False', 'PluralConflict')] } },
    'failed PluralConflict',
  ],
  [
    CRD,
    'established',
    { status: { conditions: [condition('NamesAccepted', 'True'), condition('Established', 'True')] } },
    'ready Established',
  ],
  [
    'apiregistration.k8s.io/APIService',
    'whose server is away',
    { status: { conditions: [condition('Available', 'False', 'MissingEndpoints')] } },
    'progressing MissingEndpoints',
  ],
  ['networking.k8s.io/Ingress', 'without address', {}, 'ready Current'],
  ['autoscaling/HorizontalPodAutoscaler', 'at all', {}, 'ready Current'],
  ['policy/PodDisruptionBudget', 'at all', {}, 'ready Current'],
  [KUSTOMIZATION, 'nobody looked at', { status: { observedGeneration: -1 } }, 'progressing NotReconciled'],
  [
    KUSTOMIZATION,
    'at work',
    { status: { observedGeneration: -1, conditions: [{ ...condition('Ready', 'Unknown', 'Progressing'), observedGeneration: 1 }] } },
    'progressing Progressing',
  ],
  [
    KUSTOMIZATION,
    'that failed before it ever worked',
    { status: { observedGeneration: -1, conditions: [{ ...condition('Ready', 'False', 'BuildFailed'), observedGeneration: 1 }] } },
    'failed BuildFailed …',
  ],
  [
    KUSTOMIZATION,
    'that failed after an edit',
    {
      generation: 2,
      status: { observedGeneration: 1, conditions: [{ ...condition('Ready', 'False', 'BuildFailed'), observedGeneration: 2 }] },
    },
    'failed BuildFailed …',
  ],
  [
    KUSTOMIZATION,
    'whose success is of an older spec',
    {
      generation: 2,
      status: { observedGeneration: 1, conditions: [{ ...condition('Ready', 'True', 'ReconciliationSucceeded'), observedGeneration: 1 }] },
    },
    'progressing NotReconciled',
  ],
  [
    KUSTOMIZATION,
    'whose failure is of an older spec',
    {
      generation: 2,
      status: { observedGeneration: 1, conditions: [{ ...condition('Ready', 'False', 'BuildFailed'), observedGeneration: 1 }] },
    },
    'progressing NotReconciled',
  ],
  [
    KUSTOMIZATION,
    'waiting for another',
    { status: { conditions: [{ ...condition('Ready', 'False', 'DependencyNotReady'), observedGeneration: 1 }] } },
    'progressing DependencyNotReady',
  ],
  [KUSTOMIZATION, 'suspended', { spec: { suspend: true }, status: { conditions: [condition('Ready', 'True')] } }, 'suspended Suspended'],
  [
    KUSTOMIZATION,
    'stalled',
    { status: { conditions: [condition('Stalled', 'True', 'InvalidCELExpression')] } },
    'failed InvalidCELExpression',
  ],
  [
    KUSTOMIZATION,
    'that stands',
    { status: { ...seen, conditions: [{ ...condition('Ready', 'True', 'ReconciliationSucceeded'), observedGeneration: 1 }] } },
    'ready ReconciliationSucceeded',
  ],
  [HELM_REPOSITORY, 'of OCI charts', { spec: { type: 'oci' } }, 'ready Current'],
  [HELM_REPOSITORY, 'of HTTP charts, new', { spec: {} }, 'progressing NotReconciled'],
  [WIDGET, 'without any condition', {}, 'ready Current'],
  [
    WIDGET,
    'reconciling',
    { status: { conditions: [condition('Reconciling', 'True'), condition('Ready', 'True')] } },
    'progressing Reconciling',
  ],
  [WIDGET, 'stalled', { status: { conditions: [condition('Stalled', 'True', 'Broken'), condition('Ready', 'True')] } }, 'failed Broken'],
  [WIDGET, 'not ready', { status: { conditions: [condition('Ready', 'False', 'Waiting')] } }, 'progressing Waiting'],
  [WIDGET, 'ready', { status: { conditions: [condition('Ready', 'True', 'Fine')] } }, 'ready Fine'],
  [
    WIDGET,
    'ready for an older spec',
    { generation: 3, status: { observedGeneration: 2, conditions: [condition('Ready', 'True')] } },
    'progressing LatestGenerationNotObserved',
  ],
  [WIDGET, 'being deleted', { deleting: ['example.dev/guard'] }, 'progressing Terminating'],
];

describe('readinessOf', () => {
  it.each(cases)('%s %s', (...[kind, , given, expected]) => {
    expect(judge(kind, given)).toBe(expected);
  });

  it('has a case for every kind with a rule of its own', () => {
    const sameRule = /^(?:source\.toolkit|helm\.toolkit)|ReplicationController$/;
    const tested = new Set(cases.map(([kind]) => kind));
    expect(readinessKinds.filter((kind) => !tested.has(kind) && !sameRule.test(kind))).toEqual([]);
  });

  it('says what a deleted object waits for', () => {
    expect(readinessOf(object(WIDGET, { deleting: ['example.dev/guard'] })).message).toBe('is being deleted, waits for example.dev/guard');
  });
});
