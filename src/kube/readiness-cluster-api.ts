/**
 * Readiness of Cluster API objects by their contracts: conditions of v1beta2, else those of v1beta1, else the plain flags. Pure.
 * Providers bring kinds of their own, so that rules go by API group. Source: the book of Cluster API, "Provider contracts".
 */
import { type Condition, failed, failing, numberAt, progressing, ready, type Readiness, textAt, valueAt } from './readiness-state.ts';
import type { KubeObject } from './types.ts';

const CORE = 'cluster.x-k8s.io';
/** Groups that fulfil the contracts without being named after Cluster API. */
const FURTHER_GROUPS = new Set(['infrastructure.slipway.dev']);

type Rule = (object: KubeObject) => Readiness;

const coreRules: Readonly<Record<string, Rule>> = {
  Cluster: (object) => summary(object, ['Available', 'Ready']),
  Machine: (object) => summary(object, ['Ready']),
  MachineDeployment: replicas,
  MachineSet: replicas,
  MachinePool: replicas,
  MachineHealthCheck: healthCheck,
  ClusterClass: (object) => summary(object, ['VariablesReady', 'RefVersionsUpToDate', 'VariablesReconciled']),
  MachineDrainRule: () => ready('Current'),
};

/** The rule of a kind of Cluster API or of one of its providers; undefined for all other groups. */
export function clusterApiRule(group: string, kind: string): Rule | undefined {
  if (!isClusterApiGroup(group)) return undefined;
  if (kind.endsWith('Template') || kind.endsWith('Identity')) return () => ready('Current');
  const rule = group === CORE ? coreRules[kind] : contract(group, kind);
  return rule && ((object) => failure(object) ?? rule(object));
}

export function isClusterApiGroup(group: string): boolean {
  return group === CORE || group.endsWith(`.${CORE}`) || FURTHER_GROUPS.has(group);
}

/** Conditions by type, of the newest contract that the object speaks. */
export function contractConditions(object: KubeObject): ReadonlyMap<string, Condition> {
  const lists = [
    valueAt(object, 'status', 'v1beta2', 'conditions'),
    valueAt(object, 'status', 'conditions'),
    valueAt(object, 'status', 'deprecated', 'v1beta1', 'conditions'),
  ];
  const list = lists.find((candidate): candidate is Condition[] => Array.isArray(candidate) && candidate.length > 0) ?? [];
  return new Map(list.map((condition) => [condition.type, condition]));
}

/** What carries it out is paused, whatever else it says. */
export function isPaused(object: KubeObject): boolean {
  return valueAt(object, 'spec', 'paused') === true || object.metadata.annotations?.['cluster.x-k8s.io/paused'] !== undefined;
}

function contract(group: string, kind: string): Rule | undefined {
  const area = group.split('.')[0];
  if (area === 'controlplane') return (object) => provider(object, ['controlPlaneInitialized', 'initialized']);
  if (area === 'bootstrap') return (object) => provider(object, ['dataSecretCreated']);
  if (area !== 'infrastructure') return undefined;
  return kind.endsWith('ControlPlane')
    ? (object) => provider(object, ['controlPlaneInitialized'])
    : (object) => provider(object, ['provisioned']);
}

/** Terminal failures of contract v1beta1: nobody tries again. */
function failure(object: KubeObject): Readiness | undefined {
  for (const path of [['status'], ['status', 'deprecated', 'v1beta1']]) {
    const [reason, message] = [textAt(object, ...path, 'failureReason'), textAt(object, ...path, 'failureMessage')];
    if (reason !== undefined || message !== undefined) return failed(reason ?? 'Failed', message ?? '');
  }
  return undefined;
}

function summary(object: KubeObject, types: readonly string[]): Readiness {
  const conditions = contractConditions(object);
  const condition = types.map((type) => conditions.get(type)).find((found) => found !== undefined);
  if (condition?.status === 'True') return ready(condition.reason || condition.type);
  if (isPaused(object)) return progressing('Paused', 'is paused');
  if (!condition) return progressing('NotReconciled', 'no controller has reported on it yet');
  return progressing(condition.reason || condition.type, condition.message ?? '');
}

/** Ready or Available where the provider has such a condition, else the flag of `status.initialization`, else `status.ready`. */
function provider(object: KubeObject, flags: readonly string[]): Readiness {
  const conditions = contractConditions(object);
  if (conditions.has('Available') || conditions.has('Ready')) return summary(object, ['Available', 'Ready']);
  const values = [...flags.map((flag) => valueAt(object, 'status', 'initialization', flag)), valueAt(object, 'status', 'ready')];
  const value = values.find((candidate) => candidate !== undefined);
  if (value === true) return ready('Provisioned');
  if (isPaused(object)) return progressing('Paused', 'is paused');
  return value === undefined && conditions.size === 0
    ? progressing('NotReconciled', 'no controller has reported on it yet')
    : progressing('NotProvisioned', 'its provider has not finished it yet');
}

interface Count {
  readonly have: number;
  readonly want: number;
  readonly reason: string;
  readonly what: string;
}

function replicas(object: KubeObject): Readiness {
  const want = numberAt(object, 'spec', 'replicas') ?? 1;
  if (valueAt(object, 'status', 'replicas') === undefined && contractConditions(object).size === 0 && want > 0)
    return isPaused(object) ? progressing('Paused', 'is paused') : progressing('NotReconciled', 'no controller has reported on it yet');
  const short = countsOf(object, want).find(({ have, want: wanted }) => have < wanted);
  if (short) return progressing(short.reason, `${short.have} of ${short.want} ${short.what}`);
  const surplus = (numberAt(object, 'status', 'replicas') ?? want) - want;
  return surplus > 0 ? progressing('ScalingDown', `${surplus} machines too many are still there`) : ready('Available');
}

/** MachineSets of contract v1beta1 do not count what is up to date. */
function countsOf(object: KubeObject, want: number): readonly Count[] {
  const status = (field: string): number => numberAt(object, 'status', field) ?? 0;
  const upToDate = valueAt(object, 'status', 'upToDateReplicas') ?? valueAt(object, 'status', 'updatedReplicas');
  return [
    { have: status('replicas'), want, reason: 'ScalingUp', what: 'machines exist' },
    ...(typeof upToDate === 'number' ? [{ have: upToDate, want, reason: 'RollingOut', what: 'machines are up to date' }] : []),
    { have: status('readyReplicas'), want, reason: 'MachinesNotReady', what: 'machines are ready' },
    { have: status('availableReplicas'), want, reason: 'MachinesNotAvailable', what: 'machines are available' },
  ];
}

/** It is working also while machines are unhealthy; it is not when it must not replace them. */
function healthCheck(object: KubeObject): Readiness {
  const allowed = contractConditions(object).get('RemediationAllowed');
  if (allowed?.status === 'False') return failing(allowed.reason || 'RemediationRestricted', allowed.message ?? '');
  return allowed ? ready('RemediationAllowed') : progressing('NotReconciled', 'no controller has reported on it yet');
}
