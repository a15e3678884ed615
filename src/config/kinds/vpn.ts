/** The VPN hosts of a network: how many, who may come, how long identities last. Shapes only. */
import * as z from 'zod';
import { duration, line } from './vocabulary.ts';

// useradd(8): names that every Linux accepts.
const USER_NAME = /^[a-z_][a-z0-9_-]{0,31}$/;
const PUBLIC_KEY =
  /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]+={0,3}(?: .*)?$/;
const FORGE_USER = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,254})$/;

export const userName = () =>
  z.string().regex(USER_NAME, { error: 'must be the name of a Linux user: lower-case letters, digits, _ and -, at most 32' });
export const publicKey = () =>
  z.string().regex(PUBLIC_KEY, { error: 'must be one line of an OpenSSH public key, such as "ssh-ed25519 AAAA… jane"' });
const forgeUser = () => z.string().regex(FORGE_USER, { error: 'must be a user id of the forge' });

const sshUser = z.strictObject({
  keys: z
    .array(publicKey().describe('One public key.'))
    .default([])
    .describe('Public keys, as they stand in authorized_keys. Default: none.'),
  github: forgeUser()
    .exactOptional()
    .describe('User id on GitHub whose public keys are authorized. Default: none.')
    .meta({ examples: ['octocat'] }),
  gitlab: forgeUser()
    .exactOptional()
    .describe('User id on gitlab.com whose public keys are authorized. Default: none.')
    .meta({ examples: ['jane'] }),
  url: z
    .string()
    .regex(/^https:\/\/\S+$/, { error: 'must be an https:// URL' })
    .exactOptional()
    .describe('Where the public keys are fetched from, one on each line. Default: none.')
    .meta({ examples: ['https://git.example.org/jane.keys'] }),
  sudo: z.boolean().default(true).describe('Whether the user may become root. Default: true.'),
});

const certificates = z.strictObject({
  server: duration()
    .default('19800h')
    .describe(
      'Life of the servers’ certificate; `up` renews it after two thirds of it. Past its end no client connects. 825 days are the most that clients of all systems take. Default: 19800h.',
    ),
  client: duration()
    .default('8760h')
    .describe('Life of a client’s certificate, when `vpn client add` does not say otherwise. Default: 8760h.'),
  revocationList: duration()
    .default('87600h')
    .describe(
      'Life of the revocation list; `up` renews it after two thirds of it, and each revocation. Hosts have a new list within a minute whatever its life is; past its end OpenVPN lets nobody in. Default: 87600h.',
    ),
});

export const vpn = z.strictObject({
  instances: z
    .number()
    .int()
    .min(0)
    .max(9)
    .default(1)
    .describe(
      'Number of hosts, each with an address of its own, spread over the public subnets; clients try them in random order. 0: no VPN. Default: 1.',
    )
    .meta({ examples: [2] }),
  port: z.number().int().min(1).max(65_535).default(1194).describe('Port of the VPN. Default: 1194.'),
  protocol: z.enum(['udp', 'tcp']).default('udp').describe('Transport of the VPN. Default: udp.'),
  instanceType: line()
    .default('t3.micro')
    .describe('Type of the EC2 instance. Default: t3.micro.')
    .meta({ examples: ['t3.small'] }),
  diskSize: z.number().int().min(8).max(16_384).default(50).describe('Size of the encrypted root volume in GB. Default: 50.'),
  imageId: z
    .string()
    .regex(/^ami-[0-9a-f]{8,17}$/, { error: 'must be the id of an AMI, such as ami-0123456789abcdef0' })
    .exactOptional()
    .describe(
      'AMI of the hosts: a Debian or Ubuntu with cloud-init and systemd. A newer image of the default never replaces a running host by itself. Default: the newest Ubuntu LTS at the time a host is launched.',
    )
    .meta({ examples: ['ami-0123456789abcdef0'] }),
  clientsCidr: line()
    .describe('Addresses that clients get. Must not overlap the network’s own.')
    .meta({ examples: ['192.168.200.0/24'] }),
  operatorName: userName()
    .default('slipway')
    .describe('One more system user of the hosts, who is let in with the keys of all sshUsers. Default: slipway.'),
  sshUsers: z
    .record(userName(), sshUser.describe('One user; the name is the key.'))
    .default({})
    .describe(
      'Who may log in to the hosts, each as a system user of its own. Trouble with one user’s keys never blocks the others. Default: nobody.',
    )
    .meta({ examples: [{ jane: { github: 'octocat' } }] }),
  operatorCidrs: z
    .array(
      line()
        .describe('One range of addresses.')
        .meta({ examples: ['203.0.113.0/24'] }),
    )
    .default(['0.0.0.0/0'])
    .describe('From where SSH to the hosts is let in. Default: anywhere.'),
  clientSourceCidrs: z
    .array(
      line()
        .describe('One range of addresses.')
        .meta({ examples: ['203.0.113.0/24'] }),
    )
    .default(['0.0.0.0/0'])
    .describe('From where VPN clients are let in. Default: anywhere.'),
  routes: z
    .array(
      line()
        .describe('One range of addresses.')
        .meta({ examples: ['10.20.0.0/16'] }),
    )
    .default([])
    .describe('Ranges that clients reach through the VPN, beside the network’s own. Default: none.'),
  dnsServers: z
    .array(
      line()
        .describe('Address of a name server.')
        .meta({ examples: ['10.0.0.2'] }),
    )
    .exactOptional()
    .describe('Name servers that clients are given. Default: the network’s own, which knows private endpoints.'),
  certificates: certificates.prefault({}).describe('How long certificates last.'),
  packages: z
    .array(
      line()
        .describe('Path of a .deb or .rpm for the image of the hosts.')
        .meta({ examples: ['./packages/openvpn_2.6.12_amd64.deb'] }),
    )
    .default([])
    .describe(
      'Packages that hosts install from the bucket, in this order, where openvpn or nft are missing: then a boot needs no package mirror. Default: none, the image’s own mirror is asked.',
    ),
  bucketName: line()
    .exactOptional()
    .describe('Name of the bucket that holds identities and users. Default: made from project and network, with a random end.'),
});

export type VpnSpec = z.output<typeof vpn>;
export type SshUserSpec = VpnSpec['sshUsers'][string];
