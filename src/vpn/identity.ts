/**
 * The identity of a VPN as one value: authority, server, revocations, register of certificates, settings. Every function here takes one
 * and gives the next; reading and writing it is identity-store.ts.
 */
import { canonicalJson, type Json } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import {
  createAuthority,
  issueLeaf,
  type KeyAndCertificate,
  needsRenewal,
  serialOf,
  type Validity,
  validityOf,
} from '../pki/certificates.ts';
import { createSigningKeyPair, type KeyPairPem } from '../pki/keys.ts';
import { createRevocationList, readRevocationList } from '../pki/revocation.ts';
import type { HostSoftware, VpnSettings } from './vpn.ts';

/** One certificate that was ever issued. Times in ms since the epoch. */
export interface RegisteredCertificate {
  /** Lower-case hex. */
  readonly serial: string;
  readonly name: string;
  readonly use: 'client' | 'server';
  readonly notBefore: number;
  readonly notAfter: number;
  readonly revokedAt?: number;
}

export interface VpnIdentity {
  readonly version: 1;
  /** Counts up with every change; hosts never go back to a lower one. */
  readonly revision: number;
  readonly settings: VpnSettings;
  readonly software: HostSoftware;
  readonly authority: KeyAndCertificate;
  readonly server: KeyAndCertificate;
  /** Static key of the control channel (`tls-crypt`). */
  readonly channelKey: string;
  /** A host that replaces another is known by the same key. */
  readonly sshHostKey: KeyPairPem;
  readonly certificates: readonly RegisteredCertificate[];
  /** PEM; its number is the revision it was made at. */
  readonly revocationList: string;
  /** Public keys as the forges served them last, by SSH user. */
  readonly fetchedKeys: Readonly<Record<string, readonly string[]>>;
}

const DAY_MS = 86_400_000;
const LIVES = { authorityMs: 7300 * DAY_MS, serverMs: 825 * DAY_MS, clientMs: 365 * DAY_MS, revocationListMs: 3650 * DAY_MS } as const;
/** Clocks of clients and hosts differ a little. */
const BACKDATE_MS = 5 * 60_000;
/** Renewed when less than this share of the life is left. */
const RENEWAL_SHARE = 1 / 3;
/** Below this share of its life the authority is reported: what it signs from now on ends with it. */
const AUTHORITY_WARNING_SHARE = 1 / 10;

/** Common name of the servers; clients check it. */
export const serverName = (settings: VpnSettings): string => `${settings.name}-vpn-server`;

/** The first identity of a VPN. */
export async function createIdentity(host: Host, settings: VpnSettings, software: HostSoftware): Promise<VpnIdentity> {
  const authority = await createAuthority(
    { commonName: `${settings.name} VPN authority` },
    validity(host, settings.lives?.authorityMs ?? LIVES.authorityMs),
  );
  const blank = { version: 1, revision: 0, settings, software, authority, certificates: [], revocationList: '', fetchedKeys: {} } as const;
  const channelKey = formatChannelKey(host.random.bytes(256));
  const draft = { ...blank, channelKey, server: authority, sshHostKey: createSigningKeyPair() };
  return nextRevision(host, await issueServer(host, draft));
}

/** What `refreshIdentity` would renew. */
export interface RenewalDue {
  readonly what: 'server certificate' | 'revocation list' | 'settings' | 'software' | 'authority';
  readonly reason: string;
}

/** Compares with the wanted settings and the clock; changes nothing. The authority is only ever reported. */
export async function findDue(
  host: Host,
  identity: VpnIdentity,
  wanted: { settings: VpnSettings; software: HostSoftware },
): Promise<readonly RenewalDue[]> {
  const now = host.clock.now();
  const due: RenewalDue[] = [];
  const add = (what: RenewalDue['what'], reason: string | undefined): void => void (reason !== undefined && due.push({ what, reason }));
  add('settings', differs(identity.settings, wanted.settings) ? 'the project says otherwise' : undefined);
  add('software', differs(identity.software, wanted.software) ? 'another version' : undefined);
  add('server certificate', serverReason(identity, { now, wanted: wanted.settings }));
  const list = await readRevocationList(identity.revocationList);
  const listDue = isDue({ notBefore: list.thisUpdate, notAfter: list.nextUpdate }, now, RENEWAL_SHARE);
  add('revocation list', listDue ? `ends ${day(list.nextUpdate)}` : undefined);
  const authority = validityOf(identity.authority.certificatePem);
  add('authority', isDue(authority, now, AUTHORITY_WARNING_SHARE) ? `ends ${day(authority.notAfter)}` : undefined);
  return due;
}

/** Takes over settings and software, and renews what is due. @throws SLW-VPN-007 */
export async function refreshIdentity(
  host: Host,
  identity: VpnIdentity,
  wanted: { settings: VpnSettings; software: HostSoftware },
): Promise<VpnIdentity> {
  const due = await findDue(host, identity, wanted);
  if (due.every(({ what }) => what === 'authority')) return identity;
  const settled = { ...identity, ...wanted };
  const served = due.some(({ what }) => what === 'server certificate') ? await issueServer(host, settled) : settled;
  return nextRevision(host, served);
}

/** A certificate for a client; the private key is in the second result only. @throws SLW-VPN-003, SLW-VPN-005, SLW-VPN-007 */
export async function issueClient(
  host: Host,
  identity: VpnIdentity,
  request: { readonly name: string; readonly lifeMs?: number; readonly renew: boolean },
): Promise<{ readonly identity: VpnIdentity; readonly client: KeyAndCertificate }> {
  requireClientName(identity.settings, request.name);
  const now = host.clock.now();
  const held = identity.certificates.some((each) => each.name === request.name && isLive(each, now));
  if (held && !request.renew)
    throw new SlipwayError('SLW-VPN-003', `the VPN client ${JSON.stringify(request.name)} has a valid certificate`);
  const span = validity(host, request.lifeMs ?? identity.settings.lives?.clientMs ?? LIVES.clientMs);
  const client = await issue(identity, { name: request.name, use: 'client', span });
  const revoked = identity.certificates.map((each) =>
    each.name === request.name && isLive(each, now) ? { ...each, revokedAt: now } : each,
  );
  const certificates = [...revoked, register(client, request.name, 'client')];
  return { client, identity: await nextRevision(host, { ...identity, certificates }) };
}

/** Without this client; the same identity when it was revoked before. @throws SLW-VPN-004 */
export async function revokeClient(host: Host, identity: VpnIdentity, name: string): Promise<VpnIdentity> {
  const own = identity.certificates.filter((each) => each.use === 'client' && each.name === name);
  if (own.length === 0) throw new SlipwayError('SLW-VPN-004', `there is no VPN client ${JSON.stringify(name)}`);
  if (own.every(({ revokedAt }) => revokedAt !== undefined)) return identity;
  const now = host.clock.now();
  const certificates = identity.certificates.map((each) =>
    own.includes(each) && each.revokedAt === undefined ? { ...each, revokedAt: now } : each,
  );
  return nextRevision(host, { ...identity, certificates });
}

/** The keys that forges served, taken over; the same identity when nothing is new. */
export async function keepFetchedKeys(host: Host, identity: VpnIdentity, fetchedKeys: VpnIdentity['fetchedKeys']): Promise<VpnIdentity> {
  return differs(identity.fetchedKeys, fetchedKeys) ? nextRevision(host, { ...identity, fetchedKeys }) : identity;
}

/** Whether a certificate is good at this time. */
export function isLive({ revokedAt, notAfter }: RegisteredCertificate, now: number): boolean {
  return revokedAt === undefined && now < notAfter;
}

export function differs(a: unknown, b: unknown): boolean {
  return canonicalJson(a as Json) !== canonicalJson(b as Json);
}

async function issueServer(host: Host, identity: VpnIdentity): Promise<VpnIdentity> {
  const name = serverName(identity.settings);
  const server = await issue(identity, { name, use: 'server', span: validity(host, identity.settings.lives?.serverMs ?? LIVES.serverMs) });
  return { ...identity, server, certificates: [...identity.certificates, register(server, name, 'server')] };
}

async function issue(
  identity: VpnIdentity,
  { name, use, span }: { name: string; use: 'client' | 'server'; span: Validity },
): Promise<KeyAndCertificate> {
  const end = validityOf(identity.authority.certificatePem).notAfter;
  if (end <= span.notBefore + BACKDATE_MS)
    throw new SlipwayError('SLW-VPN-007', `the VPN authority of ${identity.settings.name} ended ${day(end)}`);
  return issueLeaf(identity.authority, {
    subject: { commonName: name },
    usages: [use],
    ...(use === 'server' && { dnsNames: [name] }),
    validity: span,
  });
}

/** One further, with a list that is as new: whatever is changed puts off the end of the list. */
async function nextRevision(host: Host, identity: VpnIdentity): Promise<VpnIdentity> {
  const revision = identity.revision + 1;
  const { notBefore, notAfter } = validity(host, identity.settings.lives?.revocationListMs ?? LIVES.revocationListMs);
  const revocationList = await createRevocationList(identity.authority, {
    revoked: identity.certificates.flatMap(({ serial, revokedAt }) => (revokedAt === undefined ? [] : [{ serial, revokedAt }])),
    number: revision,
    thisUpdate: notBefore,
    nextUpdate: notAfter,
  });
  return { ...identity, revision, revocationList };
}

function register({ certificatePem }: KeyAndCertificate, name: string, use: 'client' | 'server'): RegisteredCertificate {
  return { serial: serialOf(certificatePem), name, use, ...validityOf(certificatePem) };
}

function serverReason(identity: VpnIdentity, { now, wanted }: { readonly now: number; readonly wanted: VpnSettings }): string | undefined {
  if (serverName(identity.settings) !== serverName(wanted)) return 'another name';
  if (!needsRenewal(identity.server.certificatePem, now)) return undefined;
  return `ends ${day(validityOf(identity.server.certificatePem).notAfter)}`;
}

const isDue = ({ notBefore, notAfter }: Validity, now: number, share: number): boolean =>
  now < notBefore || notAfter - now < (notAfter - notBefore) * share;

function validity(host: Host, lifeMs: number): Validity {
  const now = host.clock.now();
  return { notBefore: now - Math.min(BACKDATE_MS, lifeMs / 4), notAfter: now + lifeMs };
}

// What OpenVPN takes over unchanged as the name of a file in client-config-dir.
const CLIENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;

function requireClientName(settings: VpnSettings, name: string): void {
  if (!CLIENT_NAME.test(name) || name === serverName(settings) || name === 'DEFAULT')
    throw new SlipwayError('SLW-VPN-005', `${JSON.stringify(name)} cannot be the name of a VPN client`);
}

/** openvpn(8), --genkey: 2048 random bits. */
function formatChannelKey(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString('hex').match(/.{32}/g) ?? [];
  return ['-----BEGIN OpenVPN Static key V1-----', ...lines, '-----END OpenVPN Static key V1-----', ''].join('\n');
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
