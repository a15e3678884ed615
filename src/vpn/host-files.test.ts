import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SETTINGS } from '../../test/support/vpn/small-world.ts';
import { createNodeHost } from '../host/node.ts';
import { PLACEHOLDERS, renderUserData } from './cloud-init.ts';
import { keysIn } from './forge-keys.ts';
import { renderServerConfig } from './server-config.ts';

const digest = 'a'.repeat(64);
const request = {
  ...{ ...PLACEHOLDERS, prefix: '' },
  agents: { amd64: { name: 'vpn-agent-amd64', digest }, arm64: { name: 'vpn-agent-arm64', digest } },
};

describe('the files of a VPN host', () => {
  it('configure OpenVPN with certificates, a list, known names and modern ciphers alone', () => {
    expect(renderServerConfig(SETTINGS)).toMatchInlineSnapshot(`
      "# Made by Slipway; changes are overwritten.
      port 1194
      proto udp
      dev tun-slipway
      dev-type tun
      topology subnet
      server 192.168.200.0 255.255.255.0
      ca /var/lib/slipway-vpn/current/ca.crt
      cert /var/lib/slipway-vpn/current/server.crt
      key /var/lib/slipway-vpn/current/server.key
      tls-crypt /var/lib/slipway-vpn/current/channel.key
      crl-verify /var/lib/slipway-vpn/current/crl.pem
      client-config-dir /var/lib/slipway-vpn/current/clients
      ccd-exclusive
      dh none
      tls-version-min 1.2
      tls-cert-profile preferred
      remote-cert-tls client
      data-ciphers AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305
      auth SHA256
      keepalive 5 30
      persist-key
      persist-tun
      explicit-exit-notify 1
      push "route 10.0.0.0 255.255.0.0"
      push "dhcp-option DNS 10.0.0.2"
      management /run/slipway-vpn/management.sock unix
      verb 3
      "
    `);
  });

  it('know TCP, wide ranges and none', () => {
    const text = renderServerConfig({ ...SETTINGS, protocol: 'tcp', routes: ['0.0.0.0/0', '10.1.2.3/32'], dnsServers: [] });
    expect(text).toContain('\nproto tcp\n');
    expect(text).not.toContain('explicit-exit-notify');
    expect(text).toContain('push "route 0.0.0.0 0.0.0.0"\npush "route 10.1.2.3 255.255.255.255"\n');
    expect(text).not.toContain('DNS');
  });

  it.each([
    { clientsCidr: '10.0.0.0/8' },
    { clientsCidr: '10.0.0.0/30' },
    { clientsCidr: 'fd00::/64' },
    { clientsCidr: '10.0.0.1/24' },
    { routes: ['10.0.0.0'] },
    { routes: ['10.0.0.0/16"\npush "x'] },
  ])('refuse %j', (change) => {
    expect(() => renderServerConfig({ ...SETTINGS, ...change })).toThrow(expect.objectContaining({ code: 'SLW-VPN-009' }));
  });

  it('start with user data that pins the agent, fits into EC2 and is the same each time', async () => {
    const text = await renderUserData(createNodeHost(), request);
    expect(text).toMatch(/^#cloud-config\n/);
    expect(Buffer.byteLength(text)).toBeLessThan(16_384);
    expect(await renderUserData(createNodeHost(), request)).toBe(text);
    // As modules/aws-vpn does it for each host.
    const filled = Object.entries({ ...PLACEHOLDERS, bucket: 'b', region: 'eu-west-1', host: 'h', allocationId: 'eipalloc-1' }).reduce(
      (done, [name, value]) => done.replaceAll(PLACEHOLDERS[name as keyof typeof PLACEHOLDERS], value),
      text,
    );
    const { write_files: files } = parse(filled) as { write_files: { path: string; content: string }[] };
    const config = files.find(({ path }) => path === '/etc/slipway-vpn/agent.json')?.content ?? '';
    expect(JSON.parse(config)).toEqual({
      ...{ bucket: 'b', region: 'eu-west-1', host: 'h', allocationId: 'eipalloc-1', prefix: '', endpoints: {} },
      agents: { amd64: digest, arm64: digest },
    });
  });

  it('authorize what is a key, of whatever a forge says', () => {
    const [ed, rsa, sk] = ['ssh-ed25519 AAAAC3Nz jane@desk', 'ssh-rsa AAAAB3Nz==', 'sk-ssh-ed25519@openssh.com AAAAGnNr'];
    const noise = ['', '<html>', 'command="id" ssh-ed25519 AAAA', 'ssh-ed25519', 'ssh-ed25519 not*base64'];
    expect(keysIn([ed, ...noise, `  ${rsa}\r`, sk].join('\n'))).toEqual([ed, rsa, sk]);
  });
});
