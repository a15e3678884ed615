/** Why a source has not fetched the head of its branch. Pure. */
import { textAt } from '../kube/readiness-state.ts';
import { readinessOf } from '../kube/readiness.ts';
import { formatRef, type KubeObject, type ObjectRef, refOf } from '../kube/types.ts';
import type { Cause } from './cause.ts';
import { tidy } from './failure-text.ts';
import { commitOf, headOf } from './units.ts';
import { causeOf, type Walk } from './walk.ts';

/** The status codes stand alone: a port or a digest that holds the same digits says nothing about a refusal. */
const AUTH_TEXT =
  /authentication required|authorization failed|unable to authenticate|invalid auth|unauthorized|(?<![\w./-])40[13](?![\w/-]|[.:]\d)|permission denied|knownhosts|key mismatch|handshake failed/i;

/** Undefined: the source serves what is at its head. */
export function explainSource(walk: Walk, ref: ObjectRef): Cause | undefined {
  const object = walk.world.get(ref);
  if (object === undefined) return walk.world.knows(ref) ? missing(walk, ref) : undefined;
  const readiness = readinessOf(object);
  const at = refOf(object);
  if (readiness.state === 'suspended')
    return causeOf(walk, at, { kind: 'suspended', area: 'source', reason: 'Suspended', message: 'spec.suspend is true' });
  if (readiness.state === 'failed')
    return causeOf(walk, at, {
      kind: 'failed',
      area: isAuth(readiness.reason, readiness.message) ? 'auth' : 'source',
      reason: readiness.reason,
      message: tidy(readiness.message),
    });
  if (readiness.state === 'progressing')
    return causeOf(walk, at, { kind: 'waiting', area: 'source', reason: readiness.reason, message: tidy(readiness.message) });
  return servesHead(walk, object)
    ? undefined
    : causeOf(walk, at, { kind: 'waiting', area: 'source', reason: 'NotAtHead', message: notAtHead(walk, object) });
}

function missing(walk: Walk, ref: ObjectRef): Cause {
  const isSelf = formatRef(walk.unit) === formatRef(ref);
  if (isSelf) return causeOf(walk, ref, { kind: 'waiting', area: 'source', reason: 'NotFound', message: 'does not exist yet' });
  return causeOf(walk, walk.unit, {
    kind: 'failed',
    area: 'unit',
    reason: 'SourceMissing',
    message: `its source ${formatRef(ref)} does not exist`,
  });
}

function isAuth(reason: string, message: string): boolean {
  return reason === 'AuthenticationFailed' || AUTH_TEXT.test(message);
}

/** A HelmRepository has no single head; an index that was fetched is enough. */
function servesHead(walk: Walk, object: KubeObject): boolean {
  if (object.kind === 'HelmRepository') return true;
  const revision = textAt(object, 'status', 'artifact', 'revision');
  return revision !== undefined && commitOf(revision) === headOf(walk.world, refOf(object), walk.options.heads);
}

function notAtHead(walk: Walk, object: KubeObject): string {
  const revision = textAt(object, 'status', 'artifact', 'revision');
  const head = headOf(walk.world, refOf(object), walk.options.heads);
  const has = revision === undefined ? 'has fetched nothing yet' : `has ${commitOf(revision).slice(0, 12)}`;
  return head === undefined ? has : `${has}, the head is ${head.slice(0, 12)}`;
}
