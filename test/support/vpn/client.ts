/** A real OpenVPN client, and SSH, in a network namespace of their own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface VpnClient {
  /** All that it said so far. */
  output(): string;
  /** Until its output holds this, from `from` characters on; throws with the output when the bound is over. */
  says(pattern: RegExp, options?: { readonly from?: number; readonly boundMs?: number }): Promise<void>;
  stop(): Promise<void>;
}

const BOUND_MS = 90_000;
export const CONNECTED = /Initialization Sequence Completed/;
/** What a server's refusal looks like from outside: over UDP nobody says why. */
export const REFUSED = /TLS handshake failed|AUTH_FAILED|TLS key negotiation failed|Connection reset|Server poll timeout|connection-refused/;

export function startClient(dir: string, { namespace, file }: { readonly namespace: string; readonly file: string }): VpnClient {
  const path = join(mkdtempSync(join(dir, 'client-')), 'client.ovpn');
  writeFileSync(path, file, { mode: 0o600 });
  const child = spawn('ip', ['netns', 'exec', namespace, 'openvpn', '--config', path, '--hand-window', '10'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const waiting = new Set<() => void>();
  const take = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
    for (const wake of waiting) wake();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return {
    output: () => output,
    says: (pattern, { from = 0, boundMs = BOUND_MS } = {}) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void => {
          waiting.delete(look);
          clearTimeout(alarm);
          if (error) reject(error);
          else resolve();
        };
        const look = (): void => void (pattern.test(output.slice(from)) && end());
        const alarm = setTimeout(() => end(new Error(`the client never said ${String(pattern)}:\n${output.slice(from)}`)), boundMs);
        waiting.add(look);
        look();
      }),
    stop: () => stopped(child),
  };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await gone;
}

/** Body of an HTTP answer as seen from a namespace; undefined when there is none. */
export function fetchFrom(namespace: string, url: string): string | undefined {
  const result = spawnSync('ip', ['netns', 'exec', namespace, 'curl', '--silent', '--max-time', '5', url], { encoding: 'utf8' });
  return result.status === 0 ? result.stdout : undefined;
}

export interface SshKey {
  readonly file: string;
  readonly publicLine: string;
}

export function createSshKey(dir: string, name: string): SshKey {
  const file = join(dir, `${name}.key`);
  if (!existsSync(file)) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
  return { file, publicLine: execFileSync('cat', [`${file}.pub`], { encoding: 'utf8' }).trim() };
}

export interface SshAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command over SSH; the host's key is learnt at the first time and must be the same ever after. */
export function ssh(dir: string, { namespace, user, address, key }: { namespace: string; user: string; address: string; key: SshKey }, command: string): SshAnswer {
  const options = ['StrictHostKeyChecking=accept-new', `UserKnownHostsFile=${join(dir, 'known_hosts')}`, 'BatchMode=yes', 'ConnectTimeout=10', 'IdentitiesOnly=yes'];
  const flags = options.flatMap((option) => ['-o', option]);
  const result = spawnSync('ip', ['netns', 'exec', namespace, 'ssh', '-F', 'none', '-i', key.file, ...flags, `${user}@${address}`, command], { encoding: 'utf8', timeout: 60_000 });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}
