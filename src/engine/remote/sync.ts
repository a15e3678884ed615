/**
 * Makes the local journal and the one beside the state the same before a run begins. What is remote is the truth: a row counts only once
 * it is there, because nothing is done before. So local rows that never got there may go when others came instead.
 */
import { SlipwayError } from '../../core/errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalRow } from '../journal/row.ts';
import { STATE_EARLIER } from '../relocate.ts';
import type { Place } from './lock.ts';
import { type Inventory, listSegments, readRows, writeSegment } from './segments.ts';
import type { RemoteStore } from './store.ts';

const STATE_ID = 'state.id';
/** How many rows are known to be remote. */
const ACKNOWLEDGED = 'remote.rows';
const MANIFEST = 'state.json';
const PLACES = 'places/';
const FORMAT = 1;
/** Rows of one upload of a journal that was local so far. */
const CHUNK = 1000;

export interface SyncResult {
  readonly inventory: Inventory;
  /** Rows taken over from other machines. */
  readonly adopted: number;
  /** Local rows that never counted and made way. */
  readonly dropped: readonly JournalRow[];
}

/** Under both locks. @throws SLW-RST-003 to SLW-RST-006 */
export async function syncJournal(
  store: RemoteStore,
  journal: Journal,
  { place, signal }: { readonly place: Place; readonly signal: AbortSignal },
): Promise<SyncResult> {
  await agreeOnIdentity(store, journal, signal);
  const known = acknowledged(journal);
  const inventory = await listSegments(store, signal);
  const remote = await readRows(store, inventory, { after: known, signal });
  const local = [...journal.read()];
  const common = commonEnd(store, { local, remote, known });
  const missing = remote.filter(({ seq }) => seq > common);
  const unsent = local.slice(common);
  const dropped = missing.length > 0 && unsent.length > 0 ? journal.cut(common) : [];
  if (missing.length > 0) await adopt(store, journal, { rows: missing, place, signal });
  else await upload(store, unsent, signal);
  acknowledge(journal);
  await notePlace(store, place, signal);
  return { inventory, adopted: missing.length, dropped };
}

/** After rows were uploaded: everything in the journal is remote now. */
export function acknowledge(journal: Journal, rows: number = journal.rows): void {
  journal.setMeta({ [ACKNOWLEDGED]: String(rows) });
}

function acknowledged(journal: Journal): number {
  return Number(journal.meta(ACKNOWLEDGED) ?? '0');
}

interface Manifest {
  readonly format: number;
  readonly stateId: string;
}

/** A folder that is new takes the identity that the marks on clusters bear; one with a history of its own must have the same already. */
async function agreeOnIdentity(store: RemoteStore, journal: Journal, signal: AbortSignal): Promise<void> {
  const found = await readManifest(store, signal);
  const own = journal.meta(STATE_ID) ?? '';
  if (!found) {
    acknowledge(journal, 0);
    const body = Buffer.from(`${JSON.stringify({ format: FORMAT, stateId: own } satisfies Manifest)}\n`);
    if ((await store.put(MANIFEST, body, { signal, ifNoneMatch: '*' })) === undefined) await agreeOnIdentity(store, journal, signal);
    return;
  }
  if (found.stateId === own) return;
  if (journal.rows > 0) throw foreign(store, journal);
  journal.setMeta({ [STATE_ID]: found.stateId });
}

/** Undefined when nothing was kept there yet. @throws SLW-RST-006 */
export async function readManifest(store: RemoteStore, signal: AbortSignal): Promise<Manifest | undefined> {
  const found = await store.get(MANIFEST, signal);
  if (!found) return undefined;
  const manifest = JSON.parse(Buffer.from(found.body).toString('utf8')) as Manifest;
  if (manifest.format !== FORMAT)
    throw new SlipwayError('SLW-RST-006', `${store.location} has format ${manifest.format}, this Slipway knows ${FORMAT}`);
  return manifest;
}

interface Both {
  readonly local: readonly JournalRow[];
  readonly remote: readonly JournalRow[];
  readonly known: number;
}

/** Number of the last row that both have. */
function commonEnd(store: RemoteStore, { local, remote, known }: Both): number {
  const end = remote.at(-1)?.seq ?? 0;
  if (end < known) throw new SlipwayError('SLW-RST-005', `${store.location} holds ${end} journal rows, and ${known} were written there`);
  const equal = (row: JournalRow): boolean => local[row.seq - 1]?.hash === row.hash;
  const last = remote.findLast(equal)?.seq ?? 0;
  if (last < known) throw new SlipwayError('SLW-RST-004', `the journal in ${store.location} is not that of the local state folder`);
  return last;
}

async function adopt(
  store: RemoteStore,
  journal: Journal,
  { rows, place, signal }: { readonly rows: readonly JournalRow[]; readonly place: Place; readonly signal: AbortSignal },
): Promise<void> {
  const others = (await readPlaces(store, signal)).filter((dir) => dir !== place.dir);
  const earlier = JSON.parse(journal.meta(STATE_EARLIER) ?? '[]') as readonly string[];
  journal.setMeta({ [STATE_EARLIER]: JSON.stringify([...new Set([...earlier, ...others])]) });
  journal.adopt(rows);
}

async function upload(store: RemoteStore, rows: readonly JournalRow[], signal: AbortSignal): Promise<void> {
  for (let from = 0; from < rows.length; from += CHUNK) await writeSegment(store, rows.slice(from, from + CHUNK), signal);
}

/** State folders on other machines, which paths in the rows may name. */
export async function readPlaces(store: RemoteStore, signal: AbortSignal): Promise<readonly string[]> {
  const keys = await store.list(PLACES, signal);
  return keys.map((key) => Buffer.from(key.slice(PLACES.length), 'base64url').toString('utf8'));
}

async function notePlace(store: RemoteStore, { dir }: Place, signal: AbortSignal): Promise<void> {
  await store.put(PLACES + Buffer.from(dir).toString('base64url'), Buffer.from('\n'), { signal, ifNoneMatch: '*' });
}

function foreign(store: RemoteStore, journal: Journal): SlipwayError {
  return new SlipwayError('SLW-RST-004', `${store.location} holds the state of another project than ${journal.path}`);
}
