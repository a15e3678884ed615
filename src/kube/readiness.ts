/**
 * Whether an object is ready, as a table: one small function a kind, the generic rules for all others. Pure.
 * Source: sigs.k8s.io/cli-utils/pkg/kstatus, and the API documents of the kinds.
 */
import { clusterApiRule } from './readiness-cluster-api.ts';
import { fluxReadiness } from './readiness-flux.ts';
import { failed, progressing, ready, type Readiness, staleGeneration, textAt, verdictOf } from './readiness-state.ts';
import { workloadReadiness } from './readiness-workloads.ts';
import { groupOf } from './discovery.ts';
import type { KubeObject } from './types.ts';

export type { Readiness } from './readiness-state.ts';
export type ReadinessRule = (object: KubeObject) => Readiness;

const clusterRules: Readonly<Record<string, ReadinessRule>> = {
  '/Namespace': (object) =>
    textAt(object, 'status', 'phase') === 'Active'
      ? ready('Active')
      : progressing('NotActive', `phase is ${textAt(object, 'status', 'phase') ?? 'unknown'}`),
  '/PersistentVolumeClaim': volumeClaim,
  '/Service': service,
  'apiextensions.k8s.io/CustomResourceDefinition': definition,
  'apiregistration.k8s.io/APIService': (object) => fromCondition(object, 'Available', 'NotAvailable'),
  'networking.k8s.io/Ingress': () => ready('Current', 'ingresses are ready as soon as they exist; controllers need not report an address'),
  'autoscaling/HorizontalPodAutoscaler': () => ready('Current'),
  'policy/PodDisruptionBudget': () => ready('Current'),
};

const table: ReadonlyMap<string, ReadinessRule> = new Map(Object.entries({ ...clusterRules, ...workloadReadiness, ...fluxReadiness }));

/** Kinds with a rule of their own, as `group/Kind`; for docs and tests. */
export const readinessKinds: readonly string[] = [...table.keys()];

export function readinessOf(object: KubeObject): Readiness {
  if (object.metadata.deletionTimestamp !== undefined) return terminating(object);
  const group = groupOf(object.apiVersion);
  const key = `${group}/${object.kind}`;
  // Flux observes a generation only when it succeeded or stalled, so its rules look for themselves.
  const stale = key in fluxReadiness ? undefined : staleGeneration(object);
  return stale ?? (table.get(key) ?? clusterApiRule(group, object.kind) ?? genericReadiness)(object);
}

/** Readiness of an object that is not there. */
export const absent: Readiness = progressing('NotFound', 'does not exist yet');

function terminating(object: KubeObject): Readiness {
  const finalizers = object.metadata.finalizers ?? [];
  return progressing('Terminating', finalizers.length === 0 ? 'is being deleted' : `is being deleted, waits for ${finalizers.join(', ')}`);
}

/** kstatus for anything: Reconciling, Stalled, then Ready; without any of them it is ready once it exists. */
export function genericReadiness(object: KubeObject): Readiness {
  const [stalled, reconciling] = [verdictOf(object, 'Stalled'), verdictOf(object, 'Reconciling')];
  if (stalled.status === 'True') return failed(stalled.reason, stalled.message);
  if (reconciling.status === 'True') return progressing(reconciling.reason, reconciling.message);
  const main = ['Ready', 'Available'].map((type) => verdictOf(object, type)).find(({ status }) => status !== undefined);
  if (!main) return ready('Current');
  return main.status === 'True' ? ready(main.reason, main.message) : progressing(main.reason, main.message);
}

function fromCondition(object: KubeObject, type: string, missing: string): Readiness {
  const { status, reason, message } = verdictOf(object, type, { reason: missing, message: `condition ${type} is not reported yet` });
  return status === 'True' ? ready(reason, message) : progressing(reason, message);
}

function definition(object: KubeObject): Readiness {
  const names = verdictOf(object, 'NamesAccepted', { message: 'its names are taken' });
  if (names.status === 'False') return failed(names.reason, names.message);
  const established = verdictOf(object, 'Established', { reason: 'NotEstablished', message: 'is not established yet' });
  return established.status === 'True' ? ready('Established') : progressing(established.reason, established.message);
}

function volumeClaim(object: KubeObject): Readiness {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Bound') return ready('Bound');
  if (phase === 'Lost') return failed('Lost', 'its volume is gone');
  return progressing(phase ?? 'Pending', 'is not bound to a volume');
}

function service(object: KubeObject): Readiness {
  if (textAt(object, 'spec', 'type') !== 'LoadBalancer') return ready('Current');
  const status = object['status'] as { loadBalancer?: { ingress?: readonly unknown[] } } | undefined;
  return (status?.loadBalancer?.ingress?.length ?? 0) > 0
    ? ready('Provisioned')
    : progressing('LoadBalancerPending', 'has no address from a load balancer yet');
}
