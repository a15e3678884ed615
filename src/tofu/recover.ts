/**
 * What a tofu that was killed may have left, put right before anything is planned: the process itself, a state that is half
 * written, one that could not be saved, a lock, resources that were made and are in no state. Touches no cloud resource.
 */
import { join } from 'node:path';
import type { Json } from '../core/digest.ts';
import { isSlipwayError, SlipwayError, SlipwayErrors } from '../core/errors.ts';
import type { StepReport } from '../engine/events.ts';
import type { Host } from '../host/host.ts';
import { forceUnlock, importResource, plan, statePull, statePush, stateRemove, type TofuCall } from './commands.ts';
import { stateFile, stateForm } from './encryption.ts';
import { type LockHolder, lockHolderOf } from './failures.ts';
import type { TofuMessage } from './messages.ts';
import { forgetRun, type PendingRun, privateDir, readPendingRuns, readRunLog, settleRun } from './runner.ts';

/** A resource that a run that died may have made without a word about it in the state. */
export interface LostResource {
  readonly address: string;
  readonly type: string;
  /** As the provider said, when it came that far. */
  readonly id?: string;
  /** The provider reported a failure: perhaps nothing was made. */
  readonly hasFailed: boolean;
}

export interface FoundResource {
  readonly address: string;
  /** As `tofu import` wants it. */
  readonly id: string;
}

export interface RecoverOptions {
  readonly call: TofuCall;
  readonly timeoutMs: number;
  readonly report: (report: StepReport) => void;
  /** Finds import ids by name or tag; what it does not return was not made. Default: the ids that the provider said. */
  readonly findLost?: (lost: readonly LostResource[]) => Promise<readonly FoundResource[]>;
}

const POLL_MS = 200;

/** Those that died here, their processes gone, the oldest first. Waits for one that lives. @throws SLW-TOF-014 */
export async function findDead(options: Omit<RecoverOptions, 'findLost'>): Promise<readonly PendingRun[]> {
  const { host, workspace } = options.call;
  const runs = await readPendingRuns(host, workspace.dir);
  for (const run of runs) await waitForEnd(run, options);
  return runs;
}

async function waitForEnd(run: PendingRun, { call, timeoutMs, report }: Omit<RecoverOptions, 'findLost'>): Promise<void> {
  const { host, object, signal } = call;
  const identity = await settleRun(host, run);
  if (!identity) return;
  const begun = host.clock.monotonic();
  // A plan that nobody waits for any more is asked to end; what writes may not be disturbed.
  if (run.command === 'plan') await host.processes.signal(identity, 'SIGINT');
  while (await host.processes.isAlive(identity)) {
    if (host.clock.monotonic() - begun > timeoutMs) {
      throw new SlipwayError('SLW-TOF-014', `tofu ${run.command} of ${object} (process ${identity.pid}) is still at work after ${Math.round(timeoutMs / 1000)}s`, { object });
    }
    const message = `tofu ${run.command} of an earlier run is still at work (process ${identity.pid})`;
    report({ type: 'waiting', object, reason: 'EarlierRunAtWork', message, boundMs: timeoutMs });
    await host.clock.sleep(POLL_MS, signal);
  }
}

/**
 * Before `init`: makes a local state readable again. A file that is half written or empty is replaced by tofu's backup or by the
 * copy from before the run; what was made since is in the log of that run. @throws SLW-TOF-015
 */
export async function mendStateFile({ host, workspace, object }: TofuCall, report: (report: StepReport) => void): Promise<void> {
  const { dir } = workspace;
  if ((await stateForm(host, dir)) !== 'broken') return;
  const copies = await Promise.all([`${stateFile(dir)}.backup`, copyPath(dir)].map((path) => host.files.readText(path)));
  const [newest] = copies.flatMap((text) => (text !== undefined && isJson(text) ? [text] : [])).sort((a, b) => (headOf(b)?.serial ?? 0) - (headOf(a)?.serial ?? 0));
  if (newest !== undefined) {
    await host.files.writeAtomic(stateFile(dir), newest, { mode: 0o600 });
    report({ type: 'finding', level: 'warning', code: 'SLW-TOF-015', message: `the state of ${object} was half written; the copy from before the last run was taken` });
    return;
  }
  // There was none before the first run, and that died while it wrote its first.
  if (await isFirst(host, dir)) return host.files.remove(stateFile(dir));
  throw new SlipwayError('SLW-TOF-015', `${stateFile(dir)} cannot be read and there is no copy of it`, { object });
}

async function isFirst(host: Host, dir: string): Promise<boolean> {
  return (await host.files.readText(stateFile(dir))) === '' || (await readPendingRuns(host, dir)).some(({ command }) => command === 'apply');
}

const copyPath = (dir: string): string => join(privateDir(dir), 'before.tfstate');

/** Before an apply: what tofu's own backup may fail to be, since it is written late. */
export async function keepStateCopy({ host, workspace }: TofuCall): Promise<void> {
  const text = await host.files.readText(stateFile(workspace.dir));
  if (text !== undefined && isJson(text)) await host.files.writeAtomic(copyPath(workspace.dir), text, { mode: 0o600 });
  else await host.files.remove(copyPath(workspace.dir));
}

/** After `init`: the rest. Safe to call again after a kill anywhere inside. */
export async function recover(options: RecoverOptions, dead: readonly PendingRun[]): Promise<void> {
  const { call } = options;
  const { host, workspace } = call;
  const logs = await Promise.all(dead.map((run) => readRunLog(host, run)));
  const dump = logs.map((log) => log.result().stateDump).findLast((message) => message !== undefined);
  if (dump) await keepDump(call, dump.state);
  if (dead.length > 0) await freeLock(call, dead);
  await pushErrored(call);
  const applied = logs.filter((_, index) => dead[index]?.command === 'apply').flatMap(({ messages }) => messages);
  if (applied.length > 0) await adoptLost(options, applied);
  for (const run of dead) await forgetRun(host, workspace.dir, run);
}

const erroredFile = (dir: string): string => join(dir, 'errored.tfstate');

/** The state as tofu's last resort wrote it into its output, where the disk had room for nothing else. */
async function keepDump({ host, workspace }: TofuCall, state: Json): Promise<void> {
  await host.files.writeAtomic(erroredFile(workspace.dir), `${JSON.stringify(state)}\n`, { mode: 0o600 });
}

/** @throws SLW-TOF-016 when it still cannot be saved */
export async function pushErrored(call: TofuCall): Promise<void> {
  const { host, workspace, object } = call;
  const path = erroredFile(workspace.dir);
  const text = await host.files.readText(path);
  if (text === undefined) return;
  try {
    // `state push` reads no encrypted file. A local state has the same key: the file itself is what was to be written.
    if (text.includes('"encrypted_data"')) await replaceLocal(call, text);
    else await statePush(call, path);
  } catch (thrown) {
    if (call.signal.aborted) throw thrown;
    throw new SlipwayError('SLW-TOF-016', `${path} cannot be pushed: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { object, cause: thrown });
  }
  await host.files.rename(path, join(privateDir(workspace.dir), 'pushed.tfstate'));
}

async function replaceLocal({ host, workspace }: TofuCall, text: string): Promise<void> {
  const before = headOf(await host.files.readText(stateFile(workspace.dir)));
  const after = headOf(text);
  if (before && (before.lineage !== after?.lineage || before.serial > (after?.serial ?? 0))) {
    throw new SlipwayError('SLW-TOF-016', `the state has moved on to serial ${before.serial} of ${before.lineage} since errored.tfstate was written`);
  }
  await host.files.writeAtomic(stateFile(workspace.dir), text, { mode: 0o600 });
}

interface StateHead {
  readonly lineage: string;
  readonly serial: number;
}

function headOf(text: string | undefined): StateHead | undefined {
  if (text === undefined || !isJson(text)) return undefined;
  const { lineage = '', serial = 0 } = JSON.parse(text) as Partial<StateHead>;
  return { lineage, serial };
}

/**
 * A lock in a backend outlives its owner. Ours is taken away when it is proven to be that of the tofu that died: same user and
 * host, taken after it was started and before its last word. A local state's lock is the kernel's; only its note is left.
 */
async function freeLock(call: TofuCall, dead: readonly PendingRun[]): Promise<void> {
  const note = join(call.workspace.dir, '.terraform.tfstate.lock.info');
  const text = await call.host.files.readText(note);
  if (text !== undefined && (await isOfDead(call, dead, noteHolder(text)))) await call.host.files.remove(note);
  const holder = await findHolder(call);
  if (!holder) return;
  if (await isOfDead(call, dead, holder)) return forceUnlock(call, holder.id);
  throw new SlipwayError('SLW-TOF-006', `the state of ${call.object} is locked by ${holder.who}${since(holder)}`, { object: call.object, data: { ...holder } });
}

async function isOfDead({ host }: TofuCall, dead: readonly PendingRun[], holder: LockHolder | undefined): Promise<boolean> {
  for (const run of dead) {
    const lastWord = (await host.files.stat(run.logFile))?.mtimeMs ?? run.startedAt;
    if (isProvenDead(run, holder, lastWord)) return true;
  }
  return false;
}

const since = ({ createdMs }: LockHolder): string => (createdMs === undefined ? '' : ` since ${new Date(createdMs).toISOString()}`);

/** Asks for the lock by a plan that does not even refresh; who holds it is in the refusal. */
async function findHolder(call: TofuCall): Promise<LockHolder | undefined> {
  try {
    await plan(call, { lock: true, refresh: false });
    return undefined;
  } catch (thrown) {
    const holder = holderIn(thrown);
    if (holder) return holder;
    if (isLockError(thrown) || call.signal.aborted) throw thrown;
    // Whatever else is wrong with the module, its lock is free.
    return undefined;
  }
}

/** The owner of the lock that a failure speaks of. */
export function holderIn(thrown: unknown): LockHolder | undefined {
  const lock = errorsOf(thrown).find(({ code }) => code === 'SLW-TOF-006');
  if (!lock) return undefined;
  return lockHolderOf([{ severity: 'error', summary: String(lock.data?.['summary'] ?? ''), detail: String(lock.data?.['detail'] ?? '') }], (lock.data?.['last'] ?? []) as readonly string[]);
}

const isLockError = (thrown: unknown): boolean => errorsOf(thrown).some(({ code }) => code === 'SLW-TOF-006');

function errorsOf(thrown: unknown): readonly SlipwayError[] {
  if (thrown instanceof SlipwayErrors) return thrown.errors;
  return isSlipwayError(thrown) ? [thrown] : [];
}

/** Clocks are the same machine's; a lock is taken moments before the line that follows it. */
const SLACK_MS = 15_000;

/** Pure: whether a lock is that of the dead run and of nobody else. */
export function isProvenDead(dead: PendingRun, holder: LockHolder | undefined, lastWord: number): boolean {
  if (!holder || holder.createdMs === undefined) return false;
  const [user, host] = holder.who.split('@');
  if (host !== dead.hostname || (user !== '' && user !== dead.user)) return false;
  return holder.createdMs >= dead.startedAt - 1000 && holder.createdMs <= lastWord + SLACK_MS;
}

function noteHolder(text: string): LockHolder | undefined {
  try {
    const { ID = '', Who = '', Operation = '', Created = '' } = JSON.parse(text) as Readonly<Record<string, string>>;
    return { id: ID, who: Who, operation: Operation, createdMs: Date.parse(Created) };
  } catch {
    return undefined;
  }
}

/** Imports what was made and is in no state, so that it is neither made again nor forgotten. */
async function adoptLost({ call, report, findLost }: RecoverOptions, messages: readonly TofuMessage[]): Promise<void> {
  const state = await statePull(call);
  const known = new Map(state.resources.map((resource) => [resource.address, resource]));
  const lost = lostResources(messages, known);
  if (lost.length === 0) return;
  const found = findLost ? await findLost(lost) : lost.flatMap(({ address, id }) => (id === undefined ? [] : [{ address, id }]));
  for (const { address, id } of found) {
    // An older object of that address was destroyed in the same run.
    if (known.has(address)) await stateRemove(call, [address]);
    await adopt(call, { address, id }, report);
  }
  for (const { address, hasFailed } of lost) {
    if (hasFailed || found.some((other) => other.address === address)) continue;
    const message = `${address} was begun by a run that died, and nothing that it made was found`;
    report({ type: 'finding', level: 'warning', code: 'SLW-TOF-025', message });
  }
}

async function adopt(call: TofuCall, { address, id }: FoundResource, report: (report: StepReport) => void): Promise<void> {
  try {
    await importResource(call, address, id);
    report({ type: 'progress', message: `took ${address} (${id}) back into the state` });
  } catch (thrown) {
    if (call.signal.aborted) throw thrown;
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    report({ type: 'finding', level: 'warning', code: 'SLW-TOF-025', message: `${address} (${id}) could not be taken back into the state: ${why}` });
  }
}

/** Pure: creations that are in no state; those that never began are not among them. */
export function lostResources(messages: readonly TofuMessage[], known: ReadonlyMap<string, { readonly id?: string }>): readonly LostResource[] {
  const begun = new Map<string, LostResource>();
  const gone = new Set<string>();
  for (const message of messages) {
    if (message.type !== 'apply') continue;
    const { address, resourceType: type, phase, id, action } = message;
    if (action === 'delete' && phase === 'complete') gone.add(address);
    if (action === 'create') begun.set(address, { address, type, hasFailed: phase === 'errored', ...(id !== undefined && { id }) });
  }
  return [...begun.values()].filter(({ address, id }) => {
    const there = known.get(address);
    if (there === undefined) return true;
    // The same address with another id is what the run has destroyed before.
    return id === undefined ? gone.has(address) : there.id !== undefined && there.id !== id;
  });
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}
