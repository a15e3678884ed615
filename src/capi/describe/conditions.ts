/** Which of an object's conditions tells most. Pure. Source: sigs.k8s.io/cluster-api/api `core/v1beta2`, condition_consts.go. */
import { contractConditions } from '../../kube/readiness-cluster-api.ts';
import type { Condition } from '../../kube/readiness-state.ts';
import type { KubeObject } from '../../kube/types.ts';

/** True is not the good news for these. */
const NEGATIVE = new Set([
  'Paused',
  'Deleting',
  'RollingOut',
  'ScalingUp',
  'ScalingDown',
  'Remediating',
  'Updating',
  'Stalled',
  'Reconciling',
]);
/** Made of other conditions, so that the others tell more. */
const SUMMARIES = new Set([
  'Ready',
  'Available',
  'MachinesReady',
  'MachinesUpToDate',
  'WorkersAvailable',
  'WorkerMachinesReady',
  'ControlPlaneMachinesReady',
]);
/** Only work that is to be done, or a word about another object. */
const PASSED_OVER = new Set(['Paused', 'UpToDate', 'MachinesUpToDate', 'WorkerMachinesUpToDate', 'ControlPlaneMachinesUpToDate']);

/** Says only that something else must come first, or that it could not be looked at. */
export function isWaiting({
  reason = '',
  message = '',
}: {
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}): boolean {
  if (isBlocked(message)) return false;
  return (
    /^Waiting|^(?:NoReplicas|NotInitialized|InspectionFailed|ConnectionDown)$/.test(reason) ||
    /\bwaiting ?for|not yet (?:reported|initialized)|is (?:provisioning|upgrading) \(.*preflight check failed/i.test(message)
  );
}

/** Says what forbids it to make machines, unless that is only the order of things. */
function isBlocked(message: string): boolean {
  return /is blocked because/.test(message) && !/is (?:provisioning|upgrading) \(|waiting for/i.test(message);
}

/** The condition that tells most of why the object is not well; undefined when all are fine. */
export function leadingCondition(object: KubeObject): Condition | undefined {
  const bad = [...contractConditions(object).values()].filter((condition) => isBad(condition) && !PASSED_OVER.has(condition.type));
  const types = new Set(bad.map(({ type }) => type));
  return bad.map((condition) => ({ condition, rank: rankOf(condition, types) })).toSorted((a, b) => a.rank - b.rank)[0]?.condition;
}

function isBad({ type, status }: Condition): boolean {
  return NEGATIVE.has(type) ? status === 'True' : status !== 'True';
}

/** Specific and certain first; what waits for another condition of the same object after that one. */
function rankOf(condition: Condition, others: ReadonlySet<string>): number {
  const { type, status, reason = '', message = '' } = condition;
  if (isBlocked(message)) return -1;
  const waitsHere = others.has(reason.replace(/^WaitingFor/, ''));
  const weights = [
    NEGATIVE.has(type) ? 16 : 0,
    isWaiting(condition) ? 8 : 0,
    SUMMARIES.has(type) ? 4 : 0,
    waitsHere ? 2 : 0,
    status === 'Unknown' ? 1 : 0,
  ];
  return weights.reduce((sum, weight) => sum + weight, 0);
}

/** Lists over several lines as one sentence. */
export function oneLine(message: string): string {
  return message
    .split('\n')
    .map((line) => line.trim().replace(/^\* /, ''))
    .filter((line) => line !== '')
    .reduce((text, line) => (text === '' ? line : `${text}${text.endsWith(':') ? ' ' : '; '}${line}`), '');
}
