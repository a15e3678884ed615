/** The user data of a VPN host: fetches the pinned agent from the store with the instance's own role, and nothing else. No secret in it. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Host } from '../host/host.ts';
import type { HostFile } from './vpn.ts';

/** Put in by the HCL module, which alone knows the values; a literal works as well. */
export const PLACEHOLDERS = {
  bucket: '@@BUCKET@@',
  region: '@@REGION@@',
  /** Of this host: the allocation of the fixed address that it takes at boot. */
  allocationId: '@@ALLOCATION_ID@@',
  /** `NAME-vpn-0`. */
  host: '@@HOST@@',
} as const;

export interface UserDataRequest {
  readonly bucket: string;
  readonly region: string;
  /** Before all keys of the store, `""` or `vpn/`. */
  readonly prefix: string;
  readonly host: string;
  readonly allocationId?: string;
  readonly agents: Readonly<Record<string, HostFile>>;
  /** For tests and other S3s. */
  readonly endpoints?: { readonly s3?: string; readonly ec2?: string; readonly imds?: string };
}

const BOOTSTRAP = join(dirname(fileURLToPath(import.meta.url)), 'bootstrap.py');
const HOME = '/usr/local/lib/slipway-vpn';

const UNIT = `[Unit]
Description=Slipway VPN agent: fetched once, by digest
Wants=network-online.target
After=network-online.target
ConditionPathExists=!${HOME}/agent

[Service]
Type=oneshot
ExecStart=/usr/bin/python3 ${HOME}/bootstrap.py
Restart=on-failure
RestartSec=10

[Install]
WantedBy=multi-user.target
`;

/** `#cloud-config` text, below the 16 KiB that EC2 takes. Equal requests give equal bytes. */
export async function renderUserData(host: Host, request: UserDataRequest): Promise<string> {
  const { agents, endpoints = {}, allocationId = '', ...rest } = request;
  const digests = Object.fromEntries(Object.entries(agents).map(([arch, { digest }]) => [arch, digest]));
  const config = { ...rest, allocationId, endpoints, agents: digests };
  const document = {
    // Instead of the image's own login; an empty list is refused by cloud-init's schema. The agent makes the accounts of people.
    users: [{ name: 'slipway-vpn', system: true, lock_passwd: true, no_create_home: true, shell: '/usr/sbin/nologin' }],
    disable_root: true,
    ssh_pwauth: false,
    write_files: [
      { path: '/etc/slipway-vpn/agent.json', permissions: '0644', content: `${JSON.stringify(config, undefined, 1)}\n` },
      { path: `${HOME}/bootstrap.py`, permissions: '0755', content: (await host.files.readText(BOOTSTRAP)) ?? '' },
      { path: '/etc/systemd/system/slipway-vpn-bootstrap.service', permissions: '0644', content: UNIT },
    ],
    // Not waited for: what it needs may come later, and it tries until then.
    runcmd: [
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', '--now', '--no-block', 'slipway-vpn-bootstrap.service'],
    ],
  };
  return `#cloud-config\n${stringify(document, { lineWidth: 0 })}`;
}
