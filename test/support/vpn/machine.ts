/**
 * A VPN host as the cloud would start it: systemd boots for real in namespaces of its own, on a throw-away copy of this machine's system,
 * and applies its user data. Gone, nothing of it is left but what it wrote into the store.
 */
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { endChild, hasEnded } from '../end-child.ts';
import { killPid } from '../slipway.ts';

/** Why no machine can be booted here, or undefined. What is missing is installed where that is possible. */
export function whyNoMachines(): string | undefined {
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun';
  if (missing().length > 0 && existsSync('/usr/bin/apt-get'))
    spawnSync('apt-get', ['install', '--yes', '--quiet', '--no-install-recommends', ...missing()], { stdio: 'ignore', timeout: 120_000 });
  return missing().length > 0 ? `not installed: ${missing().join(', ')}` : undefined;
}

const PROGRAMS = {
  '/usr/bin/systemd-nspawn': 'systemd-container',
  '/usr/sbin/openvpn': 'openvpn',
  '/usr/sbin/nft': 'nftables',
  '/usr/sbin/sshd': 'openssh-server',
  '/usr/bin/sudo': 'sudo',
  '/usr/bin/python3': 'python3',
} as const;

const missing = (): readonly string[] =>
  Object.entries(PROGRAMS)
    .filter(([path]) => !existsSync(path))
    .map(([, name]) => name);

export interface Machine {
  /** Its file system while it runs. */
  readonly root: string;
  /** Runs a command inside; its output. Throws when it fails. */
  run(...command: readonly string[]): Promise<string>;
  /** Power off at once, disk included. */
  destroy(): Promise<void>;
  /** Power off at once and on again; the disk stays. */
  crash(): Promise<void>;
  /** What its console and journal said, for a failing test. */
  console(): Promise<string>;
}

interface CloudConfig {
  readonly write_files: readonly { readonly path: string; readonly permissions: string; readonly content: string }[];
  readonly runcmd: readonly (readonly string[])[];
}

export interface MachineOptions {
  readonly dir: string;
  readonly networkNamespace: string;
  readonly userData: string;
  /** Files that its image does not have. */
  readonly without?: readonly string[];
}

export async function bootMachine({ dir, networkNamespace, userData, without = [] }: MachineOptions): Promise<Machine> {
  const [upper, work, root] = ['upper', 'work', 'root'].map((name) => join(dir, name)) as [string, string, string];
  for (const each of [upper, work, root]) mkdirSync(each, { recursive: true });
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=/,upperdir=${upper},workdir=${work}`, root]);
  prepare(root, parse(userData) as CloudConfig);
  for (const path of without) rmSync(join(root, path));
  let running = await start(dir, root, networkNamespace);
  const kill = async (): Promise<void> => {
    if (hasEnded(running.child)) return;
    killPid(running.leader);
    await endChild(running.child);
  };
  return {
    root,
    run: (...command) => enter(running.leader, command),
    console: async () =>
      [readConsole(dir), await enter(running.leader, ['journalctl', '--no-pager', '-n', '150']).catch(() => '')].join('\n'),
    crash: async () => {
      await kill();
      running = await start(dir, root, networkNamespace);
    },
    destroy: async () => {
      if (!existsSync(dir)) return;
      await kill();
      execFileSync('umount', ['--lazy', root]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A fresh image: none of the services of this machine, and what cloud-init does at a first boot. */
function prepare(root: string, config: CloudConfig): void {
  const units = join(root, 'etc/systemd/system');
  for (const entry of readdirSync(units)) if (/\.(?:wants|requires)$/.test(entry)) rmSync(join(units, entry), { recursive: true });
  for (const path of ['etc/machine-id', 'var/lib/slipway-vpn', 'etc/slipway-vpn', 'var/log/journal'])
    rmSync(join(root, path), { recursive: true, force: true });
  writeFileSync(join(root, 'etc/machine-id'), '');
  for (const { path, permissions, content } of config.write_files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode: Number.parseInt(permissions, 8) });
  }
  const lines = config.runcmd.map((command) => command.map((word) => `'${word}'`).join(' '));
  writeFileSync(join(root, 'etc/slipway-test-runcmd'), ['#!/bin/sh', ...lines, 'rm /etc/slipway-test-runcmd', ''].join('\n'), {
    mode: 0o755,
  });
  writeFileSync(join(units, 'slipway-test-runcmd.service'), RUNCMD);
  writeFileSync(join(units, 'slipway-test.target'), TARGET);
  rmSync(join(units, 'default.target'), { force: true });
  symlinkSync('slipway-test.target', join(units, 'default.target'));
}

const RUNCMD = `[Unit]
ConditionPathExists=/etc/slipway-test-runcmd
[Service]
Type=oneshot
ExecStart=/etc/slipway-test-runcmd
`;

const TARGET = `[Unit]
Requires=basic.target
After=basic.target
Wants=ssh.service slipway-test-runcmd.service timers.target systemd-user-sessions.service
AllowIsolate=yes
`;

async function start(
  dir: string,
  root: string,
  networkNamespace: string,
): Promise<{ readonly child: ChildProcess; readonly leader: number }> {
  const args = [
    '--quiet',
    '--register=no',
    '--keep-unit',
    `--directory=${root}`,
    `--network-namespace-path=/run/netns/${networkNamespace}`,
  ];
  const rights = [
    '--capability=CAP_NET_ADMIN',
    '--bind=/dev/net/tun',
    '--resolv-conf=off',
    '--timezone=off',
    '--link-journal=no',
    '--console=pipe',
  ];
  const child = spawn('systemd-nspawn', [...args, ...rights, '--boot'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Rules of the machine's own network are its own to set.
    env: { ...process.env, SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network', SYSTEMD_NSPAWN_LOCK: '0' },
  });
  const log = createWriteStream(join(dir, 'console'), { flags: 'a' });
  child.stdout?.pipe(log);
  child.stderr?.pipe(log);
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the machine did not start: ${readConsole(dir)}`);
    const leader = Number(attempt(() => execFileSync('pgrep', ['-P', String(child.pid), '-x', 'systemd'], { encoding: 'utf8' })));
    if (leader > 0) return { child, leader };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Longer than the agent's own bound for a cycle: what takes more hangs, and its console is worth reading. */
const COMMAND_BOUND_MS = 400_000;

/** Never blocks: what runs inside may ask the services of this very process. */
async function enter(leader: number, command: readonly string[]): Promise<string> {
  const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid'];
  return (
    await promisify(execFile)('nsenter', ['--target', String(leader), ...namespaces, '--', ...command], { timeout: COMMAND_BOUND_MS })
  ).stdout;
}

function readConsole(dir: string): string {
  return attempt(() => execFileSync('tail', ['-n', '30', join(dir, 'console')], { encoding: 'utf8' }));
}

function attempt(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
