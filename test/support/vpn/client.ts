/** A real OpenVPN client, and SSH, in a network namespace of their own. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endChild } from '../end-child.ts';

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
export const REFUSED =
  /TLS handshake failed|AUTH_FAILED|TLS key negotiation failed|Connection reset|Server poll timeout|connection-refused/;

export function startClient(dir: string, { namespace, file }: { readonly namespace: string; readonly file: string }): VpnClient {
  const path = join(mkdtempSync(join(dir, 'client-')), 'client.ovpn');
  writeFileSync(path, file, { mode: 0o600 });
  const child = spawn('ip', ['netns', 'exec', namespace, 'openvpn', '--config', path, '--hand-window', '10'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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
    stop: () => endChild(child, 'SIGTERM'),
  };
}

/** Body of an HTTP answer as seen from a namespace; undefined when there is none. */
export async function fetchFrom(namespace: string, url: string): Promise<string | undefined> {
  const { code, stdout } = await outcome('ip', ['netns', 'exec', namespace, 'curl', '--silent', '--max-time', '5', url]);
  return code === 0 ? stdout : undefined;
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function outcome(command: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
      resolve({ code, stdout, stderr });
    });
  });
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

export interface SshTarget {
  readonly namespace: string;
  readonly user: string;
  readonly address: string;
  readonly key: SshKey;
}

/** One command over SSH; the host's key is learnt at the first time and must be the same ever after. */
export function ssh(dir: string, { namespace, user, address, key }: SshTarget, command: string): Promise<Outcome> {
  const known = ['StrictHostKeyChecking=accept-new', `UserKnownHostsFile=${join(dir, 'known_hosts')}`];
  const options = [...known, 'BatchMode=yes', 'ConnectTimeout=10', 'IdentitiesOnly=yes'].flatMap((option) => ['-o', option]);
  return outcome('ip', ['netns', 'exec', namespace, 'ssh', '-F', 'none', '-i', key.file, ...options, `${user}@${address}`, command]);
}
