/** Reads the identity from its store and writes the next one over exactly the version it was made from. */
import { canonicalJson, type Json } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import { backoffDelayMs } from '../core/retry.ts';
import type { Host } from '../host/host.ts';
import type { VpnIdentity } from './identity.ts';
import { IDENTITY_KEY } from './layout.ts';
import type { ObjectStore } from '../engine/remote/store.ts';

/** A store, and what waiting for it needs. */
export interface VpnStore {
  readonly host: Host;
  readonly store: ObjectStore;
  readonly signal: AbortSignal;
}

const RACE = { baseMs: 100, capMs: 3000, attempts: 8 } as const;

/** Undefined before the first `up`. @throws SLW-VPN-002 */
export async function readIdentity({ store, signal }: Omit<VpnStore, 'host'>): Promise<VpnIdentity | undefined> {
  return (await load({ store, signal }))?.identity;
}

/** @throws SLW-VPN-001, SLW-VPN-002 */
export async function requireIdentity(access: Omit<VpnStore, 'host'>): Promise<VpnIdentity> {
  const identity = await readIdentity(access);
  if (!identity) throw new SlipwayError('SLW-VPN-001', `there is no VPN identity in ${access.store.location}`);
  return identity;
}

/**
 * `next` gets what is there (undefined: nothing yet) and gives what shall be; the same value back means nothing to write. It may be called
 * again when somebody else was faster. @throws SLW-VPN-006, and whatever `next` throws
 */
export async function changeIdentity(
  access: VpnStore,
  next: (identity: VpnIdentity | undefined) => Promise<VpnIdentity>,
): Promise<VpnIdentity> {
  const { host, store, signal } = access;
  for (let attempt = 1; attempt <= RACE.attempts; attempt++) {
    const held = await load(access);
    const wanted = await next(held?.identity);
    if (held && wanted === held.identity) return wanted;
    const condition = held ? { ifMatch: held.etag } : { ifNoneMatch: '*' as const };
    const body = new TextEncoder().encode(canonicalJson(wanted as unknown as Json));
    if ((await store.put(IDENTITY_KEY, body, { signal, ...condition })) !== undefined) return wanted;
    await host.clock.sleep(backoffDelayMs(RACE, attempt, host.random.number()), signal);
  }
  throw new SlipwayError('SLW-VPN-006', `others changed ${IDENTITY_KEY} in ${store.location} ${RACE.attempts} times in a row`);
}

async function load({
  store,
  signal,
}: Omit<VpnStore, 'host'>): Promise<{ readonly identity: VpnIdentity; readonly etag: string } | undefined> {
  const object = await store.get(IDENTITY_KEY, signal);
  if (!object) return undefined;
  return { identity: parse(new TextDecoder().decode(object.body), store.location), etag: object.etag };
}

function parse(text: string, location: string): VpnIdentity {
  const value = tryJson(text) as Partial<VpnIdentity> | undefined;
  // Written by us alone; a version of the format that this program does not know is not guessed at.
  if (value?.version !== 1 || typeof value.revision !== 'number' || !value.authority || !Array.isArray(value.certificates))
    throw new SlipwayError('SLW-VPN-002', `cannot read ${IDENTITY_KEY} in ${location}`);
  return value as VpnIdentity;
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
