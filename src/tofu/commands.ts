/** Single commands in a workspace that is filled. What writes is run so that it can be found again; what only reads is awaited. */
import { join } from 'node:path';
import { digestOf, type Json } from '../core/digest.ts';
import type { Host, RunResult as ProcessResult } from '../host/host.ts';
import {
  applyArguments,
  forceUnlockArguments,
  importArguments,
  outputArguments,
  planArguments,
  type PlanArguments,
  showPlanArguments,
  stateMoveArguments,
  statePullArguments,
  statePushArguments,
  taintArguments,
  stateRemoveArguments,
  stateShowArguments,
  validateArguments,
} from './arguments.ts';
import { tofuFailure } from './failures.ts';
import { parseMessage, type TofuDiagnostic, toDiagnostic, type TofuMessage } from './messages.ts';
import { creationPlan, emptyPlan, readPlan, type TofuPlan } from './plan.ts';
import { type RunResult, runTofu } from './runner.ts';
import { readState, type StateView } from './state.ts';
import { MANIFEST_FILE, VARIABLES_FILE, type Workspace } from './workspace.ts';

/** Who asks for what, where. */
export interface TofuCall {
  readonly host: Host;
  readonly workspace: Workspace;
  /** For error texts: `Network/main`. */
  readonly object: string;
  readonly signal: AbortSignal;
  readonly onMessage?: (message: TofuMessage) => void;
  readonly onStarted?: (pid: number) => void;
}

/** The saved plan of a workspace, relative to its folder: secrets are in it, it is removed after use. */
export const SAVED_PLAN = join('.slipway', 'saved.tfplan');

/** Runs and demands one of the exit codes. @throws SLW-TOF-… */
export async function runOrThrow(call: TofuCall, args: readonly string[], codes: readonly number[] = [0]): Promise<RunResult> {
  const { host, workspace, object, signal, onMessage, onStarted } = call;
  const result = await runTofu(host, args, { workspace, signal, ...(onMessage && { onMessage }), ...(onStarted && { onStarted }) });
  if (result.stateDump) await keepDump(call, result.stateDump.state);
  if (codes.includes(result.code)) return result;
  throw tofuFailure(result, { object, command: args[0] ?? '' });
}

/** Findings of `validate`; empty when all is well. Needs an initialised folder. */
export async function validate(call: TofuCall): Promise<readonly TofuDiagnostic[]> {
  const result = await read(call, validateArguments());
  const fields = parseJson(result.stdout) as { readonly diagnostics?: readonly Readonly<Record<string, unknown>>[] } | undefined;
  if (!fields) throw failureOfRead(call, validateArguments(), result);
  return (fields.diagnostics ?? []).map(toDiagnostic);
}

type Planned = Extract<TofuMessage, { type: 'change' | 'drift' }>;

/**
 * Saves a plan and reads it; nothing is saved when there is nothing to do. Reading it costs a second start of every provider, so a
 * plan that only creates is taken from what tofu says while it plans: there is no before, and what comes after follows from the folder.
 */
export async function plan(call: TofuCall, options: Omit<PlanArguments, 'out'> = {}): Promise<TofuPlan> {
  const said: Planned[] = [];
  const onMessage = (message: TofuMessage): void => {
    if (message.type === 'drift' || message.type === 'change') said.push(message);
    call.onMessage?.(message);
  };
  await discardPlan(call);
  const { code } = await runOrThrow({ ...call, onMessage }, planArguments({ ...options, out: SAVED_PLAN }), [0, 2]);
  const drift = said.flatMap(({ type, address }) => (type === 'drift' ? [address] : []));
  const changes = said.filter(({ type, action }) => type === 'change' && action !== 'read' && action !== 'noop');
  if (code !== 2) {
    await discardPlan(call);
    return { ...emptyPlan, drift };
  }
  const creates = changes.length > 0 && changes.every(({ action }) => action === 'create');
  return creates ? creationPlan(changes, { drift, basis: await basisOf(call) }) : showPlan(call, drift);
}

/** What the values of a creation follow from. */
async function basisOf({ host, workspace }: TofuCall): Promise<string> {
  const files = await Promise.all([MANIFEST_FILE, VARIABLES_FILE].map((name) => host.files.readText(join(workspace.dir, name))));
  return digestOf(files.map((text) => text ?? null));
}

async function showPlan(call: TofuCall, drift?: readonly string[]): Promise<TofuPlan> {
  const args = showPlanArguments(SAVED_PLAN);
  return readPlan(await readJson(call, args), drift);
}

/** What creations would give, by address, whatever the folder's saved plan is; sensitive values are masked. */
export async function plannedValues(call: TofuCall): Promise<ReadonlyMap<string, Readonly<Record<string, Json>>>> {
  await discardPlan(call);
  const { code } = await runOrThrow(call, planArguments({ out: SAVED_PLAN }), [0, 2]);
  const { resources } = code === 2 ? await showPlan(call) : emptyPlan;
  await discardPlan(call);
  const creations = resources.filter(({ action }) => action === 'create' || action === 'replace');
  return new Map(creations.map(({ address, after }) => [address, after as Readonly<Record<string, Json>>]));
}

export async function discardPlan({ host, workspace }: Pick<TofuCall, 'host' | 'workspace'>): Promise<void> {
  await host.files.remove(join(workspace.dir, SAVED_PLAN));
}

/** Applies the saved plan, and that alone; it is gone afterwards. @throws SLW-TOF-007 when the state moved since */
export async function applyPlan(call: TofuCall): Promise<RunResult> {
  try {
    return await runOrThrow(call, applyArguments(SAVED_PLAN));
  } finally {
    await discardPlan(call);
  }
}

export interface TofuOutput {
  readonly value: Json;
  readonly sensitive: boolean;
}

export async function outputs(call: TofuCall): Promise<Readonly<Record<string, TofuOutput>>> {
  const fields = (await readJson(call, outputArguments())) as Readonly<Record<string, { value?: Json; sensitive?: boolean }>>;
  return Object.fromEntries(
    Object.entries(fields).map(([name, { value, sensitive }]) => [name, { value: value ?? null, sensitive: sensitive === true }]),
  );
}

/** One resource as text, sensitive values masked by tofu. */
export async function stateShow(call: TofuCall, address: string): Promise<string> {
  return readText(call, stateShowArguments(address));
}

/** What the state holds, ids included; empty before the first apply. */
export async function statePull(call: TofuCall): Promise<StateView> {
  return readState(await statePullText(call));
}

/** The state itself: secrets are in it. */
export async function statePullText(call: TofuCall): Promise<string> {
  return jsonPart(await readText(call, statePullArguments()));
}

export async function statePush(call: TofuCall, file: string): Promise<void> {
  await runOrThrow(call, statePushArguments(file));
}

/** Forgets; what is described goes on to exist. */
export async function stateRemove(call: TofuCall, addresses: readonly string[]): Promise<void> {
  if (addresses.length > 0) await runOrThrow(call, stateRemoveArguments(addresses));
}

export async function stateMove(call: TofuCall, from: string, to: string): Promise<void> {
  await runOrThrow(call, stateMoveArguments(from, to));
}

/** Takes what exists into the state. */
export async function importResource(call: TofuCall, address: string, id: string): Promise<void> {
  await runOrThrow(call, importArguments(address, id));
}

/** What is there is no good: the next plan replaces it. */
export async function taintResource(call: TofuCall, address: string): Promise<void> {
  await runOrThrow(call, taintArguments(address));
}

/** Takes a lock from its owner. The caller has proof that the owner is dead. */
export async function forceUnlock(call: TofuCall, lockId: string): Promise<void> {
  await runOrThrow(call, forceUnlockArguments(lockId));
}

/** The state that tofu could not save anywhere; the next recovery pushes it. */
export const erroredFile = (dir: string): string => join(dir, 'errored.tfstate');

/** The state as tofu's last resort wrote it into its output, where it could not even write a file. */
export async function keepDump({ host, workspace }: TofuCall, state: Json): Promise<void> {
  await host.files.writeAtomic(erroredFile(workspace.dir), `${JSON.stringify(state)}\n`, { mode: 0o600 });
}

async function read({ host, workspace, signal }: TofuCall, args: readonly string[]): Promise<ProcessResult> {
  const { binary, dir, env } = workspace;
  return host.processes.run(binary.path, args, { cwd: dir, env, signal });
}

async function readText(call: TofuCall, args: readonly string[]): Promise<string> {
  const result = await read(call, args);
  if (result.code !== 0) throw failureOfRead(call, args, result);
  return result.stdout;
}

async function readJson(call: TofuCall, args: readonly string[]): Promise<Json> {
  const result = await read(call, args);
  const json = result.code === 0 ? parseJson(result.stdout) : undefined;
  if (json === undefined) throw failureOfRead(call, args, result);
  return json;
}

/** Stdout is not quoted: it may hold secrets. */
function failureOfRead({ object }: TofuCall, args: readonly string[], { code, stdout, stderr, signal }: ProcessResult): Error {
  const messages = stdout.split('\n').flatMap((line) => parseMessage(line) ?? []);
  const diagnostics = messages.flatMap((message) => (message.type === 'diagnostic' ? [message.diagnostic] : []));
  const raw = stderr
    .split('\n')
    .map(plainLine)
    .filter((line) => line !== '');
  return tofuFailure({ code, diagnostics, raw, ...(signal !== undefined && { signal }) }, { object, command: args.slice(0, 2).join(' ') });
}

const FRAME = /^[\s╷│╵]+/;
const plainLine = (line: string): string => line.replace(FRAME, '').trim();

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(jsonPart(text)) as Json;
  } catch {
    return undefined;
  }
}

/** Warnings about the CLI configuration go to stdout, too, before the JSON that was asked for. */
function jsonPart(text: string): string {
  return text.slice(Math.max(text.search(/^\{/m), 0));
}
