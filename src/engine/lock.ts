/**
 * One run at a time. The lock is an exclusive SQLite transaction on lock.db: the kernel releases it when its owner dies, however it
 * dies. Beside it owner.json names the owner to everyone. No other code may open lock.db: closing any descriptor of it in this
 * process would release the kernel's (POSIX) lock.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import type { Verb } from './events.ts';
import { isBusy, sqliteFailure } from './journal/sqlite-failure.ts';

export interface LockOwner {
  readonly host: string;
  readonly bootId: string;
  readonly pid: number;
  readonly startTime: string;
  /** ms since the epoch. */
  readonly sinceMs: number;
  readonly verb: string;
}

export interface Lock {
  readonly owner: LockOwner;
  /** The owner that had died with the lock; its run did not end cleanly. */
  readonly takenOverFrom?: LockOwner;
  /** Releases; safe to call again. */
  release(): Promise<void>;
}

const LOCK_FILE = 'lock.db';
const OWNER_FILE = 'owner.json';

/**
 * Takes the lock of a state folder that exists, at once or not at all.
 * @throws SLW-STA-008 when a living process, or any owner on another host, has it
 */
export async function acquireLock(host: Host, dir: string, verb: Verb | (string & {})): Promise<Lock> {
  const kernel = takeKernelLock(join(dir, LOCK_FILE));
  if (!kernel) throw busy(await readOwner(host, dir));
  try {
    if (((await host.files.stat(join(dir, LOCK_FILE)))?.mode ?? 0) & 0o077) await host.files.chmod(join(dir, LOCK_FILE), 0o600);
    const before = await readOwner(host, dir);
    if (before && !isHere(host, before)) throw busy(before);
    const owner = describeSelf(host, verb);
    await host.files.writeAtomic(join(dir, OWNER_FILE), `${JSON.stringify(owner)}\n`, { mode: 0o600 });
    return { owner, ...(before && { takenOverFrom: before }), release: releaser(host, dir, kernel) };
  } catch (thrown) {
    kernel.close();
    throw thrown;
  }
}

/** Who is recorded as owner, alive or not; reads only. */
export async function readOwner(host: Host, dir: string): Promise<LockOwner | undefined> {
  const text = await host.files.readText(join(dir, OWNER_FILE));
  return text === undefined ? undefined : parseOwner(text);
}

/** The owner's name, as `slipway unlock --confirm` wants it. */
export function ownerName(owner: LockOwner): string {
  return `${owner.host}:${owner.pid}`;
}

/**
 * Forgets an owner that is surely gone; gives what was recorded, undefined when there was no lock. Safe to call again.
 * @throws SLW-STA-009 when a living process holds the lock, SLW-STA-010 when `confirm` names someone else
 */
export async function unlock(host: Host, dir: string, confirm: string): Promise<LockOwner | undefined> {
  if ((await host.files.stat(dir)) === undefined) return undefined;
  const kernel = takeKernelLock(join(dir, LOCK_FILE));
  if (!kernel) throw held(await readOwner(host, dir));
  try {
    const owner = await readOwner(host, dir);
    if (owner && ownerName(owner) !== confirm)
      throw new SlipwayError('SLW-STA-010', `the lock is owned by ${ownerName(owner)}, not by ${confirm}`);
    await host.files.remove(join(dir, OWNER_FILE));
    return owner;
  } finally {
    kernel.close();
  }
}

function takeKernelLock(path: string): DatabaseSync | undefined {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: 0 });
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return db;
  } catch (thrown) {
    db?.close();
    if (isBusy(thrown)) return undefined;
    throw sqliteFailure(thrown, path);
  }
}

function releaser(host: Host, dir: string, kernel: DatabaseSync): () => Promise<void> {
  let released = false;
  return async () => {
    if (released) return;
    released = true;
    try {
      await host.files.remove(join(dir, OWNER_FILE));
    } finally {
      kernel.close();
    }
  };
}

function describeSelf(host: Host, verb: string): LockOwner {
  const { pid, startTime, bootId } = host.processes.self;
  return { host: host.env.hostname, bootId, pid, startTime, sinceMs: host.clock.now(), verb };
}

/** Whether the recorded owner ran under this kernel, so that a free kernel lock proves its death. */
function isHere(host: Host, owner: LockOwner): boolean {
  return owner.bootId === host.processes.self.bootId || owner.host === host.env.hostname;
}

/** Half of a record means that its writer died before the lock was its own; it never names a live owner. */
function parseOwner(text: string): LockOwner | undefined {
  try {
    const value = JSON.parse(text) as Partial<LockOwner> | null;
    if (typeof value?.host !== 'string' || typeof value.pid !== 'number') return undefined;
    return {
      host: value.host,
      bootId: value.bootId ?? '',
      pid: value.pid,
      startTime: value.startTime ?? '',
      sinceMs: value.sinceMs ?? 0,
      verb: value.verb ?? 'unknown',
    };
  } catch {
    return undefined;
  }
}

function busy(owner: LockOwner | undefined): SlipwayError {
  if (!owner) return new SlipwayError('SLW-STA-008', 'the state is locked by a process that has not written its name yet');
  const name = ownerName(owner);
  return new SlipwayError('SLW-STA-008', `the state is locked by ${name} (slipway ${owner.verb})`, { object: name, data: { owner } });
}

function held(owner: LockOwner | undefined): SlipwayError {
  const name = owner ? ownerName(owner) : 'a process that has not written its name yet';
  return new SlipwayError('SLW-STA-009', `the lock is held by ${name}, which is alive`, owner ? { object: name, data: { owner } } : {});
}
