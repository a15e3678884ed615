import { describe, expect, it } from 'vitest';
import { readinessOf } from './readiness.ts';
import type { KubeObject } from './types.ts';

type Fields = Readonly<Record<string, unknown>>;

function judge(
  kind: string,
  given: { readonly spec?: Fields; readonly status?: Fields; readonly annotations?: Readonly<Record<string, string>> } = {},
): string {
  const [group = '', name = ''] = kind.split('/');
  const { spec, status, annotations } = given;
  const object: KubeObject = {
    apiVersion: `${group}/v1beta2`,
    kind: name,
    metadata: { name: 'x', namespace: 'fleet', generation: 1, ...(annotations && { annotations }) },
    ...(spec && { spec }),
    ...(status && { status }),
  };
  const { state, reason, retrying } = readinessOf(object);
  return `${state} ${reason}${retrying ? ' …' : ''}`;
}

const said = (type: string, status: string, reason = ''): Fields => ({ type, status, reason });
const conditions = (...list: readonly Fields[]): Fields => ({ conditions: list });

const CLUSTER = 'cluster.x-k8s.io/Cluster';
const MACHINE = 'cluster.x-k8s.io/Machine';
const DEPLOYMENT = 'cluster.x-k8s.io/MachineDeployment';
const CHECK = 'cluster.x-k8s.io/MachineHealthCheck';
const CONTROL_PLANE = 'controlplane.cluster.x-k8s.io/RKE2ControlPlane';
const INFRASTRUCTURE = 'infrastructure.cluster.x-k8s.io/OpenStackCluster';
const BOOTSTRAP = 'bootstrap.cluster.x-k8s.io/KubeadmConfig';
const LOCAL = 'infrastructure.slipway.dev/LocalControlPlane';

const counts = { replicas: 3, readyReplicas: 3, availableReplicas: 3, upToDateReplicas: 3 };

describe('readiness of Cluster API objects', () => {
  it.each([
    [CLUSTER, 'nobody reported on', {}, 'progressing NotReconciled'],
    [CLUSTER, 'available', { status: conditions(said('Available', 'True', 'Available')) }, 'ready Available'],
    [CLUSTER, 'not available', { status: conditions(said('Available', 'False', 'NotAvailable')) }, 'progressing NotAvailable'],
    [CLUSTER, 'paused before it was available', { spec: { paused: true } }, 'progressing Paused'],
    [
      CLUSTER,
      'paused and available',
      { spec: { paused: true }, status: conditions(said('Available', 'True', 'Available')) },
      'ready Available',
    ],
    [CLUSTER, 'of contract v1beta1', { status: conditions(said('Ready', 'True')) }, 'ready Ready'],
    [
      CLUSTER,
      'of both contracts',
      { status: { ...conditions(said('Ready', 'True')), v1beta2: conditions(said('Available', 'False', 'No')) } },
      'progressing No',
    ],
    [
      CLUSTER,
      'whose controller saw an older spec',
      { status: { observedGeneration: 0, ...conditions(said('Available', 'True')) } },
      'progressing LatestGenerationNotObserved',
    ],
    [MACHINE, 'ready', { status: conditions(said('Available', 'False', 'No'), said('Ready', 'True', 'Ready')) }, 'ready Ready'],
    [MACHINE, 'failed for good', { status: { failureReason: 'CreateError', failureMessage: 'no quota' } }, 'failed CreateError'],
    [
      MACHINE,
      'failed for good, told in v1beta2',
      { status: { deprecated: { v1beta1: { failureReason: 'CreateError' } } } },
      'failed CreateError',
    ],
    [DEPLOYMENT, 'nobody reported on', { spec: { replicas: 3 } }, 'progressing NotReconciled'],
    [DEPLOYMENT, 'without machines', { spec: { replicas: 0 } }, 'ready Available'],
    [DEPLOYMENT, 'with all machines', { spec: { replicas: 3 }, status: counts }, 'ready Available'],
    [DEPLOYMENT, 'growing', { spec: { replicas: 4 }, status: counts }, 'progressing ScalingUp'],
    [DEPLOYMENT, 'shrinking', { spec: { replicas: 2 }, status: counts }, 'progressing ScalingDown'],
    [DEPLOYMENT, 'rolling out', { spec: { replicas: 3 }, status: { ...counts, upToDateReplicas: 1 } }, 'progressing RollingOut'],
    [
      DEPLOYMENT,
      'rolling out, told in v1beta1',
      { spec: { replicas: 3 }, status: { ...counts, upToDateReplicas: undefined, updatedReplicas: 1 } },
      'progressing RollingOut',
    ],
    [
      DEPLOYMENT,
      'with a machine that is not ready',
      { spec: { replicas: 3 }, status: { ...counts, readyReplicas: 2 } },
      'progressing MachinesNotReady',
    ],
    [
      DEPLOYMENT,
      'with a machine that is not ready for long enough',
      { spec: { replicas: 3 }, status: { ...counts, availableReplicas: 2 } },
      'progressing MachinesNotAvailable',
    ],
    [CHECK, 'that may act', { status: conditions(said('RemediationAllowed', 'True')) }, 'ready RemediationAllowed'],
    [
      CHECK,
      'that may not act',
      { status: conditions(said('RemediationAllowed', 'False', 'TooManyUnhealthy')) },
      'failed TooManyUnhealthy …',
    ],
    [CHECK, 'nobody reported on', {}, 'progressing NotReconciled'],
    [CONTROL_PLANE, 'with a condition', { status: conditions(said('Available', 'False', 'NoEtcd')) }, 'progressing NoEtcd'],
    [CONTROL_PLANE, 'with the flag of v1beta2', { status: { initialization: { controlPlaneInitialized: true } } }, 'ready Provisioned'],
    [CONTROL_PLANE, 'with the flag of v1beta1', { status: { ready: true } }, 'ready Provisioned'],
    [CONTROL_PLANE, 'with the flag down', { status: { ready: false } }, 'progressing NotProvisioned'],
    [INFRASTRUCTURE, 'nobody reported on', {}, 'progressing NotReconciled'],
    [INFRASTRUCTURE, 'provisioned', { status: { initialization: { provisioned: true } } }, 'ready Provisioned'],
    [
      INFRASTRUCTURE,
      'only said to be unpaused',
      { status: conditions(said('Paused', 'False', 'NotPaused')) },
      'progressing NotProvisioned',
    ],
    [INFRASTRUCTURE, 'with a pause by hand', { annotations: { 'cluster.x-k8s.io/paused': '' } }, 'progressing Paused'],
    ['infrastructure.cluster.x-k8s.io/OpenStackMachineTemplate', 'a template', {}, 'ready Current'],
    [BOOTSTRAP, 'with its Secret', { status: { initialization: { dataSecretCreated: true } } }, 'ready Provisioned'],
    [LOCAL, 'of Slipway', { status: { initialization: { controlPlaneInitialized: true } } }, 'ready Provisioned'],
    ['addons.cluster.x-k8s.io/ClusterResourceSet', 'by the generic rules', {}, 'ready Current'],
    ['notcluster.x-k8s.io.example.com/Cluster', 'of a stranger', {}, 'ready Current'],
  ] as const)('%s %s', (kind, _what, given, expected) => {
    expect(judge(kind, given)).toBe(expected);
  });
});
