/** `slipway vpn client list`: all clients, the one issued last of each name. */
import { isoTime } from '../../../../engine/iso-time.ts';
import { listVpnClients } from '../../../../project/vpn.ts';
import type { CommandRun } from '../../../context.ts';
import { operationOptions } from '../../../session.ts';
import { type VpnFlags, vpnOptions } from '../status.ts';

const run: CommandRun<VpnFlags> = async (session, flags) => {
  const clients = await listVpnClients({ ...operationOptions(session, flags), ...vpnOptions(flags) });
  const lines = clients.map(
    ({ name, state, notAfter }) => `${name}  ${state}  ${state === 'valid' ? 'until' : 'ended'} ${isoTime(notAfter)}`,
  );
  session.result('vpn-client-list', { clients }, lines.length > 0 ? lines : ['no clients yet: slipway vpn client add NAME']);
  return 0;
};

export default run;
