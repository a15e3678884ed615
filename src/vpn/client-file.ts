/** The one file a client needs (.ovpn), with everything inside. Pure. */
import type { KeyAndCertificate } from '../pki/certificates.ts';
import { serverName, type VpnIdentity } from './identity.ts';
import { DATA_CIPHERS } from './server-config.ts';

/** Holds the client's private key: for a file with mode 0600 only. */
export function renderClientFile(identity: VpnIdentity, client: KeyAndCertificate): string {
  const { settings, authority, channelKey } = identity;
  return [
    `# ${settings.name}. Made by Slipway. This file is a key: whoever has it is let in.`,
    'client',
    'dev tun',
    'nobind',
    ...settings.endpoints.map((endpoint) => `remote ${endpoint} ${settings.port} ${settings.protocol}`),
    ...(settings.endpoints.length > 1 ? ['remote-random'] : []),
    'resolv-retry infinite',
    'connect-retry 2 30',
    // A host that has not heard of a new client yet refuses it.
    'auth-retry nointeract',
    // A host that was lost is left for another one soon.
    'connect-timeout 10',
    'server-poll-timeout 10',
    'persist-key',
    'persist-tun',
    'remote-cert-tls server',
    `verify-x509-name ${serverName(settings)} name`,
    'tls-version-min 1.2',
    'tls-cert-profile preferred',
    `data-ciphers ${DATA_CIPHERS}`,
    'auth SHA256',
    ...(settings.protocol === 'udp' ? ['explicit-exit-notify 1'] : []),
    'verb 3',
    ...inline('ca', authority.certificatePem),
    ...inline('cert', client.certificatePem),
    ...inline('key', client.privateKeyPem),
    ...inline('tls-crypt', channelKey),
    '',
  ].join('\n');
}

const inline = (name: string, text: string): readonly string[] => [`<${name}>`, text.trimEnd(), `</${name}>`];
