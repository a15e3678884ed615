/**
 * The register of long-lived processes: one folder per host and user, keyed by cluster identity, outside any state folder.
 * `COMPONENT.json` says what was started (durable before the start); the record beside it, written by the shim before
 * exec, says which process that became. Nothing here is ever found by name or by a bare pid.
 */
import { basename, dirname, join } from 'node:path';
import { isSlipwayError, SlipwayError } from '../core/errors.ts';
import type { Host, ProcessIdentity } from '../host/host.ts';

export interface ProcessEntry {
  readonly format: 1;
  readonly clusterId: string;
  readonly component: string;
  readonly specDigest: string;
  readonly command: string;
  /** Where the shim writes the identity; a fresh name for each start. */
  readonly recordFile: string;
  readonly logFile: string;
  readonly ports: Readonly<Record<string, number>>;
  /** The cluster's folder, for people and `doctor`. */
  readonly clusterDir: string;
  /** Size of the log when the process was started: its own lines begin here. */
  readonly logOffset: number;
  /** Wall clock, ms. */
  readonly startedAt: number;
  /** How often it was started anew since it was first asked for. */
  readonly restarts: number;
  /** Free facts of the owner of the component (a pod's name and uid, an image). */
  readonly labels: Readonly<Record<string, string>>;
}

/** Folder of the cluster that a process belongs to: a Git server has one of its own in that. */
export const homeOf = ({ clusterDir }: ProcessEntry): string => (basename(clusterDir) === 'git' ? dirname(clusterDir) : clusterDir);

export interface ProcessKey {
  readonly clusterId: string;
  readonly component: string;
}

/** `$XDG_STATE_HOME/slipway/processes`, by default under ~/.local/state, on every platform. */
export function registryRoot(host: Host): string {
  const base = host.env.get('XDG_STATE_HOME');
  return join(base !== undefined && base.startsWith('/') ? base : join(host.env.home, '.local', 'state'), 'slipway', 'processes');
}

export const clusterRegistry = (host: Host, clusterId: string): string => join(registryRoot(host), clusterId);

const entryFile = (host: Host, key: ProcessKey): string => join(clusterRegistry(host, key.clusterId), `${key.component}.json`);

/** A record file no earlier start has used. */
export function freshRecordFile(host: Host, key: ProcessKey): string {
  const nonce = Buffer.from(host.random.bytes(6)).toString('hex');
  return join(clusterRegistry(host, key.clusterId), `${key.component}.${nonce}.pid`);
}

/** @throws SLW-LOC-006 when the entry cannot be read as one. */
export async function readEntry(host: Host, key: ProcessKey): Promise<ProcessEntry | undefined> {
  const path = entryFile(host, key);
  const text = await host.files.readText(path);
  if (text === undefined) return undefined;
  try {
    const entry = JSON.parse(text) as ProcessEntry;
    if (entry.format === 1) return entry;
  } catch {
    // Written atomically by us: whatever this is, guessing would risk a foreign process.
  }
  throw new SlipwayError('SLW-LOC-006', `cannot read the process entry ${path}`);
}

export async function writeEntry(host: Host, entry: ProcessEntry): Promise<void> {
  await host.files.mkdir(clusterRegistry(host, entry.clusterId));
  await host.files.writeAtomic(entryFile(host, entry), `${JSON.stringify(entry)}\n`);
}

/** The identity of what was started, if the start got that far. Reads only. */
export async function readIdentity(host: Host, entry: ProcessEntry): Promise<ProcessIdentity | undefined> {
  return host.processes.readRecord(entry.recordFile);
}

/**
 * Like `readIdentity`, but final: where no record stands yet, a mark takes its place, and a shim that comes late
 * (its caller was killed in between) gives up before it executes anything.
 */
export async function settleIdentity(host: Host, entry: ProcessEntry): Promise<ProcessIdentity | undefined> {
  const identity = await readIdentity(host, entry);
  if (identity) return identity;
  try {
    await host.files.symlink('given-up', entry.recordFile);
  } catch (error) {
    if (!(isSlipwayError(error) && error.data?.['errno'] === 'EEXIST')) throw error;
  }
  return readIdentity(host, entry);
}

/** Removes the entry and every record of the component; the cluster's folder too once it is empty. */
export async function removeEntry(host: Host, key: ProcessKey): Promise<void> {
  const folder = clusterRegistry(host, key.clusterId);
  await removeRecords(host, key);
  await host.files.remove(entryFile(host, key));
  if ((await host.files.list(folder)).length === 0) await host.files.remove(folder);
}

/** Removes the records of all starts of the component but `keep`. Call only when those processes are gone. */
export async function removeRecords(host: Host, key: ProcessKey, keep?: string): Promise<void> {
  const folder = clusterRegistry(host, key.clusterId);
  const isRecord = new RegExp(`^${key.component.replaceAll('.', '\\.')}\\.[0-9a-f]{12}\\.pid(\\.\\d+)?$`);
  for (const name of await host.files.list(folder)) {
    const path = join(folder, name);
    if (isRecord.test(name) && path !== keep) await host.files.remove(path);
  }
}

/** All entries of one cluster, in byte order of the component. */
export async function listEntries(host: Host, clusterId: string): Promise<readonly ProcessEntry[]> {
  const names = (await host.files.list(clusterRegistry(host, clusterId))).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  const entries = await Promise.all(names.map((name) => readEntry(host, { clusterId, component: name.slice(0, -'.json'.length) })));
  return entries.filter((entry) => entry !== undefined);
}

/** Identities of all clusters that have processes registered on this host for this user. */
export async function listClusterIds(host: Host): Promise<readonly string[]> {
  return host.files.list(registryRoot(host));
}
