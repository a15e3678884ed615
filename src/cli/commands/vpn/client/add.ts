/** `slipway vpn client add NAME`: a profile for somebody; its private key is nowhere else. */
import { resolve } from 'node:path';
import { formatDuration } from '../../../../core/duration.ts';
import { SlipwayError } from '../../../../core/errors.ts';
import { addVpnClient } from '../../../../project/vpn.ts';
import type { CommandRun } from '../../../context.ts';
import { operationOptions } from '../../../session.ts';
import { type VpnFlags, vpnOptions } from '../status.ts';

export interface VpnAddFlags extends VpnFlags {
  readonly out?: string;
  readonly life?: number;
  readonly renew: boolean;
}

const run: CommandRun<VpnAddFlags, readonly [string]> = async (session, flags, [name]) => {
  const { host } = session;
  const path = resolve(host.env.cwd, flags.out ?? `${name}.ovpn`);
  const life = flags.life === undefined ? {} : { lifeMs: flags.life };
  // Looked at first: a name that is registered without a file is of no use to anybody.
  if (await host.files.stat(path)) throw new SlipwayError('SLW-VPN-008', `${path} exists already`);
  const added = await addVpnClient({ ...operationOptions(session, flags), ...vpnOptions(flags), ...life, name, renew: flags.renew });
  await host.files.writeAtomic(path, added.file, { mode: 0o600 });
  const { serial, notAfter } = added;
  const left = formatDuration(notAfter - host.clock.now());
  session.result('vpn-client-add', { name, serial, notAfter, path }, [
    `${name} may connect for ${left}: ${path}`,
    'Hand this file over privately; it cannot be made again, only renewed.',
  ]);
  return 0;
};

export default run;
