/** One sitting in a work folder: the program found, the folder filled, what an earlier tofu left put right; then plan or apply. */
import { join } from 'node:path';
import { digestOf, sha256, type Json } from '../core/digest.ts';
import { messageOf, SlipwayError } from '../core/errors.ts';
import type { Outputs, StepReport } from '../engine/step.ts';
import type { Host } from '../host/host.ts';
import type { PlanArguments } from './arguments.ts';
import { findTofu, type TofuBinary } from './binary.ts';
import { applyPlan, importResource, outputs, plan, SAVED_PLAN, statePullText, stateRemove, type TofuCall } from './commands.ts';
import { KEY_VARIABLE, keyFile, stateFile, stateForm } from './encryption.ts';
import { tofuEnvironment } from './environment.ts';
import { inFolder } from './folder-lock.ts';
import { forgetInit, initialize, needsInit } from './initialize.ts';
import type { LostFinder, TryImport } from './lost.ts';
import type { TofuPlan } from './plan.ts';
import { progressReporter } from './progress.ts';
import { findDead, recover } from './recover.ts';
import { privateDir } from './runner.ts';
import { keepStateCopy, mendStateFile } from './state-files.ts';
import { readInstance } from './state.ts';
import type { TofuBackend, TofuModule } from './workspace.ts';

/** What a module is given; `undefined` variables are left to the module's default. */
export interface TofuInputs {
  readonly variables: Readonly<Record<string, Json | undefined>>;
  /** Sensitive variables by name, as text or JSON: given as TF_VAR_NAME, never written to a file. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly backend: TofuBackend;
  /** Further environment: a region, an endpoint, credentials that were fetched. */
  readonly env?: Readonly<Record<string, string>>;
  /** Key of a local state instead of a generated one; at least 16 characters. */
  readonly stateKey?: string;
}

export interface SessionOptions {
  readonly host: Host;
  /** For texts: `Network/main`. */
  readonly object: string;
  readonly dir: string;
  readonly source: string;
  /** To destroy: the module as it stands in the folder is used. */
  readonly isFrozen?: boolean;
  readonly toolchainDir: string | undefined;
  readonly inputs: TofuInputs;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly report: (report: StepReport) => void;
  readonly finder?: LostFinder | undefined;
}

export interface Session {
  readonly options: SessionOptions;
  readonly call: TofuCall;
  readonly module: TofuModule;
}

/** Takes the folder for itself, makes it ready, recovers what a dead tofu left, then acts. @throws SLW-TOF-… */
export async function inSession<T>(options: SessionOptions, act: (session: Session) => Promise<T>): Promise<T> {
  const { host, dir, object, signal, timeoutMs, report } = options;
  return inFolder(host, { dir, object, signal, timeoutMs, report }, async () => {
    const session = await openSession(options);
    const { call, module } = session;
    const dead = await findDead({ call, timeoutMs, report });
    if (module.backend.type === 'local') await mendStateFile(call, report);
    const isNewKey = (await host.files.stat(keyFile(dir))) === undefined;
    await initialize(call, module);
    if (isNewKey && (await host.files.stat(keyFile(dir)))) tellOfKey(options);
    await recover(
      { call, timeoutMs, report, ...(options.finder && { finder: options.finder }), aside: (look) => lookAside(options, look) },
      dead,
    );
    return act(session);
  });
}

/** The program found; nothing is filled or run yet. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { host, dir, object, signal, report, source, inputs } = options;
  const binary = await findFitting(options);
  const secrets = { ...inputs.secrets, ...(inputs.stateKey !== undefined && { [KEY_VARIABLE]: inputs.stateKey }) };
  const env = tofuEnvironment(host, { binary, secrets, ...(inputs.env && { env: inputs.env }) });
  const call: TofuCall = { host, workspace: { dir, binary, env }, object, signal, onMessage: progressReporter(report) };
  const variables = Object.fromEntries(
    Object.entries(inputs.variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
  return {
    options,
    call,
    module: { source, variables, backend: inputs.backend, hasOwnKey: inputs.stateKey !== undefined, isFrozen: options.isFrozen === true },
  };
}

/** A session of the same module with a state of its own in another folder: of no worth to anybody, so that there is nothing to be told of it. */
export function besides(options: SessionOptions, dir: string): SessionOptions {
  const report = (one: StepReport): void => (one.type === 'finding' ? undefined : options.report(one));
  return { ...options, dir, inputs: { ...options.inputs, backend: { type: 'local' } }, finder: undefined, report };
}

/** Imports into a state that nobody uses, to see what would be imported. What lives there is of no worth. */
async function lookAside<T>(options: SessionOptions, look: (tryImport: TryImport) => Promise<T>): Promise<T> {
  const { host } = options;
  const dir = join(privateDir(options.dir), 'found');
  await host.files.remove(stateFile(dir));
  const found = await inSession(besides(options, dir), async ({ call }) =>
    look(async (address, id) => {
      try {
        await importResource(call, address, id);
      } catch (thrown) {
        if (call.signal.aborted) throw thrown;
        const why = messageOf(thrown);
        if (!IS_NOT_THERE.test(why)) tellOfBlindness(options, { address, id, why });
        return undefined;
      }
      const instance = readInstance(await statePullText(call), address);
      await stateRemove(call, [address]);
      return instance;
    }),
  );
  await host.files.remove(dir);
  return found;
}

/** Tofu's own words for an import of nothing, and those of providers. */
const IS_NOT_THERE = /non-existent remote object|only pre-existing objects|couldn't find|not ?found|does not exist|no such/i;

function tellOfBlindness(
  { report }: SessionOptions,
  { address, id, why }: { readonly address: string; readonly id: string; readonly why: string },
): void {
  const message = `${address} may be ${id}, which could not be looked at: ${why}`;
  report({ type: 'finding', level: 'warning', code: 'SLW-TOF-025', message });
}

/** An encrypted state can only be read by OpenTofu. */
async function findFitting({ host, dir, toolchainDir, signal, report }: SessionOptions): Promise<TofuBinary> {
  const flavour = (await stateForm(host, dir)) === 'encrypted' ? 'opentofu' : undefined;
  return findTofu(host, { toolchainDir, signal, report, ...(flavour && { flavour }) });
}

/** Durable: a finding stands in the journal. The shim's record in the work folder is what the next run goes by. */
function tellOfProcess({ object, report }: SessionOptions, pid: number): void {
  report({
    type: 'finding',
    level: 'info',
    message: `tofu works on ${object} as process ${pid}: it ends its work even if Slipway is killed`,
  });
}

function tellOfKey({ object, dir, report }: SessionOptions): void {
  const message = `the state of ${object} is encrypted with the key in ${keyFile(dir)}: keep a copy elsewhere, without it the state is lost`;
  report({ type: 'finding', level: 'info', message });
}

/** A saved plan and what is in it. */
export interface MadePlan {
  readonly plan: TofuPlan;
  /** Of the file with the saved plan; undefined when nothing was saved because there is nothing to do. */
  readonly file: string | undefined;
}

type PlanOptions = Pick<PlanArguments, 'destroy' | 'refresh'>;

/** Plans; when what `init` made turns out to be gone, makes it again first. */
export async function makePlan(session: Session, options: PlanOptions = {}): Promise<MadePlan> {
  const { call, module } = session;
  try {
    return await planned(call, options);
  } catch (thrown) {
    if (!needsInit(thrown)) throw thrown;
    await forgetInit(call);
    await initialize(call, module);
    return planned(call, options);
  }
}

async function planned(call: TofuCall, options: PlanOptions): Promise<MadePlan> {
  const made = await plan(call, options);
  return { plan: made, file: await savedPlanDigest(call) };
}

async function savedPlanDigest({ host, workspace }: TofuCall): Promise<string | undefined> {
  const bytes = await host.files.readBytes(join(workspace.dir, SAVED_PLAN));
  return bytes && sha256(bytes);
}

/** What was looked at and agreed to. */
export interface AgreedPlan {
  /** Of what it does. */
  readonly digest: string;
  /** Of the file it was saved in. */
  readonly file: string | undefined;
  /** Resources that change. */
  readonly count: number;
  readonly destroy?: boolean;
}

/**
 * Applies what was planned: the very file, or, when that is gone or another's, a new plan that is the same.
 * @throws SLW-TOF-007 when a new plan would do something else
 */
export async function applyMade(session: Session, made: AgreedPlan): Promise<void> {
  const { call, options, module } = session;
  const { destroy } = made;
  if (made.file === undefined || made.file !== (await savedPlanDigest(call))) {
    const again = await makePlan(session, { ...(destroy !== undefined && { destroy }) });
    if (again.plan.isEmpty) return;
    if (again.plan.digest !== made.digest)
      throw new SlipwayError('SLW-TOF-007', `the plan of ${options.object} is out of date: the world has moved since it was made`, {
        object: options.object,
      });
  }
  const isLocal = module.backend.type === 'local';
  if (isLocal) await keepStateCopy(call);
  await applyPlan({ ...call, onMessage: progressReporter(options.report, made.count), onStarted: (pid) => tellOfProcess(options, pid) });
  if (isLocal) await keepStateCopy(call);
}

/** Outputs that are not sensitive. */
export async function plainOutputs({ call }: Session): Promise<Outputs> {
  const all = await outputs(call);
  return Object.fromEntries(Object.entries(all).flatMap(([name, { value, sensitive }]) => (sensitive ? [] : [[name, value] as const])));
}

/** Changes with the inputs and, where the state is a local file, with the state. */
export async function situation({ host, dir, source, inputs }: SessionOptions): Promise<string> {
  const { variables, backend, env, secrets, stateKey } = inputs;
  const state = await host.files.readBytes(stateFile(dir));
  return digestOf({ source, variables, backend: { ...backend } as Json, env, secrets, stateKey, state: state ? sha256(state) : null });
}
