/** A step that applies a set of objects to a cluster, and takes away those of an earlier set that are no longer in it. */
import { SlipwayError } from '../../core/errors.ts';
import {
  type ApplyContext,
  type Change,
  type ChangeDetail,
  defineStep,
  type Outputs,
  type Step,
  type StepContext,
  type StepId,
} from '../../engine/step.ts';
import { countKinds, toDetail } from '../../flux/install-step.ts';
import { applyObjects } from '../../kube/apply.ts';
import { deleteObjects } from '../../kube/delete.ts';
import type { ObjectDiff } from '../../kube/diff.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef, refOf } from '../../kube/types.ts';
import { patientDiff } from './patient-diff.ts';
import { recordedRefs, refKey } from './recorded-refs.ts';

export interface ObjectsStepOptions {
  readonly id: StepId;
  readonly title: string;
  /** Noun phrase for summaries: `the add-ons of mgmt`. */
  readonly what: string;
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly connect: (step: StepContext) => Promise<KubeClient | undefined>;
  readonly desired: (step: StepContext) => Promise<readonly KubeObject[]>;
}

interface Observed {
  readonly desired: readonly KubeObject[];
  /** Undefined while the cluster cannot be asked. */
  readonly diffs: readonly ObjectDiff[] | undefined;
  readonly surplus: readonly ObjectRef[];
  readonly isKnown: boolean;
}

/** Outputs: `objects`. Undone by the end of the cluster. */
export function objectsStep(options: ObjectsStepOptions): Step {
  return defineStep<Observed>({
    id: options.id,
    title: options.title,
    subject: options.subject,
    needs: options.needs,
    observe: (step) => observe(step, options),
    change: (observed) => objectsChange(options.what, observed),
    apply: (step) => apply(step, options),
  });
}

async function observe(step: StepContext, options: ObjectsStepOptions): Promise<Observed> {
  const { signal } = step;
  const [client, desired] = await Promise.all([options.connect(step), options.desired(step)]);
  const isKnown = step.record !== undefined;
  if (!client) return { desired, diffs: undefined, surplus: [], isKnown };
  const wanted = new Set(desired.map((object) => refKey(refOf(object))));
  const surplus: ObjectRef[] = [];
  for (const ref of recordedRefs(step)) {
    if (!wanted.has(refKey(ref)) && (await client.get(ref, signal)) !== undefined) surplus.push(ref);
  }
  return { desired, surplus, isKnown, diffs: await patientDiff(client, desired, signal) };
}

function objectsChange(what: string, { desired, diffs, surplus, isKnown }: Observed): Change {
  if (desired.length + surplus.length === 0) return { kind: 'none', summary: 'nothing to apply' };
  if (!diffs && isKnown) return { kind: 'update', summary: `look at ${what} once the cluster answers` };
  if (!diffs) return { kind: 'deferred', summary: `apply ${what}: ${desired.length} objects`, announces: countKinds(desired) };
  const removed = surplus.map((ref): ChangeDetail => ({ object: formatRef(ref), kind: 'delete', reason: 'no longer in the project' }));
  const details = [...diffs.filter(({ action }) => action !== 'none').map(toDetail), ...removed];
  if (details.length === 0) return { kind: 'none', summary: `${what} are applied` };
  const isNew = removed.length === 0 && diffs.every(({ action }) => action === 'create');
  const summary = `${isNew ? 'apply' : 'change'} ${what}: ${details.length} object${details.length === 1 ? '' : 's'}`;
  return { kind: isNew ? 'create' : 'update', summary, details };
}

async function apply(step: ApplyContext<Observed>, options: ObjectsStepOptions): Promise<Outputs> {
  const { host, signal, timeoutMs, observed } = step;
  const client = await options.connect(step);
  if (!client) throw new SlipwayError('SLW-BUG-001', `no API server to apply ${options.what} on`);
  await applyObjects(client, observed.desired, { host, force: true, signal });
  await deleteObjects(client, observed.surplus, { host, signal, timeoutMs });
  return { objects: observed.desired.map((object) => refKey(refOf(object))) };
}
