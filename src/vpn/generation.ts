/**
 * What hosts are given: a generation is all they need, immutable and named by its digest; one pointer says which is current. A host that
 * reads either sees the old state or the new one, never a half of each.
 */
import { canonicalJson, type Json, sha256 } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import { backoffDelayMs } from '../core/retry.ts';
import { isLive, type VpnIdentity } from './identity.ts';
import { changeIdentity, type VpnStore } from './identity-store.ts';
import { CURRENT_KEY, GENERATIONS_PREFIX, generationKey, revisionOf } from './layout.ts';
import { highestTaken } from './reports.ts';
import { renderServerConfig } from './server-config.ts';
import type { HostFile, SshUser } from './vpn.ts';

/** The agent's input; its Go form is in toolchain/vpn-agent/generation.go. */
export interface Generation {
  readonly version: 1;
  readonly revision: number;
  readonly network: string;
  readonly authority: string;
  readonly server: { readonly certificate: string; readonly key: string };
  readonly channelKey: string;
  readonly revocationList: string;
  /** Names that may connect, in byte order. */
  readonly clients: readonly string[];
  /** Serial numbers, lower-case hex, of what a connected client may still hold. */
  readonly revoked: readonly { readonly serial: string; readonly name: string }[];
  readonly serverConfig: string;
  readonly port: number;
  readonly protocol: 'udp' | 'tcp';
  /** Addresses whose traffic leaves under the host's own. */
  readonly clientsCidr: string;
  /** PKCS#8 PEM. */
  readonly sshHostKey: string;
  /** With the keys that forges served last, for a host whose forge does not answer. */
  readonly sshUsers: readonly (SshUser & { readonly fetchedKeys: readonly string[] })[];
  readonly operatorName?: string;
  readonly agents: Readonly<Record<string, HostFile>>;
  readonly packages: readonly HostFile[];
}

export interface Pointer {
  readonly version: 1;
  readonly revision: number;
  /** SHA-256 of the generation's bytes. */
  readonly digest: string;
}

/** Pure but for the clock's reading: certificates that ended are no clients any more. */
export function renderGeneration(identity: VpnIdentity, now: number): Generation {
  const { settings, software, certificates } = identity;
  const clients = certificates.filter(({ use }) => use === 'client');
  const names = new Set(clients.filter((each) => isLive(each, now)).map(({ name }) => name));
  return {
    version: 1,
    revision: identity.revision,
    network: settings.name,
    authority: identity.authority.certificatePem,
    server: { certificate: identity.server.certificatePem, key: identity.server.privateKeyPem },
    channelKey: identity.channelKey,
    revocationList: identity.revocationList,
    clients: [...names].sort(),
    revoked: clients.filter(({ revokedAt }) => revokedAt !== undefined).map(({ serial, name }) => ({ serial, name })),
    serverConfig: renderServerConfig(settings),
    port: settings.port,
    protocol: settings.protocol,
    clientsCidr: settings.clientsCidr,
    sshHostKey: identity.sshHostKey.privateKeyPem,
    sshUsers: settings.sshUsers.map((user) => ({ ...user, fetchedKeys: identity.fetchedKeys[user.name] ?? [] })),
    ...(settings.operatorName !== undefined && { operatorName: settings.operatorName }),
    agents: software.agents,
    packages: software.packages,
  };
}

/** The bytes of a generation, and the pointer to it. */
export function packGeneration(identity: VpnIdentity, now: number): { readonly body: Uint8Array; readonly pointer: Pointer } {
  const body = new TextEncoder().encode(canonicalJson(renderGeneration(identity, now) as unknown as Json));
  return { body, pointer: { version: 1, revision: identity.revision, digest: sha256(body) } };
}

const RACE = { baseMs: 100, capMs: 3000, attempts: 8 } as const;

/** The pointer as hosts see it now; undefined before the first publication. */
export async function readPointer({ store, signal }: Omit<VpnStore, 'host'>): Promise<Pointer | undefined> {
  return (await loadPointer({ store, signal }))?.pointer;
}

/**
 * Makes `identity` what hosts take, unless they were given a newer one meanwhile. Safe to call again.
 */
async function publish(access: VpnStore, identity: VpnIdentity): Promise<Pointer> {
  const { host, store, signal } = access;
  const { body, pointer } = packGeneration(identity, host.clock.now());
  for (let attempt = 1; attempt <= RACE.attempts; attempt++) {
    const held = await loadPointer(access);
    if (held && held.pointer.revision >= identity.revision) return held.pointer;
    await store.put(generationKey(pointer.revision, pointer.digest), body, { signal });
    const condition = held ? { ifMatch: held.etag } : { ifNoneMatch: '*' as const };
    const written = await store.put(CURRENT_KEY, new TextEncoder().encode(canonicalJson(pointer as unknown as Json)), {
      signal,
      ...condition,
    });
    if (written !== undefined) {
      await dropOldGenerations(access, held?.pointer.revision ?? 0);
      return pointer;
    }
    await host.clock.sleep(backoffDelayMs(RACE, attempt, host.random.number()), signal);
  }
  throw new SlipwayError('SLW-VPN-006', `others changed ${CURRENT_KEY} in ${store.location} ${RACE.attempts} times in a row`);
}

/**
 * `next` as for `changeIdentity`; then the hosts are given the outcome. Hosts take a higher revision only: an identity that was put back
 * from a backup, or is rendered otherwise by now, gets one. @throws SLW-VPN-006, and whatever `next` throws
 */
export async function changeAndPublish(
  access: VpnStore,
  next: (identity: VpnIdentity | undefined) => Promise<VpnIdentity>,
): Promise<VpnIdentity> {
  const [pointer, taken] = await Promise.all([readPointer(access), highestTaken(access)]);
  const now = access.host.clock.now();
  const identity = await changeIdentity(access, async (held) => outrun(await next(held), { pointer, taken, now }));
  await publish(access, identity);
  return identity;
}

interface Overtaken {
  readonly pointer: Pointer | undefined;
  /** By hosts. */
  readonly taken: number;
  readonly now: number;
}

function outrun(identity: VpnIdentity, { pointer, taken, now }: Overtaken): VpnIdentity {
  const last = Math.max(pointer?.revision ?? 0, taken);
  if (identity.revision > last) return identity;
  const isCurrent = identity.revision === last && pointer?.digest === packGeneration(identity, now).pointer.digest;
  return isCurrent ? identity : { ...identity, revision: last + 1 };
}

/** The one before is kept for a host that has just read the old pointer; older ones only hold old keys. */
async function dropOldGenerations({ store, signal }: VpnStore, before: number): Promise<void> {
  for (const key of await store.list(GENERATIONS_PREFIX, signal)) if ((revisionOf(key) ?? before) < before) await store.delete(key, signal);
}

async function loadPointer({
  store,
  signal,
}: Omit<VpnStore, 'host'>): Promise<{ readonly pointer: Pointer; readonly etag: string } | undefined> {
  const object = await store.get(CURRENT_KEY, signal);
  if (!object) return undefined;
  try {
    return { pointer: JSON.parse(new TextDecoder().decode(object.body)) as Pointer, etag: object.etag };
  } catch (error) {
    throw new SlipwayError('SLW-VPN-002', `cannot read ${CURRENT_KEY} in ${store.location}`, { cause: error });
  }
}
