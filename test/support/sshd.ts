/** A real OpenSSH server without privileges: serves Git repositories to whoever is in authorized_keys. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const SSHD = '/usr/sbin/sshd';

/** Why the server cannot run here, or undefined. */
export function whyNoSshd(): string | undefined {
  return existsSync(SSHD) ? undefined : `${SSHD} is not installed (package openssh-server)`;
}

export interface SshServer {
  readonly port: number;
  readonly user: string;
  /** Line for known_hosts. */
  readonly knownHosts: string;
  /** Replaces the accepted keys. */
  accept(publicKeys: readonly string[]): void;
  stop(): void;
}

export async function startSshd(dir: string): Promise<SshServer> {
  const port = await freePort();
  const hostKey = join(dir, 'host-key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey]);
  const keysFile = join(dir, 'authorized_keys');
  writeFileSync(keysFile, '', { mode: 0o600 });
  const config = join(dir, 'sshd_config');
  writeFileSync(
    config,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${hostKey}`,
      `AuthorizedKeysFile ${keysFile}`,
      `PidFile ${join(dir, 'sshd.pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      '',
    ].join('\n'),
  );
  execFileSync('mkdir', ['-p', '/run/sshd']);
  const child: ChildProcess = spawn(SSHD, ['-D', '-e', '-f', config], { stdio: 'ignore' });
  await untilOpen(port);
  const key = readFileSync(`${hostKey}.pub`, 'utf8').split(' ').slice(0, 2).join(' ').trim();
  return {
    port,
    user: userInfo().username,
    knownHosts: `[127.0.0.1]:${port} ${key}`,
    accept: (keys) => writeFileSync(keysFile, `${keys.join('\n')}\n`, { mode: 0o600 }),
    stop: () => void child.kill('SIGTERM'),
  };
}

async function untilOpen(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (
      await new Promise<boolean>((resolve) =>
        connect(port, '127.0.0.1')
          .once('connect', () => resolve(true))
          .once('error', () => resolve(false)),
      )
    )
      return;
    await sleep(25);
  }
  throw new Error('sshd does not listen');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
