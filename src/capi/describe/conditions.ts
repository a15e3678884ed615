/** Which of an object's conditions tells most. Pure. Source: sigs.k8s.io/cluster-api/api `core/v1beta2`, condition_consts.go. */
import { contractConditions } from '../../kube/readiness-cluster-api.ts';
import type { Condition } from '../../kube/readiness-state.ts';
import type { KubeObject } from '../../kube/types.ts';

/** True is not the good news for these. */
const NEGATIVE = new Set(['Paused', 'Deleting', 'RollingOut', 'ScalingUp', 'ScalingDown', 'Remediating', 'Updating', 'Stalled', 'Reconciling']);
/** Made of other conditions, so that the others tell more. */
const SUMMARIES = new Set(['Ready', 'Available', 'MachinesReady', 'MachinesUpToDate', 'WorkersAvailable', 'WorkerMachinesReady', 'ControlPlaneMachinesReady']);
/** Only work that is to be done, or a word about another object. */
const PASSED_OVER = new Set(['Paused', 'UpToDate', 'MachinesUpToDate', 'WorkerMachinesUpToDate', 'ControlPlaneMachinesUpToDate']);

/** Says only that something else must come first. */
export function isWaiting({ reason = '', message = '' }: { readonly reason?: string | undefined; readonly message?: string | undefined }): boolean {
  return /^Waiting|^NoReplicas/.test(reason) || /\bwaiting ?for|not yet reported|is (?:provisioning|upgrading) \(.*preflight check failed/i.test(message);
}

/** The condition that tells most of why the object is not well; undefined when all are fine. */
export function leadingCondition(object: KubeObject): Condition | undefined {
  const bad = [...contractConditions(object).values()].filter((condition) => isBad(condition) && !PASSED_OVER.has(condition.type));
  return bad.map((condition) => ({ condition, rank: rankOf(condition) })).toSorted((a, b) => a.rank - b.rank)[0]?.condition;
}

function isBad({ type, status }: Condition): boolean {
  return NEGATIVE.has(type) ? status === 'True' : status !== 'True';
}

/** Specific and certain first. */
function rankOf(condition: Condition): number {
  const { type, status } = condition;
  const weights = [NEGATIVE.has(type) ? 8 : 0, isWaiting(condition) ? 4 : 0, SUMMARIES.has(type) ? 3 : 0, status === 'Unknown' ? 1 : 0];
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
