/**
 * Processes on node:child_process (detached ones, through shim.sh) and execa (short ones).
 * A process is named by pid, start time and boot id together; a bare pid is never signalled.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, promises as fs } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SlipwayError } from '../core/errors.ts';
import type { DetachedSpec, ProcessIdentity, Processes, RunOptions, RunResult, StreamedChild } from './host.ts';
import { nodeFiles } from './node-files.ts';

const SHIM = join(dirname(fileURLToPath(import.meta.url)), 'shim.sh');
const SAFE_ENVIRONMENT = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TMPDIR', 'TERM'];
const RECORD_BOUND_MS = 20_000;

export function createNodeProcesses(): Processes {
  return {
    self: identify(process.pid) ?? { pid: process.pid, startTime: 'unknown', bootId: bootId() },
    run,
    stream,
    spawnDetached,
    readRecord,
    isAlive: (identity) => Promise.resolve(isAlive(identity)),
    endSession: (identity) => Promise.resolve(endSession(identity)),
    signal: (identity, name) => Promise.resolve(signal(identity, name)),
    argv: (pid) => Promise.resolve(argv(pid)),
    which: (command) => Promise.resolve(which(command)),
  };
}

async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const { execa } = await import('execa');
  const child = execa(command, args, execaOptions(options));
  child.stdout?.setEncoding('utf8');
  onLines(child.stdout, options.onStdoutLine);
  onLines(child.stderr, options.onStderrLine);
  const result = await child;
  options.signal?.throwIfAborted();
  if (result.code === 'ENOENT' && (await which(command)) === undefined)
    throw new SlipwayError('SLW-HST-005', `command ${command} is not found`, { data: { command } });
  return toRunResult(command, result);
}

function execaOptions({ cwd, env, input, timeoutMs, signal: cancelSignal }: RunOptions) {
  return {
    ...(cwd !== undefined && { cwd }),
    env: env ?? safeEnvironment(),
    extendEnv: false,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    ...(cancelSignal && { cancelSignal }),
    reject: false,
    stripFinalNewline: false,
    maxBuffer: 512 * 1024 * 1024,
    forceKillAfterDelay: 5_000,
  } as const;
}

/** The fields of execa's result that are read here. */
interface Ended {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly originalMessage?: string | undefined;
  readonly shortMessage?: string | undefined;
  readonly stdout?: unknown;
  readonly stderr?: unknown;
}

const textOf = (output: unknown): string => (typeof output === 'string' ? output : '');

function toRunResult(command: string, { exitCode, signal, stdout, stderr, ...reason }: Ended): RunResult {
  if (exitCode === undefined && signal === undefined) {
    throw new SlipwayError('SLW-HST-006', `cannot start ${command}: ${reason.originalMessage ?? reason.shortMessage ?? 'unknown reason'}`);
  }
  const code = exitCode ?? 128 + (osConstants.signals[signal as NodeJS.Signals] ?? 0);
  return { code, stdout: textOf(stdout), stderr: textOf(stderr), ...(signal !== undefined && { signal }) };
}

const STDERR_TAIL = 64 * 1024;

function stream(command: string, args: readonly string[], options: Parameters<Processes['stream']>[2]): StreamedChild {
  const child = spawn(command, args, {
    env: { ...options.env },
    stdio: 'pipe',
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.signal && { signal: options.signal }),
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-STDERR_TAIL)));
  child.stdin.on('error', () => undefined); // the child may end before it has read all; its exit code tells
  const ended = new Promise<{ code: number; stderr: string }>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve({ code: error.code === 'ENOENT' ? 127 : 126, stderr: error.message }));
    child.once('close', (code, name) => resolve({ code: code ?? 128 + (name === null ? 0 : (osConstants.signals[name] ?? 0)), stderr }));
  });
  return { stdin: child.stdin, stdout: child.stdout, ended };
}

function onLines(stream: NodeJS.ReadableStream | null, callback: ((line: string) => void) | undefined): void {
  if (!stream || !callback) return;
  let rest = '';
  stream.on('data', (chunk: Buffer | string) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) callback(line);
  });
  stream.on('end', () => {
    if (rest !== '') callback(rest);
  });
}

function safeEnvironment(): Record<string, string> {
  const pairs = SAFE_ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name] ?? ''] as const]));
  return Object.fromEntries(pairs);
}

async function spawnDetached(spec: DetachedSpec): Promise<ProcessIdentity> {
  await nodeFiles.mkdir(dirname(spec.logFile));
  await nodeFiles.mkdir(dirname(spec.recordFile));
  await nodeFiles.remove(spec.recordFile);
  const log = openSync(spec.logFile, 'a', 0o600);
  try {
    const child = spawn('/bin/sh', [SHIM, spec.recordFile, spec.command, ...spec.args], {
      cwd: spec.cwd,
      env: { ...spec.env },
      detached: true,
      stdio: ['ignore', log, log],
    });
    let ended: string | undefined;
    child.once('error', (error) => (ended = error.message));
    child.once('exit', (code, name) => {
      ended = name ?? `exit ${code ?? '?'}`;
      spec.onEnded?.({ code: code ?? 128 + (name === null ? 0 : osConstants.signals[name]), ...(name !== null && { signal: name }) });
    });
    child.unref();
    return await waitForRecord(spec, () => ended);
  } finally {
    closeSync(log);
  }
}

/** The shim is a few milliseconds of shell; a short poll is simpler and safer than a file watch here. */
async function waitForRecord(spec: DetachedSpec, ended: () => string | undefined): Promise<ProcessIdentity> {
  for (let waited = 0; waited < RECORD_BOUND_MS; waited += 3) {
    const identity = await readRecord(spec.recordFile);
    if (identity) return identity;
    const reason = ended();
    if (reason !== undefined) {
      throw new SlipwayError('SLW-HST-006', `cannot start ${spec.command}: ${reason}`, { fix: `look at ${spec.logFile}` });
    }
    await sleep(3);
  }
  throw new SlipwayError('SLW-HST-006', `cannot start ${spec.command}: no record after ${RECORD_BOUND_MS / 1000}s`, {
    fix: `look at ${spec.logFile}`,
  });
}

async function readRecord(recordFile: string): Promise<ProcessIdentity | undefined> {
  const text = await nodeFiles.readText(recordFile);
  if (text === undefined) return undefined;
  try {
    const { pid, startTime, bootId: boot } = JSON.parse(text) as Partial<ProcessIdentity>;
    return typeof pid === 'number' && typeof startTime === 'string' && typeof boot === 'string'
      ? { pid, startTime, bootId: boot }
      : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.bootId === identity.bootId;
}

function signal(identity: ProcessIdentity, name: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, name);
    return true;
  } catch {
    return false;
  }
}

/** A number is not given to a new process while a session bears it, so that whoever has it now has nothing to do with us. */
function endSession({ pid: session, startTime, bootId: boot }: ProcessIdentity): number {
  if (boot !== bootId() || identify(session)) return 0;
  const left = membersOf(session).filter(
    (pid) => Number(identify(pid)?.startTime ?? 0) >= Number(startTime) || process.platform !== 'linux',
  );
  for (const pid of left) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // Gone in between.
    }
  }
  return left.length;
}

function membersOf(session: number): readonly number[] {
  if (process.platform !== 'linux') {
    const lines = darwin('ps', ['-ax', '-o', 'pid=,pgid=']).split('\n');
    return lines
      .map((line) => line.trim().split(/\s+/).map(Number))
      .flatMap(([pid, group]) => (group === session && pid !== undefined ? [pid] : []));
  }
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) && sessionOf(name) === session ? [Number(name)] : []));
}

function sessionOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[3]);
  } catch {
    return undefined;
  }
}

let cachedBootId: string | undefined;

function bootId(): string {
  cachedBootId ??=
    process.platform === 'linux'
      ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
      : darwin('sysctl', ['-n', 'kern.boottime']);
  return cachedBootId;
}

/**
 * Undefined for a process that is gone or a zombie. A killed process of many threads shows its first thread as a zombie while
 * others still hold its sockets and files open: it is gone only when it is the last (proc(5): state, num_threads).
 */
function identify(pid: number): ProcessIdentity | undefined {
  if (process.platform !== 'linux') return identifyDarwin(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    if (fields[0] === 'X' || (fields[0] === 'Z' && Number(fields[17]) <= 1)) return undefined;
    return { pid, startTime: fields[19] ?? '', bootId: bootId() };
  } catch {
    return undefined;
  }
}

function identifyDarwin(pid: number): ProcessIdentity | undefined {
  const line = darwin('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
  if (line === '' || line.startsWith('Z')) return undefined;
  return { pid, startTime: line.replace(/^\S+\s+/, ''), bootId: bootId() };
}

function darwin(command: string, args: readonly string[]): string {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  return spawnSync(command, args, { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/bin:/sbin', LC_ALL: 'C' } }).stdout?.trim() ?? '';
}

function argv(pid: number): readonly string[] | undefined {
  if (process.platform !== 'linux') {
    const line = darwin('ps', ['-o', 'args=', '-p', String(pid)]);
    return line === '' ? undefined : line.split(' ');
  }
  try {
    const parts = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return parts.slice(0, -1);
  } catch {
    return undefined;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return fs.access(path, fs.constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function which(command: string): Promise<string | undefined> {
  if (isAbsolute(command)) return (await isExecutable(command)) ? command : undefined;
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && (await isExecutable(join(folder, command)))) return join(folder, command);
  }
  return undefined;
}
