/**
 * PREFLIGHT on the real target, before anything is paused: namespaces, classes and their templates are really made and reconciled there
 * (admission of a Cluster waits for its class), of everything else one object of each shape is tried by a dry run.
 */
import { isSlipwayError, SlipwayError, SlipwayErrors } from '../../core/errors.ts';
import { mapPool } from '../../kube/pool.ts';
import { formatRef, type KubeObject, refOf } from '../../kube/types.ts';
import { CLUSTER_CLASS } from '../words.ts';
import { canonicalForm, differingPaths } from './canonical.ts';
import { Copying } from './copy.ts';
import { copyForm } from './copy-form.ts';
import { conditionOf, keyOf, kindKey, numberAt } from './fields.ts';
import { freeTarget } from './hold.ts';
import type { Inventory } from './inventory.ts';
import { RUN_ANNOTATION } from './marks.ts';
import type { Ordered } from './order.ts';
import type { Refusal } from './plan.ts';
import type { Session } from './session.ts';
import { shapeOf } from './shape.ts';
import { isConflict } from './transaction.ts';
import { namespaceRef } from './target-checks.ts';
import { untilAll } from './until.ts';
import type { World } from './world.ts';

/** What the target's admission makes of objects, by shape: the paths that it changed in the one that was tried. */
export type Expectations = ReadonlyMap<string, ReadonlySet<string>>;

/** @throws SLW-PIV-001 */
export async function preflight(session: Session, world: World, standing: Inventory): Promise<Expectations> {
  await makeNamespaces(session, world);
  const early = world.going.filter(({ isEarly }) => isEarly);
  const copying = new Copying({ session, to: 'target', inventory: world.inventory, standing });
  await copying.copy(early, () => undefined);
  await classesReconciled(session, early);
  return tryAll(session, world, { standing, uidOf: copying.uidOf });
}

/** With labels and annotations of the source: security levels of a namespace are labels. */
async function makeNamespaces(session: Session, world: World): Promise<void> {
  const { source, target } = session.options;
  const found = await Promise.all(
    world.namespaces.map(async (name) => ({ name, there: await target.client.get(namespaceRef(name), session.signal) })),
  );
  const missing = found.filter(({ there }) => !there).map(({ name }) => name);
  if (missing.length === 0) return;
  await session.save({ madeNamespaces: [...new Set([...session.transaction.madeNamespaces, ...missing])].sort() });
  await mapPool(missing, session.pool, async (name) => {
    const original = await source.client.get(namespaceRef(name), session.signal);
    const { labels, annotations } = original?.metadata ?? {};
    const marks = { ...annotations, [RUN_ANNOTATION]: session.transaction.runId };
    const copy: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, annotations: marks, ...(labels && { labels }) } };
    await session.writes.create('target', copy, 'make namespace').catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
  });
}

/** Only classes that are reconciled at the source can become so at the target. */
async function classesReconciled(session: Session, early: readonly Ordered[]): Promise<void> {
  const { host, target, timeoutMs, report } = session.options;
  const classes = early.filter(({ object }) => object.kind === CLUSTER_CLASS.kind && isReconciled(object));
  const found = await Promise.all(classes.map(({ object }) => target.client.get(refOf(object), session.signal)));
  const copies = found.flatMap((copy) => copy ?? []);
  // Held by the attempt before: somebody changed or made a class since. They are held again afterwards.
  if (!copies.every(isReconciled)) await freeTarget(session);
  const pending = await untilAll(copies, {
    host,
    client: target.client,
    signal: session.signal,
    timeoutMs,
    isDone: isReconciled,
    onWaiting: (waiting) => {
      for (const object of waiting)
        report({ type: 'waiting', phase: 'preflight', object: formatRef(refOf(object)), reason: `to be reconciled on ${target.name}` });
    },
  });
  const [first] = pending;
  if (!first) return;
  const name = formatRef(refOf(first));
  const message = conditionOf(first, 'VariablesReady')?.message;
  throw new SlipwayError('SLW-PIV-001', `${name} is not reconciled on ${target.name}${message === undefined ? '' : `: ${message}`}`, {
    object: name,
    data: { reason: 'class-not-reconciled' },
    fix: `look at the Cluster API controllers of ${target.name}: they did not reconcile the copy of the class`,
    retry: 'backoff',
  });
}

function isReconciled(object: KubeObject): boolean {
  const observed = numberAt(object, 'status', 'observedGeneration') ?? 0;
  return conditionOf(object, 'VariablesReady')?.status === 'True' && observed >= (object.metadata.generation ?? 1);
}

interface TryOptions {
  readonly standing: Inventory;
  readonly uidOf: (uid: string) => string | undefined;
}

async function tryAll(session: Session, world: World, options: TryOptions): Promise<Expectations> {
  const expectations = new Map<string, ReadonlySet<string>>();
  const refusals: Refusal[] = [];
  const undryable = new Set<string>();
  await mapPool([...formsToTry(session, world, options)], session.pool, async ([shape, form]) => {
    try {
      const { client } = session.options.target;
      const answer = await session.writes.retrying(() => client.create(form, { dryRun: true, signal: session.signal }));
      expectations.set(shape, noteAdmission(session, form, answer));
    } catch (error) {
      if (isUndryable(error)) undryable.add(kindKey(form));
      else refusals.push(refusalOf(error, form));
    }
  });
  for (const kind of undryable)
    session.note({
      reason: 'no-dry-run',
      object: kind,
      message: `a webhook of the target does not support dry runs, so ${kind} could not be tried`,
    });
  if (refusals.length > 0) throw refusalErrors(refusals);
  return expectations;
}

/** By shape; of each the first in order of creation, if it is not there already. */
function formsToTry(session: Session, world: World, { standing, uidOf }: TryOptions): ReadonlyMap<string, KubeObject> {
  const forms = new Map<string, KubeObject>();
  for (const entry of world.going) {
    if (entry.isEarly || standing.byKey(keyOf(entry.object))) continue;
    // Owners that do not exist yet stand with their uids at the source; a dry run stores nothing.
    const form = copyForm(entry, {
      inventory: world.inventory,
      runId: session.transaction.runId,
      uidOf: (uid) => uidOf(uid) ?? uid,
    });
    const shape = shapeOf(form);
    if (!forms.has(shape)) forms.set(shape, form);
  }
  return forms;
}

function noteAdmission(session: Session, form: KubeObject, answer: KubeObject): ReadonlySet<string> {
  const fields = new Set(differingPaths(canonicalForm(form), canonicalForm(answer)));
  if (fields.size === 0) return fields;
  const object = formatRef(refOf(form));
  session.note({
    reason: 'admission-changes',
    object,
    message: `the target's admission changes ${[...fields].slice(0, 5).join(', ')} of ${object} and its like`,
  });
  return fields;
}

function isUndryable(error: unknown): boolean {
  return isSlipwayError(error) && /does not support dry run/.test(error.message);
}

const VERDICTS = new Set([
  'SLW-KUB-005',
  'SLW-KUB-008',
  'SLW-KUB-009',
  'SLW-KUB-010',
  'SLW-KUB-011',
  'SLW-KUB-012',
  'SLW-KUB-015',
  'SLW-KUB-018',
  'SLW-KUB-019',
]);

/** What cannot be an answer about the object is thrown on. */
function refusalOf(error: unknown, object: KubeObject): Refusal {
  if (!isSlipwayError(error) || !VERDICTS.has(error.code)) throw error;
  const name = formatRef(refOf(object));
  const reason = /feature (?:flag|gate)/i.test(error.message) ? 'feature-gate-missing' : 'admission-refused';
  return { reason: isConflict(error) ? 'foreign-object' : reason, object: name, message: error.message };
}

/** One error for each refusal. */
export function refusalErrors(refusals: readonly Refusal[]): SlipwayError | SlipwayErrors {
  const errors = refusals.map(
    ({ reason, object, message }) =>
      new SlipwayError('SLW-PIV-001', message, { data: { reason }, ...(object !== undefined && { object }) }),
  );
  const [only] = errors;
  return errors.length === 1 && only ? only : new SlipwayErrors(errors);
}
