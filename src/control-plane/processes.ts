/**
 * Long-lived processes: exactly one for each registered component, found again after any crash. A process is ours only if
 * pid, start time and boot id are those of the record; anything else is never signalled.
 */
import { digestOf, type Json } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import { shorten } from '../core/shorten.ts';
import type { Host, ProcessIdentity } from '../host/host.ts';
import { readLogTail } from './log-files.ts';
import {
  freshRecordFile,
  listEntries,
  type ProcessEntry,
  type ProcessKey,
  readEntry,
  readIdentity,
  removeEntry,
  removeRecords,
  settleIdentity,
  writeEntry,
} from './process-registry.ts';

export interface ProcessSpec {
  readonly component: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly clusterDir: string;
  readonly ports: Readonly<Record<string, number>>;
  /** What else makes a restart necessary when it changes: fingerprints of certificates, a generation. */
  readonly inputs?: Json;
  readonly labels?: Readonly<Record<string, string>>;
  /** How long it may take to end before it is killed, when it is replaced. Default 10 s. */
  readonly graceMs?: number;
}

/** Asks once whether the process serves; undefined: it does, else why not. Must have its own short bound. */
export type ReadinessProbe = (signal: AbortSignal) => Promise<string | undefined>;

export interface EnsureOptions {
  readonly clusterId: string;
  readonly signal: AbortSignal;
  /** Bound of the wait for readiness and of a graceful stop, each. */
  readonly timeoutMs: number;
  readonly ready: ReadinessProbe;
  /** A running process that is not ready now is started anew instead of waited for. */
  readonly replaceUnready?: boolean;
  /** Told while it waits. */
  readonly onWaiting?: (reason: string) => void;
}

export interface EnsureResult {
  readonly action: 'none' | 'started' | 'restarted';
  readonly identity: ProcessIdentity;
}

export interface ProcessState {
  readonly component: string;
  readonly state: 'running' | 'dead' | 'absent';
  readonly entry?: ProcessEntry;
  readonly identity?: ProcessIdentity;
}

const GRACE_MS = 10_000;
const KILL_BOUND_MS = 10_000;
const POLL_MS = 20;
const TAIL_LINES = 20;
/** A Go trace can be longer than the tail that is shown; the cause stands before it. */
const CAUSE_LINES = 200;

/** Equal digests: the running process needs no restart. PATH differs from terminal to terminal and is no reason for one. */
export function specDigest(spec: ProcessSpec): string {
  const { command, args, cwd, inputs } = spec;
  const { PATH: _, ...env } = spec.env;
  return digestOf({ command, args, cwd, env, inputs: inputs ?? null });
}

/** Reads registry and process table; changes nothing. */
export async function observeProcess(host: Host, key: ProcessKey): Promise<ProcessState> {
  const entry = await readEntry(host, key);
  if (!entry) return { component: key.component, state: 'absent' };
  const identity = await readIdentity(host, entry);
  if (!identity) return { component: key.component, state: 'dead', entry };
  return { component: key.component, state: (await host.processes.isAlive(identity)) ? 'running' : 'dead', entry, identity };
}

/** Whether the API server can answer: without its etcd it accepts connections and stays silent. */
export async function isControlPlaneAlive(host: Host, clusterId: string): Promise<boolean> {
  const states = await Promise.all(['etcd', 'kube-apiserver'].map((component) => observeProcess(host, { clusterId, component })));
  return states.every(({ state }) => state === 'running');
}

/** States of all registered processes of a cluster. */
export async function listProcesses(host: Host, clusterId: string): Promise<readonly ProcessState[]> {
  const entries = await listEntries(host, clusterId);
  return Promise.all(entries.map((entry) => observeProcess(host, entry)));
}

/**
 * Makes one process of this spec run and serve: leaves it alone when it does, starts it when it is dead, replaces it when
 * the spec changed. Safe to call again after a kill at any instant.
 * @throws SLW-LOC-001 ended while starting, SLW-LOC-002 a port was taken, SLW-LOC-003 not ready within the bound
 */
export async function ensureProcess(host: Host, spec: ProcessSpec, options: EnsureOptions): Promise<EnsureResult> {
  options.signal.throwIfAborted();
  const key = { clusterId: options.clusterId, component: spec.component };
  const entry = await readEntry(host, key);
  const running = entry && (await settleIdentity(host, entry));
  const digest = specDigest(spec);
  if (entry && running && (await host.processes.isAlive(running))) {
    if (entry.specDigest === digest && (await isKept(host, options)))
      return waitUntilReady(host, { entry, identity: running, action: 'none' }, options);
    await endProcess(host, running, spec);
  }
  const next: ProcessEntry = await newEntry(host, key, { spec, digest, restarts: entry ? entry.restarts + 1 : 0 });
  await writeEntry(host, next);
  await removeRecords(host, key, next.recordFile);
  const { command, args, cwd, env, logFile } = spec;
  const identity = await host.processes.spawnDetached({ command, args, cwd, env, logFile, recordFile: next.recordFile });
  return waitUntilReady(host, { entry: next, identity, action: entry ? 'restarted' : 'started' }, options);
}

/** A busy machine makes anyone miss an answer: only who stays silent is replaced. */
async function isKept(host: Host, { replaceUnready, ready, signal }: EnsureOptions): Promise<boolean> {
  if (!replaceUnready) return true;
  for (let attempt = 1; ; attempt++) {
    if ((await ready(signal)) === undefined) return true;
    if (attempt === UNREADY_ATTEMPTS) return false;
    await host.clock.sleep(UNREADY_PAUSE_MS, signal);
  }
}

const UNREADY_ATTEMPTS = 3;
const UNREADY_PAUSE_MS = 500;

/** Ends the process (SIGTERM, then SIGKILL), makes sure it is gone, and only then forgets it. False: there was none. */
export async function stopProcess(host: Host, key: ProcessKey, graceMs: number = GRACE_MS): Promise<boolean> {
  const entry = await readEntry(host, key);
  const identity = entry && (await settleIdentity(host, entry));
  if (identity) await endProcess(host, identity, { component: key.component, graceMs });
  // Also without an entry: a run that died in here may have left the cluster's empty folder.
  await removeEntry(host, key);
  return entry !== undefined;
}

async function newEntry(
  host: Host,
  key: ProcessKey,
  { spec, digest, restarts }: { spec: ProcessSpec; digest: string; restarts: number },
): Promise<ProcessEntry> {
  return {
    format: 1,
    ...key,
    specDigest: digest,
    command: spec.command,
    recordFile: freshRecordFile(host, key),
    logFile: spec.logFile,
    ports: spec.ports,
    clusterDir: spec.clusterDir,
    logOffset: (await host.files.stat(spec.logFile))?.size ?? 0,
    startedAt: host.clock.now(),
    restarts,
    labels: spec.labels ?? {},
  };
}

interface Started extends EnsureResult {
  readonly entry: ProcessEntry;
}

async function waitUntilReady(host: Host, started: Started, options: EnsureOptions): Promise<EnsureResult> {
  const { entry, identity, action } = started;
  const begun = host.clock.monotonic();
  for (let pause = POLL_MS; ; pause = Math.min(pause * 1.3, 250)) {
    options.signal.throwIfAborted();
    const reason = await options.ready(options.signal);
    if (reason === undefined) return { action, identity };
    if (!(await host.processes.isAlive(identity))) throw await endedError(host, entry);
    await refuseTakenPort(host, started);
    if (host.clock.monotonic() - begun > options.timeoutMs)
      throw await notReadyError(host, entry, { reason, timeoutMs: options.timeoutMs });
    options.onWaiting?.(reason);
    await host.clock.sleep(pause, options.signal);
  }
}

/**
 * Some programs live on without a port that they could not get. Such a one is ended, so that it can be started with another.
 * @throws SLW-LOC-002
 */
async function refuseTakenPort(host: Host, { entry, identity }: Started): Promise<void> {
  const log = await readLogTail(host, entry.logFile, { lines: CAUSE_LINES, from: entry.logOffset });
  const ours = Object.values(entry.ports).map((port) => new RegExp(`:${port}\\b.*address already in use`));
  if (!log.some((line) => ours.some((taken) => taken.test(line)))) return;
  await endProcess(host, identity, entry);
  throw await endedError(host, entry);
}

/** Not bound to a caller's signal: half-stopped is worse than a few seconds more. */
async function endProcess(
  host: Host,
  identity: ProcessIdentity,
  { component, graceMs = GRACE_MS }: { readonly component: string; readonly graceMs?: number },
): Promise<void> {
  for (const [name, boundMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', KILL_BOUND_MS],
  ] as const) {
    await host.processes.signal(identity, name);
    if (await isGone(host, identity, boundMs)) return;
  }
  throw new SlipwayError('SLW-LOC-004', `process ${identity.pid} (${component}) is still there ${KILL_BOUND_MS / 1000}s after SIGKILL`, {
    object: component,
  });
}

async function isGone(host: Host, identity: ProcessIdentity, boundMs: number): Promise<boolean> {
  for (const begun = host.clock.monotonic(); ;) {
    if (!(await host.processes.isAlive(identity))) return true;
    if (host.clock.monotonic() - begun > boundMs) return false;
    await host.clock.sleep(POLL_MS);
  }
}

/** Go's wording of EADDRINUSE, the same in every component. */
const PORT_TAKEN = /address already in use/;

/** Go's wording of ENOSPC. */
const DISK_FULL = /no space left on device/;
/** How Go programs say their last word: a panic, zap's and klog's fatal lines, cobra's error. What follows is a trace. */
const LAST_WORD = /^panic: |"level":"(fatal|panic)"|^F\d{4} |^[Ee]rror: /;
const TRACE = /^\s|^goroutine \d|^created by |\(0x|\(\.\.\.\)$|\(\)$/;

async function endedError(host: Host, entry: ProcessEntry): Promise<SlipwayError> {
  const { component, logFile, ports } = entry;
  const log = await readLogTail(host, logFile, { lines: CAUSE_LINES, from: entry.logOffset });
  const options = { object: component, data: { log: log.slice(-TAIL_LINES), logFile, ports } };
  const taken = log.findLast((line) => PORT_TAKEN.test(line));
  if (taken !== undefined) return new SlipwayError('SLW-LOC-002', `${component} found one of its ports taken: ${said(taken)}`, options);
  const full = log.findLast((line) => DISK_FULL.test(line));
  if (full !== undefined) return new SlipwayError('SLW-HST-002', `${component} ended because the disk is full: ${said(full)}`, options);
  const last =
    log.findLast((line) => LAST_WORD.test(line)) ?? log.findLast((line) => line.trim() !== '' && !TRACE.test(line)) ?? 'it wrote nothing';
  return new SlipwayError('SLW-LOC-001', `${component} ended while starting: ${said(last)}`, { ...options, fix: `read ${logFile}` });
}

async function notReadyError(
  host: Host,
  entry: ProcessEntry,
  { reason, timeoutMs }: { reason: string; timeoutMs: number },
): Promise<SlipwayError> {
  const log = await readLogTail(host, entry.logFile, { lines: TAIL_LINES, from: entry.logOffset });
  return new SlipwayError('SLW-LOC-003', `${entry.component} is not ready after ${Math.round(timeoutMs / 1000)}s: ${reason}`, {
    object: entry.component,
    data: { log, logFile: entry.logFile },
    fix: `read ${entry.logFile}`,
  });
}

/** A line of a log as a sentence: zap's JSON (etcd, controllers) says it in two of its many fields. */
function said(line: string): string {
  const { msg, error } = line.startsWith('{') ? fieldsOf(line) : {};
  const words = [msg, error].filter((part) => typeof part === 'string' && part !== '').join(': ');
  return shorten(words === '' ? line : words);
}

/** The last line of a log may be torn. */
function fieldsOf(line: string): { readonly msg?: unknown; readonly error?: unknown } {
  try {
    return JSON.parse(line) as { readonly msg?: unknown; readonly error?: unknown };
  } catch {
    return {};
  }
}
