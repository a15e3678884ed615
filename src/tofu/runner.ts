/**
 * Runs one tofu at a time in a workspace so that none is ever lost: in its own session, started by the shim that records which
 * process it became, its output in a file that is tailed. Whoever comes next finds it by its record: alive, or what it left.
 */
import { join } from 'node:path';
import { isSlipwayError, SlipwayError } from '../core/errors.ts';
import type { Host, ProcessEnd, ProcessIdentity } from '../host/host.ts';
import { mayHaveLost, parseMessage, type TofuDiagnostic, type TofuMessage } from './messages.ts';
import type { Workspace } from './workspace.ts';

/** Where Slipway's own files lie in a work folder. */
export const privateDir = (dir: string): string => join(dir, '.slipway');

const RUN_SUFFIX = '.run.json';

/** What is known of a tofu that was started and whose end nobody has dealt with. */
export interface PendingRun {
  readonly format: 1;
  /** Of this start. */
  readonly nonce: string;
  /** `plan`, `apply`, `import`, … */
  readonly command: string;
  readonly recordFile: string;
  readonly logFile: string;
  /** Wall clock, ms. */
  readonly startedAt: number;
  readonly hostname: string;
  readonly user: string;
  /** It came to its end by itself: no process, no lock; what its log tells is still to be dealt with. */
  readonly isOver?: true;
}

export interface RunResult {
  readonly code: number;
  readonly diagnostics: readonly TofuDiagnostic[];
  /** Set when a signal that we did not send ended it. */
  readonly signal?: string;
  /** Its last lines that were no messages: a provider's crash, a panic. */
  readonly raw: readonly string[];
  readonly stateDump?: TofuMessage & { readonly type: 'state-dump' };
}

export interface RunOptions {
  readonly workspace: Workspace;
  /** Aborted: tofu gets one SIGINT and all the time it needs; then the signal's reason is thrown. */
  readonly signal: AbortSignal;
  readonly onMessage?: (message: TofuMessage) => void;
  /** Told which process it became. */
  readonly onStarted?: (pid: number) => void;
}

const POLL_MS = 60;
/** Nothing for about five seconds. */
const QUIET_LOOKS = 80;
const QUIET_POLL_MS = 500;
const RAW_LINES = 40;
const CHUNK_BYTES = 256 * 1024;

/** Starts tofu and waits for its end. What ended by itself is dealt with; what was killed stays on record for `recover`. */
export async function runTofu(host: Host, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const { workspace } = options;
  options.signal.throwIfAborted();
  const run = await recordRun(host, workspace, args);
  let settle: (end: ProcessEnd) => void = () => undefined;
  const ended = new Promise<ProcessEnd>((resolve) => (settle = resolve));
  const { binary, dir, env } = workspace;
  const { logFile, recordFile } = run;
  const spec = { command: binary.path, args, cwd: dir, env, logFile, recordFile, onEnded: settle };
  const identity = await host.processes.spawnDetached(spec).catch((thrown: unknown) => neverStarted(host, workspace, { run, thrown }));
  options.onStarted?.(identity.pid);
  const log = new RunLog(host, logFile, options.onMessage);
  const interrupt = (): void => void host.processes.signal(identity, 'SIGINT');
  if (options.signal.aborted) interrupt();
  options.signal.addEventListener('abort', interrupt, { once: true });
  const end = await followUntil(host, log, ended).finally(() => options.signal.removeEventListener('abort', interrupt));
  if (end.signal === undefined) {
    // A provider may have made what it could not tell any more.
    if (mayHaveLost(log.messages)) await writeRun(host, dir, { ...run, isOver: true });
    else await forgetRun(host, dir, run);
  }
  options.signal.throwIfAborted();
  return { ...log.result(), ...end };
}

/** A shim that is only late must not start anything behind our back; one that came in between stays on record. */
async function neverStarted(host: Host, { dir }: Workspace, { run, thrown }: { run: PendingRun; thrown: unknown }): Promise<never> {
  if (!(await settleRun(host, run))) await host.files.remove(runFile(dir, run));
  throw thrown;
}

async function recordRun(host: Host, { dir }: Workspace, [command = '']: readonly string[]): Promise<PendingRun> {
  const folder = privateDir(dir);
  await host.files.mkdir(folder);
  const nonce = Buffer.from(host.random.bytes(6)).toString('hex');
  const run: PendingRun = {
    format: 1,
    nonce,
    command,
    recordFile: join(folder, `${nonce}.pid`),
    logFile: join(folder, `${nonce}.log`),
    startedAt: host.clock.now(),
    hostname: host.env.hostname,
    user: host.env.user,
  };
  await writeRun(host, dir, run);
  return run;
}

const writeRun = (host: Host, dir: string, run: PendingRun): Promise<void> =>
  host.files.writeAtomic(runFile(dir, run), `${JSON.stringify(run)}\n`);

const runFile = (dir: string, { nonce }: PendingRun): string => join(privateDir(dir), `${nonce}${RUN_SUFFIX}`);

/** The runs that nobody has dealt with, the oldest first. @throws SLW-TOF-015 when the record of one cannot be read */
export async function readPendingRuns(host: Host, dir: string): Promise<readonly PendingRun[]> {
  const names = (await host.files.list(privateDir(dir))).filter((name) => name.endsWith(RUN_SUFFIX) && !name.startsWith('.'));
  const runs = await Promise.all(names.map((name) => readRun(host, join(privateDir(dir), name))));
  return runs.filter((run) => run !== undefined).sort((a, b) => a.startedAt - b.startedAt);
}

async function readRun(host: Host, path: string): Promise<PendingRun | undefined> {
  const text = await host.files.readText(path);
  if (text === undefined) return undefined;
  try {
    const run = JSON.parse(text) as PendingRun;
    if (run.format === 1) return run;
  } catch {
    // Written atomically by us: whatever this is, guessing would risk a state.
  }
  throw new SlipwayError('SLW-TOF-015', `cannot read ${path}, the record of a tofu that was started`);
}

/**
 * Which process a pending run became; final: where none is recorded yet, a mark takes the record's place, and a shim that comes
 * late gives up before it executes anything.
 */
export async function settleRun(host: Host, run: PendingRun): Promise<ProcessIdentity | undefined> {
  const identity = await host.processes.readRecord(run.recordFile);
  if (identity) return identity;
  try {
    await host.files.symlink('given-up', run.recordFile);
  } catch (error) {
    if (!(isSlipwayError(error) && error.data?.['errno'] === 'EEXIST')) throw error;
  }
  return host.processes.readRecord(run.recordFile);
}

/** Call only when the process is gone and what it left is dealt with. The log of the last run of each command stays, for people. */
export async function forgetRun(host: Host, dir: string, run: PendingRun): Promise<void> {
  if (await host.files.stat(run.logFile)) await host.files.rename(run.logFile, join(privateDir(dir), `${run.command}.log`));
  await host.files.remove(runFile(dir, run));
  // A mark stays where it is: its shim may come even now.
  if ((await host.files.stat(run.recordFile))?.kind === 'file') await host.files.remove(run.recordFile);
}

/** Everything a run has written so far. */
export async function readRunLog(host: Host, run: PendingRun): Promise<RunLog> {
  const log = new RunLog(host, run.logFile);
  await log.readOn();
  return log;
}

/** Looks often while something comes, and seldom in the minutes in which a cloud makes things. */
async function followUntil(host: Host, log: RunLog, ended: Promise<ProcessEnd>): Promise<ProcessEnd> {
  for (let quiet = 0; ;) {
    const rest = new AbortController();
    const pause = quiet < QUIET_LOOKS ? POLL_MS : QUIET_POLL_MS;
    const end = await Promise.race([ended, host.clock.sleep(pause, rest.signal).catch(() => undefined)]);
    rest.abort();
    quiet = (await log.readOn()) ? 0 : quiet + 1;
    if (end) return end;
  }
}

/** The output of one run, read on as it grows. */
export class RunLog {
  readonly messages: TofuMessage[] = [];
  readonly #host: Host;
  readonly #path: string;
  readonly #onMessage: ((message: TofuMessage) => void) | undefined;
  #offset = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(host: Host, path: string, onMessage?: (message: TofuMessage) => void) {
    this.#host = host;
    this.#path = path;
    this.#onMessage = onMessage;
  }

  /** Reads all that was added; false when nothing was. */
  async readOn(): Promise<boolean> {
    const before = this.#offset;
    for (;;) {
      const size = (await this.#host.files.stat(this.#path))?.size ?? 0;
      if (size <= this.#offset) return this.#offset > before;
      const bytes = await this.#host.files.readRange(this.#path, this.#offset, Math.min(size - this.#offset, CHUNK_BYTES));
      if (bytes.length === 0) return this.#offset > before;
      this.#offset += bytes.length;
      this.#take(Buffer.concat([this.#rest, bytes]));
    }
  }

  #take(bytes: Buffer): void {
    const end = bytes.lastIndexOf('\n') + 1;
    this.#rest = bytes.subarray(end);
    for (const line of bytes.subarray(0, end).toString('utf8').split('\n')) {
      const message = parseMessage(line);
      if (!message) continue;
      this.messages.push(message);
      this.#onMessage?.(message);
    }
  }

  /** Of a run that has ended: what it wrote last may lack the end of its line. */
  result(): Omit<RunResult, 'code' | 'signal'> {
    if (this.#rest.length > 0) this.#take(Buffer.concat([this.#rest, Buffer.from('\n')]));
    const diagnostics = this.messages.flatMap((message) => (message.type === 'diagnostic' ? [message.diagnostic] : []));
    const raw = this.messages.flatMap((message) => (message.type === 'text' && message.level === 'raw' ? [message.text] : []));
    const stateDump = this.messages.find((message) => message.type === 'state-dump');
    return { diagnostics, raw: raw.slice(-RAW_LINES), ...(stateDump && { stateDump }) };
  }
}
