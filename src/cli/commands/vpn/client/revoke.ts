/** `slipway vpn client revoke NAME`: hosts refuse the client within one cycle of their agents. */
import { revokeVpnClient } from '../../../../project/vpn.ts';
import type { CommandRun } from '../../../context.ts';
import { operationOptions } from '../../../session.ts';
import { type VpnFlags, vpnOptions } from '../status.ts';

const run: CommandRun<VpnFlags, readonly [string]> = async (session, flags, [name]) => {
  const { wasRevoked } = await revokeVpnClient({ ...operationOptions(session, flags), ...vpnOptions(flags), name });
  session.result('vpn-client-revoke', { name, wasRevoked }, [
    wasRevoked ? `${name} was revoked already` : `${name} is revoked; hosts refuse it within two minutes`,
  ]);
  return 0;
};

export default run;
