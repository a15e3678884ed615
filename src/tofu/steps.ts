/** One module as a step of a project, and its undoing. */
import type { Json } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import type { Outputs, Step, StepContext, StepId, UndoContext, UndoHandlers } from '../engine/step.ts';
import type { Host } from '../host/host.ts';
import type { TofuBackend } from './workspace.ts';

/** What a module is given; `undefined` variables are left to the module's default. */
export interface TofuInputs {
  readonly variables: Readonly<Record<string, Json | undefined>>;
  /** Sensitive variables by name, as text or JSON: given as TF_VAR_NAME, never written to a file. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly backend: TofuBackend;
  /** Further environment: a region, an endpoint, credentials that were fetched. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Something that another step will know is not known yet. */
export interface TofuUnknown {
  /** `the outputs of Network/main`. */
  readonly unknown: string;
  /** Resources that will be created, by type; what is announced may be applied without asking again. */
  readonly announces: Readonly<Record<string, number>>;
}

/** A resource that a run that died may have made without a word about it in the state. */
export interface LostResource {
  readonly address: string;
  readonly type: string;
  /** As planned; null where it was not known or is sensitive. */
  readonly planned: Json;
  /** As the provider said, when it came that far. */
  readonly id?: string;
}

export interface TofuStepOptions {
  readonly id: StepId;
  readonly title: string;
  readonly subject: string;
  readonly needs: readonly StepId[];
  /** The work folder: absolute, private to this step. */
  readonly dir: string;
  /** Folder of the module, e.g. `modules/aws-network`, absolute. */
  readonly source: string;
  readonly toolchainDir: string | undefined;
  /** Called at plan and again at run time. */
  readonly inputs: (context: StepContext) => Promise<TofuInputs | TofuUnknown>;
  /** From the module's outputs that are not sensitive, to what other steps may read. Default: all of them. */
  readonly outputs?: (outputs: Readonly<Record<string, Json>>) => Outputs;
  /** Name to be typed when it is destroyed, `Network/main`. */
  readonly destroys?: string;
  /** Resources whose replacement or destruction wants the name of `destroys` typed, by type; default: every replacement and deletion does. */
  readonly precious?: readonly string[];
  /** Finds, by name or tag, the import ids of what may have been made; what it does not return was not made. */
  readonly findLost?: (lost: readonly LostResource[], context: StepContext) => Promise<readonly { readonly address: string; readonly id: string }[]>;
}

/** The steps of one module: at present one. */
export function tofuSteps(_options: TofuStepOptions): readonly Step[] {
  throw new SlipwayError('SLW-TOF-002', 'not built yet');
}

export interface TofuUndoOptions {
  readonly toolchainDir: string | undefined;
  /** Credentials and secret variables for the destroy. Default: the caller's environment alone. */
  readonly env?: (context: UndoContext) => Promise<Readonly<Record<string, string>>>;
  /** Runs before `tofu destroy`: what controllers in a cluster made goes first. */
  readonly before?: (context: UndoContext) => Promise<void>;
  /** Runs when all is destroyed: sweeps, proof of emptiness. */
  readonly after?: (context: UndoContext) => Promise<void>;
}

/** Handler name in journals: `tofu/destroy`. */
export function tofuUndoHandlers(_host: Host, _options: TofuUndoOptions): UndoHandlers {
  throw new SlipwayError('SLW-TOF-002', 'not built yet');
}
