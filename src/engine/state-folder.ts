/**
 * The state folder of a project: where its journal stands, and whether it is the folder it believes to be. It records its own
 * real path and an id; a copy has the same id at another path while the original is still there, and is refused.
 * A copy whose original is out of sight (another machine) cannot be told from a move; a remote state backend is the answer to that.
 */
import { join } from 'node:path';
import { SlipwayError } from '../core/errors.ts';
import { Redactor } from '../core/redaction.ts';
import type { Host } from '../host/host.ts';
import { Journal } from './journal/journal.ts';
import { formerPlaces, STATE_EARLIER, STATE_PATH } from './relocate.ts';

const JOURNAL_FILE = 'journal.db';

const STATE_ID = 'state.id';

export interface OpenState {
  /** `moved`: the folder was adopted at its new place, `from` is the old one. */
  readonly kind: 'fresh' | 'same' | 'moved';
  readonly from?: string;
  readonly stateId: string;
  /** Real path of the folder. */
  readonly dir: string;
  readonly journal: Journal;
}

/** Makes the folder (0700) when missing and gives its real path; before the lock is taken. @throws SLW-HST-… */
export async function prepareStateFolder(host: Host, dir: string): Promise<string> {
  await host.files.mkdir(dir, 0o700);
  const real = await host.files.realpath(dir);
  const stat = await host.files.stat(real);
  if (stat && (stat.mode & 0o077) !== 0) await host.files.chmod(real, 0o700);
  return real;
}

/**
 * Opens the journal for writing; only under the lock. The caller closes it.
 * @throws SLW-STA-004 for a copy, SLW-STA-001, 002, 003, 005, 006, 007
 */
export async function openState(host: Host, dir: string, redactor: Redactor = new Redactor()): Promise<OpenState> {
  const real = await prepareStateFolder(host, dir);
  const before = await readIdentity(host, join(real, JOURNAL_FILE));
  const kind = await compare(host, real, before);
  const journal = await Journal.open(host, join(real, JOURNAL_FILE), redactor);
  const stateId = before?.id ?? host.random.uuid();
  if (kind !== 'same')
    journal.setMeta({ [STATE_ID]: stateId, [STATE_PATH]: real, [STATE_EARLIER]: JSON.stringify(formerPlaces(journal, real)) });
  return { kind, stateId, dir: real, journal, ...(kind === 'moved' && before && { from: before.path }) };
}

/** The journal for reading, undefined when the project has none yet; writes nothing, takes no lock. The caller closes it. */
export async function readState(host: Host, dir: string): Promise<Journal | undefined> {
  return Journal.openReadOnly(host, join(dir, JOURNAL_FILE));
}

interface Identity {
  readonly id: string;
  readonly path: string;
}

async function readIdentity(host: Host, file: string): Promise<Identity | undefined> {
  const journal = await Journal.openReadOnly(host, file);
  try {
    const id = journal?.meta(STATE_ID);
    const path = journal?.meta(STATE_PATH);
    return id === undefined || path === undefined ? undefined : { id, path };
  } finally {
    journal?.close();
  }
}

async function compare(host: Host, real: string, identity: Identity | undefined): Promise<OpenState['kind']> {
  if (!identity) return 'fresh';
  if (identity.path === real || (await isSameFolder(host, identity.path, real))) return 'same';
  if ((await idAt(host, identity.path)) !== identity.id) return 'moved';
  throw new SlipwayError('SLW-STA-004', `${real} is a copy of the state folder ${identity.path}`, { data: { original: identity.path } });
}

/** One folder may be seen under two paths (a bind mount); its files are then the same files. */
async function isSameFolder(host: Host, a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([a, b].map((dir) => host.files.stat(join(dir, JOURNAL_FILE))));
  return left !== undefined && right !== undefined && left.ino === right.ino && left.mtimeMs === right.mtimeMs && left.size === right.size;
}

/** State id of the folder at `dir`; undefined when there is none or it cannot be read. */
async function idAt(host: Host, dir: string): Promise<string | undefined> {
  try {
    return (await readIdentity(host, join(dir, JOURNAL_FILE)))?.id;
  } catch (thrown) {
    if (thrown instanceof SlipwayError) return undefined;
    throw thrown;
  }
}
