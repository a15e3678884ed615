/** The step that moves the objects of a management cluster onto itself, and its undo, which moves them back onto its bootstrap cluster. */
import type { PivotOptions, PivotStage } from '../../capi/pivot/options.ts';
import { rollbackPivot, runPivot } from '../../capi/pivot/pivot.ts';
import { CLUSTER } from '../../capi/words.ts';
import type { ResolvedPivot } from '../../config/resolved-capi.ts';
import type { Json } from '../../core/digest.ts';
import { SlipwayError } from '../../core/errors.ts';
import {
  type Change,
  defineStep,
  type Outputs,
  type Step,
  type StepContext,
  type StepId,
  type UndoContext,
  type UndoHandler,
} from '../../engine/step.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { attendanceOf, type Attendant } from './attendance.ts';
import { pivotEnd, reportPivot } from './ends.ts';
import { type Family, familyData, familyFrom, findNeighbours, guideOfStep, guideOfUndo, holdsItself, ownership } from './home.ts';
import { moveOthers } from './move-others.ts';
import { forgetObsolete } from './obsolete.ts';
import { projectHooks, suspendGitopsHook } from './hooks.ts';
import { removeBootstrap, revive, reviveBootstrap, type Reviver, wakeBootstrap } from './revive.ts';

export const MOVE_BACK = 'capi/move-back';

export interface PivotStepOptions {
  readonly id: StepId;
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly context: ProvisionerContext;
  readonly family: Family;
  readonly pivot: ResolvedPivot;
}

interface Observed {
  readonly isDone: boolean;
}

/** Outputs: `moved: true`. */
export function pivotStep(options: PivotStepOptions): Step {
  const { family } = options;
  return defineStep<Observed>({
    id: options.id,
    title: `let ${family.cluster} take over its own definition`,
    subject: options.subject,
    needs: options.needs,
    observe: ({ record }) => Promise.resolve({ isDone: record?.state === 'applied' }),
    change: (observed) => pivotChange(family, observed),
    intent: () =>
      Promise.resolve({
        undo: {
          handler: MOVE_BACK,
          title: `move the definition of ${family.cluster} back to ${family.bootstrap.name}`,
          data: familyData(family),
        },
      }),
    apply: (step) => apply(step, options),
  });
}

function pivotChange({ cluster, bootstrap }: Family, { isDone }: Observed): Change {
  return isDone
    ? { kind: 'none', summary: `${cluster} manages itself` }
    : { kind: 'create', summary: `move all Cluster API objects from ${bootstrap.name} to ${cluster}` };
}

async function apply(step: StepContext, options: PivotStepOptions): Promise<Outputs> {
  const { family, context, pivot } = options;
  const reviver: Reviver = { attendant: step, guide: guideOfStep(step, context) };
  const { management } = await findNeighbours(family, reviver.guide);
  if (!management) throw new SlipwayError('SLW-CAP-401', `${family.cluster} does not answer, or has no Cluster API`);
  const bootstrap = await wakeBootstrap(family.bootstrap, reviver);
  if (!bootstrap && (await holdsItself(family, management, step.signal))) return { moved: true };
  if (!bootstrap) throw lost(family);
  const attendant = withBound(step, pivot);
  await beside(family, { bootstrap, management, attendant, context }, async () => {
    if (await broughtBack(family, { bootstrap, management }, { attendant, context })) return;
    const ends = { source: bootstrap, target: management, attendant };
    const forth = pivotOptions(family, { source: bootstrap, target: management, isForth: true }, { attendant, context });
    await runPivot({ ...forth, hooks: [suspendGitopsHook(ends), ...projectHooks(pivot.hooks, ends)] });
  });
  return { moved: true };
}

const lost = ({ cluster, bootstrap }: Family): SlipwayError =>
  new SlipwayError('SLW-CAP-408', `${cluster} does not hold its own definition, and its bootstrap cluster ${bootstrap.name} is gone`);

const withBound = (attendant: Attendant, { timeoutMs }: ResolvedPivot): Attendant => ({
  ...attendant,
  timeoutMs: timeoutMs ?? attendant.timeoutMs,
});

export interface Pair {
  readonly bootstrap: KubeClient;
  readonly management: KubeClient;
}

export interface Acting {
  readonly attendant: Attendant;
  readonly context: ProvisionerContext;
}

/** What a `down` moved back, or began to, is rolled back: the management cluster owns itself again, without another pivot. */
async function broughtBack(family: Family, pair: Pair, acting: Acting): Promise<boolean> {
  await forgetObsolete(family, pair.bootstrap, { management: pair.management, signal: acting.attendant.signal });
  const { standing } = await ownership(family, pair, acting.attendant.signal);
  if (standing.direction !== 'back' || !ROLLS_BACK.has(standing.stage)) return false;
  await rollbackPivot(pivotOptions(family, { source: pair.management, target: pair.bootstrap, isForth: false }, acting));
  return true;
}

const ROLLS_BACK = new Set<PivotStage>(['preparing', 'rolling-back', 'committed', 'released', 'reversing']);

/** Then none can come or go, and a short look at what took over is enough. */
const hasNoMachines = ({ bootstrap }: Family): boolean =>
  bootstrap.providers.every((provider) => provider === 'core' || provider === 'local');
const WATCH_WITHOUT_MACHINES_MS = 1_000;

interface Direction {
  readonly source: KubeClient;
  readonly target: KubeClient;
  readonly isForth: boolean;
}

export function pivotOptions(family: Family, { source, target, isForth }: Direction, acting: Acting): PivotOptions {
  const { attendant, context } = acting;
  const [from, to] = isForth ? [family.bootstrap, family.management] : [family.management, family.bootstrap];
  const isShared = family.bootstrap.way.kind === 'existing';
  return {
    host: attendant.host,
    source: pivotEnd(from, source, acting),
    target: pivotEnd(to, target, { attendant, context }),
    disposableSource: isForth ? !isShared : true,
    ...(isShared && { clusters: [`${family.namespace}/${family.cluster}`] }),
    ...(hasNoMachines(family) && { watchMs: WATCH_WITHOUT_MACHINES_MS }),
    signal: attendant.signal,
    timeoutMs: attendant.timeoutMs,
    report: reportPivot(attendant),
  };
}

/** Both clusters are attended to: pauses are observed by controllers, which are stopped and started on the way. */
export async function beside<T>(
  family: Family,
  { bootstrap, management, attendant, context }: Pair & Acting,
  act: () => Promise<T>,
): Promise<T> {
  const [first, second] = [attendanceOf(family.bootstrap, context), attendanceOf(family.management, context)];
  return first.during(attendant, bootstrap, () => second.during(attendant, management, act));
}

/** Undo of the pivot: the bootstrap cluster is made anew, and the definition moves back to it. What else the cluster manages goes to `--to`, or stops it. */
export function moveBackHandler(context: ProvisionerContext): UndoHandler {
  return {
    plan: (undo) => {
      const { cluster, bootstrap } = familyFrom(dataOf(undo));
      const others = context.newHome === undefined ? '' : `, and other clusters that it manages to ${context.newHome}`;
      return Promise.resolve({
        kind: 'delete',
        summary: `move the definition of ${cluster} to the temporary cluster ${bootstrap.name}${others}`,
      });
    },
    undo: (undo) => moveBack(familyFrom(dataOf(undo)), undo, context),
  };
}

const dataOf = ({ record }: UndoContext): Json => record.intent.undo?.data ?? null;

async function moveBack(family: Family, undo: UndoContext, context: ProvisionerContext): Promise<void> {
  const acting: Acting = { attendant: undo, context };
  const reviver: Reviver = { attendant: undo, guide: guideOfUndo(undo, context) };
  const standing = await wakeBootstrap(family.bootstrap, reviver);
  if (standing && (await isBack(family, standing, reviver))) return;
  const management = await revive(family.management, reviver);
  await moveOthers({ family, place: family.management, client: management }, acting);
  if (standing && (await takenBack(family, { bootstrap: standing, management }, acting))) return;
  if (standing && (await isSpent(family, { bootstrap: standing, management }, undo.signal)))
    await removeBootstrap(family.bootstrap, reviver);
  const bootstrap = await reviveBootstrap(family.bootstrap, reviver);
  await beside(family, { bootstrap, management, ...acting }, async () => {
    await runPivot(pivotOptions(family, { source: management, target: bootstrap, isForth: false }, acting));
  });
}

/** A pivot that did not come to its end is rolled back: nothing moved, or all of it moves back. */
async function takenBack(family: Family, pair: Pair, acting: Acting): Promise<boolean> {
  const { standing } = await ownership(family, pair, acting.attendant.signal);
  if (standing.direction !== 'forth' || !ROLLS_BACK.has(standing.stage)) return false;
  const options = pivotOptions(family, { source: pair.bootstrap, target: pair.management, isForth: true }, acting);
  await beside(family, { ...pair, ...acting }, () => rollbackPivot(options));
  return true;
}

/** It only waits to be removed, and holds copies that would be in the way. */
async function isSpent(family: Family, pair: Pair, signal: AbortSignal): Promise<boolean> {
  const { standing } = await ownership(family, pair, signal);
  return standing.direction === 'forth' && (standing.stage === 'retiring' || standing.stage === 'retired');
}

/** The definition is on the bootstrap cluster: it never left, or came back. Then what runs of the management cluster does not matter. */
async function isBack(family: Family, bootstrap: KubeClient, { guide }: Reviver): Promise<boolean> {
  const { management } = await findNeighbours(family, guide);
  const { owner, isMoving } = await ownership(family, { bootstrap, management }, guide.signal);
  return (
    owner === 'bootstrap' &&
    !isMoving &&
    (await bootstrap.serves(CLUSTER, guide.signal)) &&
    (await holdsItself(family, bootstrap, guide.signal))
  );
}
