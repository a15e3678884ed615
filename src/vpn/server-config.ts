/** OpenVPN's configuration of a host (openvpn(8), 2.5 and newer). Pure; paths are those that the agent keeps (toolchain/vpn-agent). */
import { formatIpv4, parseCidr } from '../config/cidr.ts';
import { SlipwayError } from '../core/errors.ts';
import type { VpnSettings } from './vpn.ts';

/** Where the agent keeps the present generation: a symbolic link that is switched at once. */
export const CURRENT_DIR = '/var/lib/slipway-vpn/current';
/** For the agent alone: it ends the sessions of those who were revoked. */
export const MANAGEMENT_SOCKET = '/run/slipway-vpn/management.sock';

/** Authenticated ciphers only; the last for machines without AES in hardware. */
export const DATA_CIPHERS = 'AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305';

/** @throws SLW-VPN-009 */
export function renderServerConfig(settings: VpnSettings): string {
  const pool = network(settings.clientsCidr, 'clientsCidr');
  return [
    '# Made by Slipway; changes are overwritten.',
    `port ${settings.port}`,
    `proto ${settings.protocol}`,
    'dev tun-slipway',
    'dev-type tun',
    'topology subnet',
    `server ${pool}`,
    `ca ${CURRENT_DIR}/ca.crt`,
    `cert ${CURRENT_DIR}/server.crt`,
    `key ${CURRENT_DIR}/server.key`,
    `tls-crypt ${CURRENT_DIR}/channel.key`,
    // Read again for each connection once it has changed.
    `crl-verify ${CURRENT_DIR}/crl.pem`,
    // A name without a file is refused, whatever its certificate says.
    `client-config-dir ${CURRENT_DIR}/clients`,
    'ccd-exclusive',
    'dh none',
    'tls-version-min 1.2',
    'tls-cert-profile preferred',
    'remote-cert-tls client',
    `data-ciphers ${DATA_CIPHERS}`,
    'auth SHA256',
    // A host that is gone is noticed after half a minute.
    'keepalive 5 30',
    'persist-key',
    'persist-tun',
    ...(settings.protocol === 'udp' ? ['explicit-exit-notify 1'] : []),
    ...settings.routes.map((cidr) => `push "route ${network(cidr, 'routes')}"`),
    ...settings.dnsServers.map((address) => `push "dhcp-option DNS ${address}"`),
    `management ${MANAGEMENT_SOCKET} unix`,
    'verb 3',
    '',
  ].join('\n');
}

/** `10.0.0.0 255.255.0.0` */
function network(cidr: string, field: string): string {
  const range = parseCidr(cidr);
  const bits = Number(cidr.split('/')[1]);
  const isPool = field === 'clientsCidr';
  if (range?.version !== 4 || (isPool && (bits < 16 || bits > 29)))
    throw new SlipwayError(
      'SLW-VPN-009',
      `${field} of the VPN is ${JSON.stringify(cidr)}, which is no IPv4 range${isPool ? ' from /16 to /29' : ''}`,
    );
  const netmask = bits === 0 ? 0n : (0xffffffffn << BigInt(32 - bits)) & 0xffffffffn;
  return `${formatIpv4(range.first)} ${formatIpv4(netmask)}`;
}
