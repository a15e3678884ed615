/**
 * The way to a private API through a bastion: one ssh process that forwards a loopback port, for the time of a run. No root, no
 * daemon, nothing left behind: the shell around it ends ssh when its standard input ends, which the kernel sees to even when we are killed.
 */
import type { ResolvedAccess } from '../../config/resolved-eks.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { Host, StreamedChild } from '../../host/host.ts';

export interface TunnelOptions {
  readonly bastion: NonNullable<ResolvedAccess['bastion']>;
  /** Path of a private key, 0600; undefined: what ssh finds by itself. */
  readonly identityFile: string | undefined;
  readonly knownHosts: string | undefined;
  /** Where the tunnel leads, as the bastion resolves it. */
  readonly target: { readonly host: string; readonly port: number };
  readonly signal: AbortSignal;
}

export interface Tunnel {
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  /** Safe to call again. */
  close(): Promise<void>;
}

const OPEN_BOUND_MS = 30_000;
const READY = 'slipway-tunnel-open';
/** `reader` waits for the end of our standard input and then ends ssh. SIGINT is ours to handle: a graceful end still needs the tunnel. */
const SHELL = [
  'trap "" INT; exec 3<&0',
  'ssh "$@" </dev/null 3<&- & child=$!',
  '(while read -r _; do :; done; kill $child) <&3 >/dev/null 2>&1 & reader=$!',
  'exec 3<&-; trap "kill $child" TERM HUP',
  'wait $child; code=$?; kill $reader 2>/dev/null; exit $code',
].join('\n');

/** @throws SLW-EKS-006 with the last words of ssh */
export async function openTunnel(host: Host, options: TunnelOptions): Promise<Tunnel> {
  options.signal.throwIfAborted();
  const port = await host.net.freePort();
  const child = host.processes.stream('sh', ['-c', SHELL, 'sh', ...sshArguments(port, options)], { env: sshEnvironment(host) });
  const close = async (): Promise<void> => {
    child.stdin.end();
    await child.ended;
  };
  try {
    await ready(host, child, options);
    return { server: `https://127.0.0.1:${port}`, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Pure: the whole command line of ssh. Host keys are always checked; nothing is ever asked of a person. */
export function sshArguments(
  port: number,
  { bastion, identityFile, knownHosts, target }: Omit<TunnelOptions, 'signal'>,
): readonly string[] {
  const settings = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    'ExitOnForwardFailure=yes',
    'ConnectTimeout=15',
    'ServerAliveInterval=10',
    'ServerAliveCountMax=3',
    'ControlMaster=no',
    'ControlPath=none',
    'PermitLocalCommand=yes',
    `LocalCommand=echo ${READY}`,
    ...(knownHosts === undefined ? [] : [`UserKnownHostsFile=${quote(knownHosts)}`]),
    ...(identityFile === undefined ? [] : ['IdentitiesOnly=yes']),
  ];
  return [
    ...['-N', '-T', '-p', String(bastion.port)],
    ...['-L', `127.0.0.1:${port}:${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`],
    ...settings.flatMap((setting) => ['-o', setting]),
    ...(identityFile === undefined ? [] : ['-i', identityFile]),
    bastion.user === undefined ? bastion.host : `${bastion.user}@${bastion.host}`,
  ];
}

/** ssh reads a value with white space as several. */
const quote = (path: string): string => (/\s/.test(path) ? `"${path}"` : path);

function sshEnvironment({ env }: Host): Readonly<Record<string, string>> {
  const names = ['PATH', 'HOME', 'USER', 'LANG', 'SSH_AUTH_SOCK'];
  return Object.fromEntries(names.flatMap((name) => (env.get(name) === undefined ? [] : [[name, env.get(name) ?? '']])));
}

async function ready(host: Host, child: StreamedChild, { bastion, signal }: TunnelOptions): Promise<void> {
  const bound = host.clock.timeout(OPEN_BOUND_MS);
  const said = new Promise<'open'>((resolve) =>
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (text.includes(READY) && resolve('open'))),
  );
  const stopped = new Promise<'stopped'>((resolve) =>
    AbortSignal.any([signal, bound]).addEventListener('abort', () => resolve('stopped'), { once: true }),
  );
  const outcome = await Promise.race([said, child.ended, stopped]);
  if (outcome === 'open') return;
  signal.throwIfAborted();
  const name = `${bastion.host}:${bastion.port}`;
  if (outcome === 'stopped')
    throw new SlipwayError('SLW-EKS-006', `the tunnel through ${name} did not open within ${OPEN_BOUND_MS / 1000}s`);
  const words = outcome.stderr.trim().split('\n').slice(-3).join('; ') || `ssh ended with code ${outcome.code}`;
  throw new SlipwayError('SLW-EKS-006', `the tunnel through ${name} does not open: ${words}`, { data: { bastion: name } });
}
