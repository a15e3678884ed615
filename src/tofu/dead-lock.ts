/** The lock of a tofu that died: whose it is, the proof of it, and its end. */
import { join } from 'node:path';
import { isSlipwayError, type SlipwayError, SlipwayErrors } from '../core/errors.ts';
import { forceUnlock, plan, type TofuCall } from './commands.ts';
import { lockedError, type LockHolder } from './failures.ts';
import type { PendingRun } from './runner.ts';

/**
 * A lock in a backend outlives its owner. Ours is taken away when it is proven to be that of the tofu that died: same user and
 * host, taken after it was started and before its last word. A local state's lock is the kernel's; only its note is left.
 */
export async function freeLock(call: TofuCall, dead: readonly PendingRun[]): Promise<void> {
  const note = join(call.workspace.dir, '.terraform.tfstate.lock.info');
  const text = await call.host.files.readText(note);
  if (text !== undefined && (await isOfDead(call, dead, noteHolder(text)))) await call.host.files.remove(note);
  const holder = await findHolder(call);
  if (!holder) return;
  if (await isOfDead(call, dead, holder)) return forceUnlock(call, holder.id);
  throw lockedError(holder, { object: call.object, command: 'plan' });
}

async function isOfDead({ host }: TofuCall, dead: readonly PendingRun[], holder: LockHolder | undefined): Promise<boolean> {
  for (const run of dead) {
    const lastWord = (await host.files.stat(run.logFile))?.mtimeMs ?? run.startedAt;
    if (isProvenDead(run, holder, lastWord)) return true;
  }
  return false;
}

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
function holderIn(thrown: unknown): LockHolder | undefined {
  return errorsOf(thrown).find(({ code }) => code === 'SLW-TOF-006')?.data?.['lock'] as LockHolder | undefined;
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
