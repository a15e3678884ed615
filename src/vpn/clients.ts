/** Clients: added, listed, revoked with the store alone. Each change is recorded before anything is handed out or published. */
import { isLive, issueClient, revokeClient, type RegisteredCertificate } from './identity.ts';
import { requireIdentity, type VpnStore } from './identity-store.ts';
import { changeAndPublish } from './generation.ts';
import { renderClientFile } from './client-file.ts';
import { SlipwayError } from '../core/errors.ts';
import { IDENTITY_KEY } from './layout.ts';

export interface AddedClient {
  readonly name: string;
  readonly serial: string;
  /** ms since the epoch. */
  readonly notAfter: number;
  /** Holds the private key, which is nowhere else. */
  readonly file: string;
}

/**
 * Registers a client, publishes it to the hosts and gives its file. Killed before the end, the name is taken and `renew` makes another file.
 * @throws SLW-VPN-001 to -003, -005 to -007
 */
export async function addClient(
  access: VpnStore,
  request: { readonly name: string; readonly lifeMs?: number; readonly renew?: boolean },
): Promise<AddedClient> {
  let file = '';
  const identity = await changeAndPublish(access, async (held) => {
    if (!held) throw noIdentity(access);
    const issued = await issueClient(access.host, held, { renew: false, ...request });
    file = renderClientFile(held, issued.client);
    return issued.identity;
  });
  const own = identity.certificates.findLast(({ name, use }) => use === 'client' && name === request.name);
  return { name: request.name, serial: own?.serial ?? '', notAfter: own?.notAfter ?? 0, file };
}

/** Hosts refuse the client within one cycle of their agents. Safe to call again. @throws SLW-VPN-001, -002, -004, -006 */
export async function removeClient(
  access: VpnStore,
  name: string,
): Promise<{ readonly revoked: readonly string[]; readonly wasRevoked: boolean }> {
  let wasRevoked = false;
  const identity = await changeAndPublish(access, async (held) => {
    if (!held) throw noIdentity(access);
    const next = await revokeClient(access.host, held, name);
    wasRevoked = next === held;
    return next;
  });
  return {
    wasRevoked,
    revoked: identity.certificates.filter((each) => each.name === name && each.use === 'client').map(({ serial }) => serial),
  };
}

export interface ClientEntry {
  readonly name: string;
  readonly state: 'valid' | 'expired' | 'revoked';
  /** Of the certificate issued last; ms since the epoch. */
  readonly notAfter: number;
  readonly serial: string;
  readonly revokedAt?: number;
}

/** One entry for each name, by name; of several certificates the one issued last. @throws SLW-VPN-001, -002 */
export async function listClients(access: VpnStore): Promise<readonly ClientEntry[]> {
  const identity = await requireIdentity(access);
  const latest = new Map(identity.certificates.filter(({ use }) => use === 'client').map((each) => [each.name, each]));
  return [...latest.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((each) => toEntry(each, access.host.clock.now()));
}

function toEntry(certificate: RegisteredCertificate, now: number): ClientEntry {
  const { name, serial, notAfter, revokedAt } = certificate;
  const state = revokedAt !== undefined ? 'revoked' : isLive(certificate, now) ? 'valid' : 'expired';
  return { name, serial, notAfter, state, ...(revokedAt !== undefined && { revokedAt }) };
}

const noIdentity = ({ store }: VpnStore): SlipwayError =>
  new SlipwayError('SLW-VPN-001', `there is no VPN identity: ${IDENTITY_KEY} is not in ${store.location}`);
