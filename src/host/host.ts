/**
 * The interfaces through which everything else sees the world. Only host/node.ts implements them, and only
 * main.ts, the defaults of index.ts and tests build an implementation.
 */
import type { Readable, Writable } from 'node:stream';

export interface FileStat {
  readonly kind: 'file' | 'dir' | 'symlink' | 'other';
  readonly size: number;
  /** Permission bits, e.g. 0o600. */
  readonly mode: number;
  readonly mtimeMs: number;
  readonly uid: number;
  readonly ino: number;
}

export interface WriteOptions {
  /** Default 0o600. */
  readonly mode?: number;
}

/** All paths are absolute. Missing files give undefined where a return type allows it; other failures are `SLW-HST-…` errors. */
export interface Files {
  readText(path: string): Promise<string | undefined>;
  readBytes(path: string): Promise<Uint8Array | undefined>;
  /** Temporary file beside it, fsync, rename, fsync of the folder: a reader sees the old or the new content, also after power loss. */
  writeAtomic(path: string, data: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /** Does not follow symbolic links. */
  stat(path: string): Promise<FileStat | undefined>;
  /** Names in byte order; empty when the folder is missing. */
  list(path: string): Promise<readonly string[]>;
  /** Recursive; the mode (default 0o700) is given to folders it makes. */
  mkdir(path: string, mode?: number): Promise<void>;
  /** Recursive, forced; a missing path is no error. */
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  copy(from: string, to: string): Promise<void>;
  chmod(path: string, mode: number): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  readlink(path: string): Promise<string>;
  realpath(path: string): Promise<string>;
  /** Bytes from `offset` on, at most `length`. */
  readRange(path: string, offset: number, length: number): Promise<Uint8Array>;
  truncate(path: string): Promise<void>;
  /** Makes a file, or the names in a folder, survive power loss. */
  sync(path: string): Promise<void>;
  freeBytes(path: string): Promise<number>;
}

/** Names one process for certain: a pid is reused, pid + start time + boot id is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque, compared as text: clock ticks since boot on Linux, `lstart` on macOS. */
  readonly startTime: string;
  readonly bootId: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment of the child; default: a small safe set (PATH, HOME, USER, LANG, TMPDIR). */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called with every whole line of stderr as it comes. */
  readonly onStderrLine?: (line: string) => void;
  readonly onStdoutLine?: (line: string) => void;
}

export interface RunResult {
  readonly code: number;
  /** Set when a signal ended it; code is then 128 + its number. */
  readonly signal?: string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface DetachedSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** stdout and stderr are appended to it; made 0600. */
  readonly logFile: string;
  /** The shim writes the process identity here, durably, before it executes the command. */
  readonly recordFile: string;
  /** Told when it ends while we still live; after a signal `code` is 128 + its number. */
  readonly onEnded?: (end: ProcessEnd) => void;
}

export interface ProcessEnd {
  readonly code: number;
  readonly signal?: string;
}

/** A child whose standard input and output are byte streams. */
export interface StreamedChild {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Settles when the child is gone and its output was read; never rejects. `stderr` holds at most its last 64 KiB. */
  readonly ended: Promise<{ readonly code: number; readonly stderr: string }>;
}

export interface Processes {
  readonly self: ProcessIdentity;
  /** Short-lived child, awaited; a missing command gives `SLW-HST-…`, a non-zero exit does not throw. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Short-lived child with binary input and output; ends with the signal. A missing command ends with code 127. */
  stream(
    command: string,
    args: readonly string[],
    options: { readonly env: Readonly<Record<string, string>>; readonly cwd?: string; readonly signal?: AbortSignal },
  ): StreamedChild;
  /** A process in its own session that outlives us; resolves when the record is written and the command was executed. */
  spawnDetached(spec: DetachedSpec): Promise<ProcessIdentity>;
  /** Reads a record that the shim wrote; undefined when missing or half-written. */
  readRecord(recordFile: string): Promise<ProcessIdentity | undefined>;
  isAlive(identity: ProcessIdentity): Promise<boolean>;
  /** Sends to exactly that process (false when it is gone); never to a reused pid. */
  signal(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<boolean>;
  /** Ends what a process that is gone has left in its session (it was its leader); how many there still were. */
  endSession(identity: ProcessIdentity): Promise<number>;
  /** argv of a live process as the kernel shows it; undefined when it is gone. */
  argv(pid: number): Promise<readonly string[] | undefined>;
  /** First executable of that name on PATH. */
  which(command: string): Promise<string | undefined>;
}

export interface Clock {
  /** Wall clock, ms since the epoch; may jump. For showing and for certificates only. */
  now(): number;
  /** Monotonic ms for measuring and bounds. */
  monotonic(): number;
  /** @throws AbortError at once when the signal is or becomes aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back every `ms`; the returned function stops it. Never keeps the process alive. */
  every(ms: number, callback: () => void): () => void;
  /** A signal that aborts after `ms` with a TimeoutError. */
  timeout(ms: number): AbortSignal;
}

export interface Random {
  bytes(length: number): Uint8Array;
  uuid(): string;
  /** In [0, 1). */
  number(): number;
}

export interface Net {
  /** A loopback TCP port that was free at the moment of the call and is not in `avoid`. */
  freePort(avoid?: ReadonlySet<number>): Promise<number>;
  /** Whether a loopback port can be bound now. */
  isPortFree(port: number): Promise<boolean>;
  /** Whether something accepts a TCP connection there within the time. */
  canConnect(host: string, port: number, timeoutMs: number): Promise<boolean>;
  /** Addresses of a name, as the system's resolver has them; empty when it has none. */
  lookup(name: string): Promise<readonly string[]>;
}

export interface Environment {
  get(name: string): string | undefined;
  /** Every variable: for children that need the caller's whole environment (credential plugins). Never logged. */
  variables(): Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly home: string;
  readonly user: string;
  readonly uid: number;
  readonly hostname: string;
  readonly platform: 'linux' | 'darwin';
  readonly arch: 'x64' | 'arm64';
  readonly cpus: number;
  /** Path of the running Node binary, for resident helpers. */
  readonly nodePath: string;
  readonly pid: number;
  /** Highest resident set so far, bytes. */
  peakMemoryBytes(): number;
}

export interface Host {
  readonly files: Files;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly random: Random;
  readonly net: Net;
  readonly env: Environment;
}

/** One output stream. After its reader went away (EPIPE) writes are dropped and `onClosed` callbacks run. */
export interface TextOutput {
  readonly isTerminal: boolean;
  write(text: string): void;
  /** Cells of a line and lines of the screen, now; 80 × 24 where there is no terminal. */
  columns(): number;
  rows(): number;
}

/** Where a person or a pipe sits; only the command line has one. */
export interface Terminal {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  /** A person can be asked: stdin and stderr are terminals. */
  readonly canPrompt: boolean;
  /** For a prompt library: what it may read from and draw on (stderr). */
  readonly prompt: { readonly input: NodeJS.ReadStream; readonly output: NodeJS.WriteStream };
  /** Asks on stderr and reads one line from stdin; undefined at end of input. */
  ask(question: string, signal: AbortSignal): Promise<string | undefined>;
  onResize(callback: () => void): () => void;
  onSignal(callback: (name: 'SIGINT' | 'SIGTERM') => void): () => void;
  /** The reader of stdout went away. */
  onClosed(callback: () => void): () => void;
  /** An error that no promise or callback took: a fault of ours or of a library. Without a callback the runtime prints it and dies. */
  onFault(callback: (error: unknown) => void): () => void;
  /** Runs at the very end, however the process exits; must be synchronous. */
  onExit(callback: () => void): () => void;
  /** Until all that was written is taken by its reader, or the reader is gone: a pipe takes 64 KiB at once, and `exit` drops the rest. */
  flush(): Promise<void>;
  exit(code: number): never;
}
