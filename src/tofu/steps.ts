/** One module as a step of a project. Observing it is a plan of tofu; what is applied is that very plan. */
import type { Json } from '../core/digest.ts';
import {
  type Change,
  defineStep,
  type Intent,
  type Outputs,
  type Step,
  type StepContext,
  type StepId,
  type StepRecord,
} from '../engine/step.ts';
import { outlineOf, planChange, type PlanOutline } from './change.ts';
import type { LostFinder } from './lost.ts';
import { discardHalfMade, halfMade, inSettledSession, requireAgreed } from './half-made.ts';
import { applyMade, makePlan, plainOutputs, type Session, type SessionOptions, situation, type TofuInputs } from './session.ts';
import { DESTROY, undoData } from './undo.ts';

export type { TofuInputs } from './session.ts';
export { tofuUndoHandler } from './undo.ts';

/** Something that another step will know is not known yet. */
export interface TofuUnknown {
  /** `the outputs of Network/main`. */
  readonly unknown: string;
  /** Resources that will be created, by type; what is announced may be applied without asking again. */
  readonly announces: Readonly<Record<string, number>>;
}

export interface TofuStepOptions {
  readonly id: StepId;
  readonly title: string;
  /** `Network/main` */
  readonly subject: string;
  readonly needs: readonly StepId[];
  /** The work folder: absolute, private to this step. */
  readonly dir: string;
  /** Folder of the module, e.g. `modules/aws-network`, absolute. */
  readonly source: string;
  readonly toolchainDir: string | undefined;
  /** Called at plan and again at run time. */
  readonly inputs: (context: StepContext) => Promise<TofuInputs | TofuUnknown>;
  /** From the module's outputs that are not sensitive to what other steps may read; default: all of them. */
  readonly outputs?: (outputs: Outputs) => Outputs;
  /** Name to be typed when something precious goes, or all of it. */
  readonly destroys?: string;
  /** Types whose replacement or deletion wants that name; default: all. The others are named in the plan, each one. */
  readonly precious?: readonly string[];
  /** Finds what a run that died or failed may have made; default: by the ids that the provider had said. */
  readonly finder?: (context: StepContext) => LostFinder;
}

type Observed =
  | { readonly kind: 'unknown'; readonly unknown: string; readonly announces: Readonly<Record<string, number>> }
  | { readonly kind: 'planned'; readonly outline: PlanOutline; readonly isRecorded: boolean };

/** A plan that was made a moment ago is not made again: the run looks where the plan has just looked. */
const FRESH_MS = 90_000;

interface Seen {
  readonly at: number;
  readonly situation: string;
  readonly observed: Observed & { readonly kind: 'planned' };
  readonly file: string | undefined;
  readonly inputs: TofuInputs;
}

/** The step of one module; safe to be killed at any instant. Local states raise a warning each time. */
export function tofuStep(options: TofuStepOptions): Step {
  let seen: Seen | undefined;
  return defineStep<Observed>({
    id: options.id,
    title: options.title,
    subject: options.subject,
    needs: options.needs,
    observe: async (context) => {
      const inputs = await options.inputs(context);
      if ('unknown' in inputs) return { kind: 'unknown', ...inputs };
      seen = await look(options, context, { inputs, before: seen });
      return { ...seen.observed, isRecorded: isRecorded(context.record) };
    },
    change: (observed) => toChange(options, observed),
    intent: async () => (seen ? toIntent(options, seen.inputs) : {}),
    apply: async (context) => {
      const agreed = seen;
      // Whatever becomes of it, the world is another one afterwards.
      seen = undefined;
      const inputs = agreed?.inputs ?? requireKnown(await options.inputs(context));
      return apply(options, context, { inputs, agreed });
    },
  });
}

const isRecorded = (record: StepRecord | undefined): boolean => record?.state === 'applied';

async function look(
  options: TofuStepOptions,
  context: StepContext,
  { inputs, before }: { inputs: TofuInputs; before: Seen | undefined },
): Promise<Seen> {
  const session = sessionOptions(options, context, inputs);
  const { clock } = context.host;
  if (before && clock.monotonic() - before.at < FRESH_MS && before.situation === (await situation(session))) return before;
  if (inputs.backend.type === 'local') warnOfLocalState(options, context);
  return inSettledSession(session, async (opened) => {
    const { plan, file } = await makePlan(opened);
    const observed = { kind: 'planned', outline: outlineOf(plan), isRecorded: false } as const;
    return { at: clock.monotonic(), situation: await situation(session), observed, file, inputs };
  });
}

function warnOfLocalState({ subject, dir }: TofuStepOptions, { report }: StepContext): void {
  const message = `the state of ${subject} is a file on this machine (${dir}): whoever loses it can neither change nor remove what it describes`;
  report({ type: 'finding', level: 'warning', code: 'SLW-TOF-019', message });
}

function toChange(options: TofuStepOptions, observed: Observed): Change {
  if (observed.kind === 'unknown') return { kind: 'deferred', summary: `waits for ${observed.unknown}`, announces: observed.announces };
  const change = planChange(observed.outline, options);
  // Others read what only an apply of ours tells.
  if (change.kind === 'none' && !observed.isRecorded) return { kind: 'update', summary: 'take over what the state describes' };
  return change;
}

function toIntent(options: TofuStepOptions, inputs: TofuInputs): Intent {
  return {
    undo: {
      handler: DESTROY,
      title: `destroy ${options.subject}`,
      data: undoData(options, inputs) as unknown as Json,
      ...(options.destroys !== undefined && { destroys: options.destroys }),
    },
    // Where the process that acts is recorded by the shim, for whoever comes after a kill.
    choices: { workFolder: options.dir },
  };
}

async function apply(
  options: TofuStepOptions,
  context: StepContext,
  { inputs, agreed }: { inputs: TofuInputs; agreed: Seen | undefined },
): Promise<Outputs> {
  return inSettledSession(sessionOptions(options, context, inputs), async (session) => {
    const { outline } = agreed?.observed ?? { outline: outlineOf((await makePlan(session)).plan) };
    if (outline.resources.length > 0 || outline.outputs.length > 0) await applyAgreed(session, { outline, file: agreed?.file });
    const outputs = await plainOutputs(session);
    return options.outputs?.(outputs) ?? outputs;
  });
}

async function applyAgreed(
  session: Session,
  { outline, file }: { readonly outline: PlanOutline; readonly file: string | undefined },
): Promise<void> {
  const { digest, resources } = outline;
  const first = halfMade(outline);
  if (first.length === 0) return applyMade(session, { digest, file, count: resources.length });
  await discardHalfMade(session, first);
  const made = await makePlan(session);
  const now = outlineOf(made.plan);
  requireAgreed(session.options.object, { agreed: outline, now });
  if (!made.plan.isEmpty) await applyMade(session, { digest: now.digest, file: made.file, count: now.resources.length });
}

function requireKnown(inputs: TofuInputs | TofuUnknown): TofuInputs {
  if ('unknown' in inputs) throw new RangeError(`applied without ${inputs.unknown}`);
  return inputs;
}

function sessionOptions(
  { subject, dir, source, toolchainDir, finder }: TofuStepOptions,
  context: StepContext,
  inputs: TofuInputs,
): SessionOptions {
  const { host, signal, timeoutMs, report } = context;
  return {
    host,
    object: subject,
    dir,
    source,
    toolchainDir,
    inputs,
    signal,
    timeoutMs,
    report,
    ...(finder && { finder: finder(context) }),
  };
}
