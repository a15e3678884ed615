/**
 * One run at a time across machines. The lock is one object that is never deleted: created, or replaced over exactly the version that was
 * read, so that two who ask at once cannot both win; released by writing that it is free. Nothing expires: an owner elsewhere is never
 * presumed dead. Only the run that holds the kernel's lock of the very state folder that the dead owner ran in has proof of its death.
 */
import { SlipwayError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import { isoTime } from '../iso-time.ts';
import { type LockOwner, ownerName } from '../lock.ts';
import type { RemoteObject, RemoteStore } from './store.ts';

/** The state folder that a run works in; its kernel lock is held by whoever asks. */
export interface Place {
  /** Random, made with the folder. */
  readonly id: string;
  /** Real path. */
  readonly dir: string;
}

export interface RemoteOwner extends LockOwner {
  readonly place: Place;
  /** Differs for every time the lock is taken. */
  readonly token: string;
}

export interface RemoteLock {
  readonly owner: RemoteOwner;
  /** An owner in this very folder that had died with the lock. */
  readonly takenOverFrom?: RemoteOwner;
  /** Gives it back unless someone took it; bounded, safe to call again. */
  release(signal: AbortSignal): Promise<void>;
}

const LOCK_KEY = 'lock.json';
/** Two who start at the same instant: each round one of them wins. */
const ROUNDS = 5;

interface Record {
  readonly owner: RemoteOwner | null;
}

export interface RemoteLockOptions {
  readonly place: Place;
  readonly verb: string;
  readonly signal: AbortSignal;
}

/** Under the kernel lock of `place`. @throws SLW-RST-001 when another run has it */
export async function acquireRemoteLock(host: Host, store: RemoteStore, options: RemoteLockOptions): Promise<RemoteLock> {
  const owner = describeSelf(host, options);
  for (let round = 1; round <= ROUNDS; round++) {
    const found = await store.get(LOCK_KEY, options.signal);
    const before = found && parseOwner(found);
    if (before?.token === owner.token) return held(store, owner);
    if (before && !isOurFolder(host, before, options.place)) throw busy(store, before);
    if ((await write(store, { owner }, { over: found, signal: options.signal })) !== undefined) return held(store, owner, before);
  }
  throw new SlipwayError('SLW-RST-001', `the lock of ${store.location} changes hands again and again`, { retry: 'backoff' });
}

function describeSelf(host: Host, { place, verb }: RemoteLockOptions): RemoteOwner {
  const { pid, startTime, bootId } = host.processes.self;
  return { host: host.env.hostname, bootId, pid, startTime, sinceMs: host.clock.now(), verb, place, token: host.random.uuid() };
}

function held(store: RemoteStore, owner: RemoteOwner, before?: RemoteOwner): RemoteLock {
  return { owner, ...(before && { takenOverFrom: before }), release: (signal) => release(store, owner, signal) };
}

/** Who has the lock, alive or not; reads only. */
export async function readRemoteOwner(store: RemoteStore, signal: AbortSignal): Promise<RemoteOwner | undefined> {
  const found = await store.get(LOCK_KEY, signal);
  return found && parseOwner(found);
}

/** Forgets an owner that is surely gone; gives who it was, undefined when the lock is free. Safe to call again. @throws SLW-RST-002 when `confirm` names someone else */
export async function unlockRemote(
  store: RemoteStore,
  { confirm, signal }: { readonly confirm: string; readonly signal: AbortSignal },
): Promise<RemoteOwner | undefined> {
  const found = await store.get(LOCK_KEY, signal);
  const owner = found && parseOwner(found);
  if (!owner) return undefined;
  if (ownerName(owner) !== confirm)
    throw new SlipwayError('SLW-RST-002', `the lock of ${store.location} is owned by ${ownerName(owner)}, not by ${confirm}`);
  if ((await write(store, { owner: null }, { over: found, signal })) !== undefined) return owner;
  return unlockRemote(store, { confirm, signal });
}

async function release(store: RemoteStore, owner: RemoteOwner, signal: AbortSignal): Promise<void> {
  const found = await store.get(LOCK_KEY, signal);
  if (!found || parseOwner(found)?.token !== owner.token) return;
  await write(store, { owner: null }, { over: found, signal });
}

function write(
  store: RemoteStore,
  record: Record,
  { over, signal }: { readonly over: RemoteObject | undefined; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const body = Buffer.from(`${JSON.stringify(record)}\n`);
  return store.put(LOCK_KEY, body, over ? { signal, ifMatch: over.etag } : { signal, ifNoneMatch: '*' });
}

function isOurFolder(host: Host, owner: RemoteOwner, place: Place): boolean {
  return owner.place.id === place.id && owner.place.dir === place.dir && owner.host === host.env.hostname;
}

function parseOwner({ body }: RemoteObject): RemoteOwner | undefined {
  try {
    return (JSON.parse(Buffer.from(body).toString('utf8')) as Partial<Record>).owner ?? undefined;
  } catch {
    return undefined;
  }
}

function busy(store: RemoteStore, owner: RemoteOwner): SlipwayError {
  const name = ownerName(owner);
  const { place: _place, token: _token, ...known } = owner;
  return new SlipwayError('SLW-RST-001', `${store.location} is locked by ${name} (slipway ${owner.verb}) since ${isoTime(owner.sinceMs)}`, {
    object: name,
    data: { owner: known },
  });
}
