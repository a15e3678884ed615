/**
 * Slipway's own modules (modules/) as steps of a project: OpenTofu does the work, this folder says in which account, with which state
 * and with which proof. Knows no kind: networks and provisioners say what goes in and what comes out.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { accountEnvironment, type AwsPlace, type AwsRun, placeOfRecord, placeRecord, requireAccount } from '../aws/account.ts';
import { statePlace } from '../aws/state-place.ts';
import { resolveValue } from '../config/references.ts';
import type { ResolvedState } from '../config/resolved-state.ts';
import type { Json } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import type { Outputs, Step, StepContext, StepId, UndoContext, UndoHandler } from '../engine/step.ts';
import { awsLostFinder } from './lost.ts';
import { previewModule } from './preview.ts';
import { type TofuInputs, tofuStep, type TofuUnknown, tofuUndoHandler } from '../tofu/steps.ts';

/** What is needed of the project. */
export interface CloudContext extends AwsRun {
  /** Real path. */
  readonly stateDir: string;
  readonly toolchainDir: string | undefined;
  readonly state: ResolvedState;
  /** Bucket of the state; undefined with local state. */
  readonly stateBucket: string | undefined;
  /** Steps that must have made the place of the state. */
  readonly stateNeeds: readonly StepId[];
  /** Lock and journal, when they lie beside a remote state; absent for verbs that write nothing. */
  readonly remoteState?: StateMoves;
}

export interface StateMoves {
  /** The bucket is there: they move in. */
  readonly arrived: () => Promise<void>;
  /** It is about to go: they move out. */
  readonly leaving: () => Promise<void>;
}

export const MODULES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'modules');

export type ModuleName = 'aws-network' | 'aws-vpn' | 'aws-eks';

export interface ModuleStepOptions {
  readonly id: StepId;
  readonly title: string;
  /** `Network/main`: also the name of the state. */
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly module: ModuleName;
  readonly place: AwsPlace;
  /** Undo handler that the journal names; made by `moduleUndo`. */
  readonly handler: string;
  readonly variables: (step: StepContext) => Promise<ModuleVariables>;
  readonly outputs: (outputs: Readonly<Record<string, Json>>) => Outputs;
  /** Name to be typed when one of `precious` goes. */
  readonly destroys: string;
  readonly precious: readonly string[];
}

export type ModuleVariables =
  | { readonly variables: Readonly<Record<string, Json | undefined>> }
  | {
      /** What is not known yet, for people: `the outputs of Network/main`. */
      readonly unknown: string;
      /** How many resources of each type will be made. */
      readonly announces: Readonly<Record<string, number>>;
    };

export function moduleStep(context: CloudContext, options: ModuleStepOptions): Step {
  const { id, title, subject, needs, module, destroys, precious, outputs } = options;
  const step = tofuStep({
    ...{ id, title, subject, destroys, precious, outputs },
    needs: [...new Set([...context.stateNeeds, ...needs])],
    dir: workFolder(context, { subject, module }),
    source: join(MODULES, module),
    toolchainDir: context.toolchainDir,
    inputs: (step) => inputsOf(context, options, step),
    finder: ({ signal }) => awsLostFinder(context, options.place, signal),
  });
  return inAccount(step, context, options);
}

/** The folder in which `tofu plan` also works by hand. */
export function workFolder(
  { stateDir }: Pick<CloudContext, 'stateDir'>,
  { subject, module }: Pick<ModuleStepOptions, 'subject' | 'module'>,
): string {
  return join(stateDir, 'tofu', subject.replace('/', '-').toLowerCase(), module);
}

async function inputsOf(context: CloudContext, options: ModuleStepOptions, step: StepContext): Promise<TofuInputs | TofuUnknown> {
  const { place, subject, module } = options;
  await requireAccount(context, { ...place, accountId: accountOfRecord(step) ?? place.accountId }, step.signal);
  const wanted = await options.variables(step);
  if ('unknown' in wanted) return wanted;
  const { variables } = wanted;
  const env = accountEnvironment(context, place);
  if (isPlaceMissing(context, step)) {
    const preview = {
      subject,
      variables,
      env,
      dir: workFolder(context, options),
      source: join(MODULES, module),
      toolchainDir: context.toolchainDir,
    };
    return { unknown: `the bucket ${context.stateBucket ?? ''} for its state`, announces: await previewModule(preview, step) };
  }
  const stateKey = await stateKeyOf(context);
  return {
    variables,
    env,
    backend: statePlace(context.state, context.stateBucket, `${subject}/${module}`),
    ...(stateKey !== undefined && { stateKey }),
  };
}

/** While planning the very first run, when the bucket of the state is still to be made. */
function isPlaceMissing({ stateNeeds }: CloudContext, step: StepContext): boolean {
  return stateNeeds.some((need) => step.outputs(need) === undefined);
}

/** The user's own key of a local state. @throws SLW-CFG-032 to -034 */
async function stateKeyOf({ host, redactor, state }: CloudContext): Promise<string | undefined> {
  if (state.backend !== 'local' || !state.passphrase) return undefined;
  return resolveValue(host, state.passphrase, { redactor });
}

const accountOfRecord = ({ record }: Pick<StepContext, 'record'>): string | undefined => placeOfRecord(record?.intent.choices)?.accountId;

/** The journal must lead back to the account without the project file. */
function inAccount(step: Step, context: CloudContext, { place, handler }: ModuleStepOptions): Step {
  return {
    ...step,
    intent: async (observed, change, own) => {
      const [intent, { account }] = await Promise.all([step.intent?.(observed, change, own), requireAccount(context, place, own.signal)]);
      const undo = intent?.undo;
      return {
        ...(undo && { undo: { ...undo, handler } }),
        choices: { ...intent?.choices, aws: placeRecord(place, account) },
      };
    },
  };
}

export interface ModuleUndoHooks {
  /** Before the module's resources go. */
  readonly before?: (undo: UndoContext, place: AwsPlace) => Promise<void>;
  /** When they are gone. */
  readonly after?: (undo: UndoContext, place: AwsPlace) => Promise<void>;
}

/** Destroys what a module made, from the journal and the work folder alone; never in another account. */
export function moduleUndo(context: CloudContext, { before, after }: ModuleUndoHooks = {}): UndoHandler {
  const withPlace = (act: ModuleUndoHooks['before']) => act && (async (undo: UndoContext) => act(undo, requirePlace(undo)));
  return tofuUndoHandler({
    toolchainDir: context.toolchainDir,
    env: async (undo) => {
      const place = requirePlace(undo);
      await requireAccount(context, place, undo.signal);
      return accountEnvironment(context, place);
    },
    finder: (undo) => awsLostFinder(context, requirePlace(undo), undo.signal),
    secrets: async () => {
      const stateKey = await stateKeyOf(context);
      return stateKey === undefined ? {} : { stateKey };
    },
    ...(before && { before: withPlace(before) as (undo: UndoContext) => Promise<void> }),
    ...(after && { after: withPlace(after) as (undo: UndoContext) => Promise<void> }),
  });
}

function requirePlace({ record }: UndoContext): AwsPlace {
  const place = placeOfRecord(record.intent.choices);
  if (!place) throw new SlipwayError('SLW-BUG-001', `the record of ${record.step} names no account`);
  return place;
}
