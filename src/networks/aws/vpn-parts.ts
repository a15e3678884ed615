/** What `status` shows of a VPN: its hosts as they report themselves, and what ends when. Pure. */
import { formatDuration } from '../../core/duration.ts';
import type { VpnHostStatus, VpnStatus } from '../../vpn/status.ts';
import type { NetworkPart } from '../network.ts';

export function vpnParts(status: VpnStatus, now: number): readonly NetworkPart[] {
  const hosts = status.hosts.map(hostPart);
  const endpoints = status.endpoints.length > 0 ? { endpoints: status.endpoints.join(',') } : {};
  const clients = { clients: String(status.clients.valid), ...(status.clients.revoked > 0 && { revoked: String(status.clients.revoked) }) };
  const identity: NetworkPart = {
    kind: 'VpnIdentity',
    name: status.network,
    ...identityState(status, now),
    facts: { ...endpoints, ...clients, server: inDays(status.ends.server, now), revocations: inDays(status.ends.revocationList, now) },
  };
  if (hosts.length > 0 || status.endpoints.length === 0) return [identity, ...hosts];
  const silent: NetworkPart = {
    kind: 'VpnHost',
    name: status.network,
    state: 'progressing',
    reason: 'NotSeenYet',
    message: 'no host has reported itself yet',
  };
  return [identity, silent];
}

const STATES: Readonly<Record<VpnHostStatus['state'], NetworkPart['state']>> = {
  ready: 'ready',
  behind: 'progressing',
  late: 'failed',
  failing: 'failed',
};

function hostPart({ host, state, problems, connected, revision, openvpn }: VpnHostStatus): NetworkPart {
  const facts = { connected: String(connected.length), revision: String(revision) };
  if (state === 'ready') return { kind: 'VpnHost', name: host, state: 'ready', facts };
  const said = problems.length > 0 ? problems.join('; ') : `openvpn is ${openvpn}`;
  const message = state === 'late' ? 'it has not reported itself for several minutes' : said;
  return { kind: 'VpnHost', name: host, state: STATES[state], reason: REASONS[state], message, facts };
}

const REASONS = { ready: 'Ready', behind: 'Behind', late: 'NotReporting', failing: 'Failing' } as const;

function identityState({ due, published, ends }: VpnStatus, now: number): Pick<NetworkPart, 'state' | 'reason' | 'message'> {
  const ended = Object.entries(ends).find(([, end]) => end <= now);
  if (ended) return { state: 'failed', reason: 'Expired', message: `the ${ended[0]} has ended; slipway up renews it` };
  const [first] = due;
  if (first) return { state: 'progressing', reason: 'RenewalDue', message: `${first.what}: ${first.reason}; slipway up renews it` };
  return published
    ? { state: 'ready' }
    : { state: 'progressing', reason: 'Unpublished', message: 'hosts have not been given the last change; slipway up does' };
}

const inDays = (end: number, now: number): string => (end <= now ? 'ended' : formatDuration(end - now));
