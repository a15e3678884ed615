/** Why one object is not well, by itself. Pure. */
import { contractConditions, isPaused } from '../../kube/readiness-cluster-api.ts';
import { readinessOf } from '../../kube/readiness.ts';
import { formatRef, type KubeObject, refOf } from '../../kube/types.ts';
import { isWaiting, leadingCondition, oneLine } from './conditions.ts';
import type { ClusterCause } from './description.ts';
import type { Evidence, Warning } from './evidence.ts';
import type { Part } from './family.ts';
import type { Finding } from './inquiry.ts';
import { type ClusterWorld, toObjectRef } from './world.ts';

export interface Look {
  readonly world: ClusterWorld;
  readonly evidence: Evidence | undefined;
}

export interface Said {
  readonly reason: string;
  readonly message: string;
  readonly since?: string | undefined;
}

export function causeAt(object: KubeObject, { reason, message, since }: Said): ClusterCause {
  const ref = refOf(object);
  return { ref, object: formatRef(ref), reason, message: oneLine(message), ...(since !== undefined && { since }) };
}

/** Why a referenced object is not well, or not there at all. */
export function partBlocker(look: Look, { ref, object }: Part): Finding | undefined {
  const { world } = look;
  const at = toObjectRef(world, ref);
  const missing = (reason: string, message: string): Finding => ({ ref: at, object: formatRef(at), reason, message, decisive: true });
  if (!world.serves(ref.group, ref.kind))
    return missing('ProviderMissing', `no provider on this cluster serves ${ref.kind} of ${ref.group}`);
  const unreadable = world.unreadable(ref.group, ref.kind);
  if (unreadable !== undefined) return missing('Unreadable', unreadable);
  if (!object) return missing('NotFound', 'is referred to, and does not exist');
  return blockerOf(look.evidence, object);
}

/** Undefined when it is well. */
export function blockerOf(evidence: Evidence | undefined, object: KubeObject): Finding | undefined {
  const readiness = readinessOf(object);
  if (readiness.state === 'ready') return undefined;
  if (isPaused(object) && object.kind !== 'Cluster')
    return {
      ...causeAt(object, { reason: 'Paused', message: 'carries the annotation cluster.x-k8s.io/paused: its controller leaves it alone' }),
      decisive: true,
    };
  const warning = evidence?.warning(object);
  if (warning && !isWaiting(warning) && isOfNow(warning, object))
    return { ...causeAt(object, { ...warning, since: warning.time }), decisive: true };
  if (readiness.reason === 'NotReconciled' || readiness.reason === 'LatestGenerationNotObserved')
    return { ...causeAt(object, readiness), waits: true };
  return fromConditions(object, readiness);
}

function fromConditions(object: KubeObject, readiness: Said): Finding {
  const condition = leadingCondition(object);
  if (!condition) return causeAt(object, readiness);
  const { type, reason, message, lastTransitionTime } = condition;
  const said = {
    reason: reason || type,
    message: message || readiness.message || `condition ${type} is ${condition.status}`,
    since: lastTransitionTime,
  };
  return { ...causeAt(object, said), ...(isWaiting(condition) && { waits: true }) };
}

/** Two writers met; whoever lost tries again at once. */
const PASSING = /the object has been modified|operation cannot be fulfilled|already exists/i;

/** A warning older than the last change of a condition speaks of what is over. */
function isOfNow({ time, message }: Warning, object: KubeObject): boolean {
  if (PASSING.test(message)) return false;
  const changes = [...contractConditions(object).values()].map(({ lastTransitionTime }) => lastTransitionTime ?? '');
  return time.slice(0, 19) >= (changes.toSorted().at(-1) ?? '').slice(0, 19);
}
