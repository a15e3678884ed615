/** How a VPN is: what is due, which hosts reported what and when. Reads only. */
import { validityOf } from '../pki/certificates.ts';
import { readRevocationList } from '../pki/revocation.ts';
import { packGeneration, readPointer } from './generation.ts';
import { findDue, isLive, type RenewalDue } from './identity.ts';
import { requireIdentity, type VpnStore } from './identity-store.ts';
import { type HostReport, readReports } from './reports.ts';

export interface VpnHostStatus extends HostReport {
  /** `late` after three missed cycles, `behind` when it has not taken the current generation. */
  readonly state: 'ready' | 'behind' | 'late' | 'failing';
}

export interface VpnStatus {
  readonly network: string;
  readonly location: string;
  readonly endpoints: readonly string[];
  readonly revision: number;
  /** False between a change and its publication: the next `up` or client verb mends it. */
  readonly published: boolean;
  /** ms since the epoch. */
  readonly ends: { readonly authority: number; readonly server: number; readonly revocationList: number };
  readonly due: readonly RenewalDue[];
  readonly clients: { readonly valid: number; readonly revoked: number };
  readonly hosts: readonly VpnHostStatus[];
}

/** The agent runs once a minute. */
const LATE_MS = 4 * 60_000;

/** @throws SLW-VPN-001, SLW-VPN-002 */
export async function readVpnStatus(access: VpnStore): Promise<VpnStatus> {
  const { host, store } = access;
  const identity = await requireIdentity(access);
  const [pointer, reports, list] = await Promise.all([
    readPointer(access),
    readReports(access),
    readRevocationList(identity.revocationList),
  ]);
  const now = host.clock.now();
  const clients = identity.certificates.filter(({ use }) => use === 'client');
  return {
    network: identity.settings.name,
    location: store.location,
    endpoints: identity.settings.endpoints,
    revision: identity.revision,
    published: pointer?.digest === packGeneration(identity, now).pointer.digest,
    ends: {
      authority: validityOf(identity.authority.certificatePem).notAfter,
      server: validityOf(identity.server.certificatePem).notAfter,
      revocationList: list.nextUpdate,
    },
    due: await findDue(host, identity, identity),
    clients: {
      valid: clients.filter((each) => isLive(each, now)).length,
      revoked: clients.filter(({ revokedAt }) => revokedAt !== undefined).length,
    },
    hosts: reports.map((report) => ({ ...report, state: stateOf(report, { now, revision: pointer?.revision ?? 0 }) })),
  };
}

function stateOf(report: HostReport, { now, revision }: { readonly now: number; readonly revision: number }): VpnHostStatus['state'] {
  if (now - Date.parse(report.time) > LATE_MS) return 'late';
  if (report.openvpn !== 'running' || report.problems.length > 0) return 'failing';
  return report.revision < revision ? 'behind' : 'ready';
}
