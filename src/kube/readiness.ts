/**
 * Whether an object is ready, as a table: one small function a kind, the generic rules for all others. Pure.
 * Source: sigs.k8s.io/cli-utils/pkg/kstatus, and the API documents of the kinds.
 */
import { fluxReadiness } from './readiness-flux.ts';
import { type Condition, conditionsOf, failed, progressing, ready, type Readiness, staleGeneration, textAt } from './readiness-state.ts';
import { workloadReadiness } from './readiness-workloads.ts';
import { groupOf } from './discovery.ts';
import type { KubeObject } from './types.ts';

export type { Readiness } from './readiness-state.ts';
export type ReadinessRule = (object: KubeObject) => Readiness;

const clusterRules: Readonly<Record<string, ReadinessRule>> = {
  '/Namespace': (object) => (textAt(object, 'status', 'phase') === 'Active' ? ready('Active') : progressing('NotActive', `phase is ${textAt(object, 'status', 'phase') ?? 'unknown'}`)),
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
  const key = `${groupOf(object.apiVersion)}/${object.kind}`;
  // Flux observes a generation only when it succeeded or stalled, so its rules look for themselves.
  const stale = key in fluxReadiness ? undefined : staleGeneration(object);
  return stale ?? (table.get(key) ?? genericReadiness)(object);
}

/** Readiness of an object that is not there. */
export const absent: Readiness = progressing('NotFound', 'does not exist yet');

function terminating(object: KubeObject): Readiness {
  const finalizers = object.metadata.finalizers ?? [];
  return progressing('Terminating', finalizers.length === 0 ? 'is being deleted' : `is being deleted, waits for ${finalizers.join(', ')}`);
}

/** kstatus for anything: Reconciling, Stalled, then Ready; without any of them it is ready once it exists. */
export function genericReadiness(object: KubeObject): Readiness {
  const conditions = conditionsOf(object);
  const stalled = conditions.get('Stalled');
  if (stalled?.status === 'True') return failed(stalled.reason ?? 'Stalled', stalled.message ?? '');
  const reconciling = conditions.get('Reconciling');
  if (reconciling?.status === 'True') return progressing(reconciling.reason ?? 'Reconciling', reconciling.message ?? '');
  const main = conditions.get('Ready') ?? conditions.get('Available');
  if (!main) return ready('Current');
  return main.status === 'True' ? ready(main.reason ?? 'Ready', main.message ?? '') : progressing(main.reason ?? 'NotReady', main.message ?? '');
}

function fromCondition(object: KubeObject, type: string, missing: string): Readiness {
  const condition: Condition | undefined = conditionsOf(object).get(type);
  if (condition?.status === 'True') return ready(condition.reason ?? type, condition.message ?? '');
  return progressing(condition?.reason ?? missing, condition?.message ?? `condition ${type} is not reported yet`);
}

function definition(object: KubeObject): Readiness {
  const refused = conditionsOf(object).get('NamesAccepted');
  if (refused?.status === 'False') return failed(refused.reason ?? 'NamesNotAccepted', refused.message ?? 'its names are taken');
  const established = conditionsOf(object).get('Established');
  if (established?.status === 'True' && established.reason !== 'Installing') return ready('Established');
  return progressing(established?.reason ?? 'NotEstablished', established?.message ?? 'is not established yet');
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
  return (status?.loadBalancer?.ingress?.length ?? 0) > 0 ? ready('Provisioned') : progressing('LoadBalancerPending', 'has no address from a load balancer yet');
}
