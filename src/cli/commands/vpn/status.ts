/** `slipway vpn status`: hosts as they report themselves, and what ends when. */
import { formatDuration } from '../../../core/duration.ts';
import { exits } from '../../../core/exits.ts';
import { vpnStatus } from '../../../project/vpn.ts';
import type { VpnStatus } from '../../../vpn/status.ts';
import type { CommandRun } from '../../context.ts';
import type { ProjectFlags } from '../../flags.ts';
import { operationOptions } from '../../session.ts';

export interface VpnFlags extends Pick<ProjectFlags, 'file' | 'stateDir' | 'output' | 'noColor' | 'verbose'> {
  readonly network?: string;
}

export const vpnOptions = ({ network }: VpnFlags): { readonly network?: string } => (network === undefined ? {} : { network });

const run: CommandRun<VpnFlags> = async (session, flags) => {
  const status = await vpnStatus({ ...operationOptions(session, flags), ...vpnOptions(flags) });
  session.result('vpn-status', status, statusLines(status, session.host.clock.now()));
  return status.hosts.some(({ state }) => state === 'late' || state === 'failing') ? exits.failed : exits.done;
};

function statusLines({ network, endpoints, hosts, ends, due, clients }: VpnStatus, now: number): readonly string[] {
  const left = (end: number): string => (end <= now ? 'ended' : `for ${formatDuration(end - now)}`);
  return [
    `${network}: ${endpoints.join(', ') || 'no address yet'}; ${clients.valid} clients, ${clients.revoked} revoked`,
    `  authority ${left(ends.authority)}, server ${left(ends.server)}, revocation list ${left(ends.revocationList)}`,
    ...hosts.map(
      ({ host, state, connected, problems }) =>
        `  ${host}: ${state}, ${connected.length} connected${problems.length > 0 ? `: ${problems.join('; ')}` : ''}`,
    ),
    ...due.map(({ what, reason }) => `  due: ${what}: ${reason}; slipway up renews it`),
  ];
}

export default run;
