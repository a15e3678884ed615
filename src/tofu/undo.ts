/** Destroys what a module made, from the record alone: the work folder has the module, the record has the rest. */
import type { Json } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import type { Change, UndoContext, UndoHandler } from '../engine/step.ts';
import type { LostFinder } from './lost.ts';
import { readPendingRuns } from './runner.ts';
import { planChange, outlineOf } from './change.ts';
import { inSettledSession } from './half-made.ts';
import { applyMade, makePlan, type SessionOptions, type TofuInputs } from './session.ts';
import { statePull } from './commands.ts';
import { stateFile } from './encryption.ts';
import type { TofuBackend } from './workspace.ts';

/** Handler name in journals. */
export const DESTROY = 'tofu/destroy';

/** All that a destroy needs; secrets by name alone. */
interface UndoData {
  readonly subject: string;
  readonly dir: string;
  readonly source: string;
  readonly backend: TofuBackend;
  readonly variables: Readonly<Record<string, Json>>;
  readonly secrets: readonly string[];
  readonly hasOwnKey: boolean;
}

export function undoData(
  { subject, dir, source }: { subject: string; dir: string; source: string },
  { variables, secrets, backend, stateKey }: TofuInputs,
): UndoData {
  const defined = Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  );
  return {
    subject,
    dir,
    source,
    backend,
    variables: defined,
    secrets: Object.keys(secrets ?? {}).sort(),
    hasOwnKey: stateKey !== undefined,
  };
}

export interface TofuUndoOptions {
  readonly toolchainDir: string | undefined;
  /** Credentials for the destroy; what is missing comes from the caller's environment. */
  readonly env?: (context: UndoContext, subject: string) => Promise<Readonly<Record<string, string>>>;
  /** Secret variables that a provider needs to destroy, and the user's key of the state. */
  readonly secrets?: (context: UndoContext, subject: string) => Promise<Pick<TofuInputs, 'secrets' | 'stateKey'>>;
  /** Finds what a run that died or failed may have made. */
  readonly finder?: (context: UndoContext) => LostFinder;
  /** Runs before the destroy: what controllers in a cluster made goes first. */
  readonly before?: (context: UndoContext, subject: string) => Promise<void>;
  /** Runs when all is destroyed, before the work folder goes: sweeps, proof of emptiness. */
  readonly after?: (context: UndoContext, subject: string) => Promise<void>;
}

/** The undo handler of every `tofuStep`. */
export function tofuUndoHandler(options: TofuUndoOptions): UndoHandler {
  return { plan: (context) => planDestroy(context, options), undo: (context) => destroy(context, options) };
}

/** Counts what the state holds: no provider is asked, so that `down` can be planned without the cloud. */
async function planDestroy(context: UndoContext, options: TofuUndoOptions): Promise<Change> {
  const data = readData(context);
  if (!(await hasState(context, data))) return { kind: 'delete', summary: `nothing was made for ${data.subject}; forget it` };
  return inSettledSession(await sessionOptions(context, data, options), async ({ call }) => {
    const { resources } = await statePull(call);
    const details = resources.map(({ address, type }) => ({
      object: `${type}/${address.replace(`${type}.`, '')}`,
      kind: 'delete' as const,
    }));
    return { kind: 'delete', summary: `destroy ${resources.length} ${resources.length === 1 ? 'resource' : 'resources'}`, details };
  });
}

async function destroy(context: UndoContext, options: TofuUndoOptions): Promise<void> {
  const data = readData(context);
  const { host } = context;
  if (!(await hasState(context, data))) return host.files.remove(data.dir);
  await options.before?.(context, data.subject);
  await inSettledSession(await sessionOptions(context, data, options), async (session) => {
    const { plan, file } = await makePlan(session, { destroy: true });
    const outline = outlineOf(plan);
    if (planChange(outline, {}).kind !== 'none')
      await applyMade(session, { digest: outline.digest, file, count: outline.resources.length, destroy: true });
    await requireEmpty(session.call.object, (await statePull(session.call)).resources);
  });
  await options.after?.(context, data.subject);
  await host.files.remove(data.dir);
}

function requireEmpty(object: string, left: readonly { readonly address: string }[]): void {
  if (left.length === 0) return;
  throw new SlipwayError(
    'SLW-TOF-005',
    `tofu has destroyed ${object}, yet ${left.length} resources are left in its state, ${left[0]?.address ?? ''} among them`,
    { object },
  );
}

const readData = ({ record }: UndoContext): UndoData => record.intent.undo?.data as unknown as UndoData;

/**
 * Whether anything can have been made. A state elsewhere may; one in the folder only when the folder has it.
 * @throws SLW-TOF-024 when the folder of something that was made is gone
 */
async function hasState({ host, record }: UndoContext, { backend, dir, subject }: UndoData): Promise<boolean> {
  if (backend.type !== 'local') return true;
  const [file, runs] = await Promise.all([host.files.stat(stateFile(dir)), readPendingRuns(host, dir)]);
  if (file !== undefined || runs.length > 0) return true;
  if (record.state === 'intended' && Object.keys(record.outputs).length === 0) return false;
  throw new SlipwayError('SLW-TOF-024', `the state of ${subject} is not in ${dir} any more`, { object: subject });
}

async function sessionOptions(context: UndoContext, data: UndoData, options: TofuUndoOptions): Promise<SessionOptions> {
  const { host, signal, timeoutMs, report } = context;
  const [env = {}, given = {}] = await Promise.all([options.env?.(context, data.subject), options.secrets?.(context, data.subject)]);
  // A destroy looks at no value of a secret variable, but the variable must have one.
  const secrets = { ...Object.fromEntries(data.secrets.map((name) => [name, 'unknown'])), ...given.secrets };
  const inputs: TofuInputs = { variables: data.variables, backend: data.backend, env, ...given, secrets };
  const { dir, source, subject } = data;
  const base = {
    host,
    object: subject,
    dir,
    source,
    isFrozen: true,
    toolchainDir: options.toolchainDir,
    inputs,
    signal,
    timeoutMs,
    report,
  };
  return { ...base, ...(options.finder && { finder: options.finder(context) }) };
}
