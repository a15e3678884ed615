/** The step that writes the definition of a cluster where its objects live, and takes away what the definition no longer has. */
import { applyDefinitions } from '../../capi/definitions/write.ts';
import { CLUSTER } from '../../capi/words.ts';
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
  type UndoRecord,
} from '../../engine/step.ts';
import { countKinds, toDetail } from '../../flux/install-step.ts';
import { deleteObjects } from '../../kube/delete.ts';
import type { ObjectDiff } from '../../kube/diff.ts';
import { formatRef, type KubeObject, type ObjectRef, refOf } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { attendanceOf } from './attendance.ts';
import { type Family, findHome, guideOfStep } from './home.ts';
import { patientDiff } from './patient-diff.ts';
import { recordedRefs, refKey } from './recorded-refs.ts';
import { findSurplus } from './surplus.ts';

export interface DefinitionsOptions {
  readonly id: StepId;
  readonly cluster: string;
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly context: ProvisionerContext;
  /** The management cluster that has the objects. */
  readonly family: Family;
  readonly render: (step: StepContext) => Promise<readonly KubeObject[]>;
  readonly undo: UndoRecord;
}

interface Observed {
  readonly desired: readonly KubeObject[];
  /** Undefined while the management cluster cannot be asked, or does not know the kinds yet. */
  readonly diffs: readonly ObjectDiff[] | undefined;
  readonly surplus: readonly ObjectRef[];
  readonly isMoving: boolean;
  /** Written before. */
  readonly isKnown: boolean;
}

/** Outputs: `objects`, the definition as see recorded-refs.ts. */
export function definitionsStep(options: DefinitionsOptions): Step {
  return defineStep<Observed>({
    id: options.id,
    title: `define ${options.cluster}`,
    subject: options.subject,
    needs: options.needs,
    observe: (step) => observe(step, options),
    change: (observed) => definitionsChange(options.cluster, observed),
    intent: () => Promise.resolve({ undo: options.undo }),
    apply: (step) => apply(step, options),
  });
}

async function observe(step: StepContext, options: DefinitionsOptions): Promise<Observed> {
  const desired = await options.render(step);
  const isKnown = step.record !== undefined;
  const home = await findHome(options.family, guideOfStep(step, options.context));
  const unknown: Observed = { desired, diffs: undefined, surplus: [], isMoving: home?.isMoving ?? false, isKnown };
  if (!home || home.isMoving || !(await home.client.serves(CLUSTER, step.signal))) return unknown;
  const diffs = await patientDiff(home.client, desired, step.signal);
  const surplus = await findSurplus(home.client, desired, { recorded: recordedRefs(step), signal: step.signal });
  return { ...unknown, diffs, surplus };
}

function definitionsChange(cluster: string, { desired, diffs, surplus, isMoving, isKnown }: Observed): Change {
  if (isMoving) return { kind: 'none', summary: `the definition of ${cluster} is on the move` };
  if (!diffs && isKnown) return { kind: 'update', summary: `look at the definition of ${cluster} once its management cluster answers` };
  if (!diffs) return { kind: 'deferred', summary: `define ${cluster}: ${desired.length} objects`, announces: countKinds(desired) };
  const removed = surplus.map((ref): ChangeDetail => ({ object: formatRef(ref), kind: 'delete', reason: 'no longer in the project' }));
  const details = [...diffs.filter(({ action }) => action !== 'none').map(toDetail), ...removed];
  if (details.length === 0) return { kind: 'none', summary: `${cluster} is defined` };
  const isNew = removed.length === 0 && diffs.every(({ action }) => action === 'create');
  const count = `${details.length} object${details.length === 1 ? '' : 's'}`;
  return isNew
    ? { kind: 'create', summary: `define ${cluster}: ${count}`, details }
    : { kind: 'update', summary: `change the definition of ${cluster}: ${count}`, details };
}

async function apply(step: ApplyContext<Observed>, options: DefinitionsOptions): Promise<Outputs> {
  const { host, signal, timeoutMs, observed } = step;
  const objects = observed.desired.map((object) => refKey(refOf(object)));
  if (observed.isMoving) return { objects: [...new Set([...objects, ...recordedRefs(step).map(refKey)])] };
  const home = await findHome(options.family, guideOfStep(step, options.context));
  if (!home) throw new SlipwayError('SLW-CAP-401', `no cluster that could hold the definition of ${options.cluster} answers`);
  await attendanceOf(home.place, options.context).during(step, home.client, async () => {
    await applyDefinitions(home.client, observed.desired, { host, force: true, signal, timeoutMs });
    await deleteObjects(home.client, observed.surplus, { host, signal, timeoutMs });
  });
  const gone = new Set(observed.surplus.map(refKey));
  const kept = recordedRefs(step)
    .map(refKey)
    .filter((key) => !gone.has(key));
  return { objects: [...new Set([...objects, ...kept])] };
}
