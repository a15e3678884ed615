/**
 * Journal rows as immutable objects: `journal/<number of the first row>`, one JSON row a line. A segment is created and never replaced, so
 * that of two writers who both believe to be next one fails. Snapshots hold all rows up to one, to spare a new machine a thousand reads.
 */
import { SlipwayError } from '../../core/errors.ts';
import { emptyHead, findFault, type Head, type JournalRow } from '../journal/row.ts';
import type { RemoteStore } from './store.ts';

const SEGMENTS = 'journal/';
const SNAPSHOTS = 'snapshots/';
const READS_AT_ONCE = 16;

function keyOf(folder: string, seq: number): string {
  return `${folder}${String(seq).padStart(12, '0')}.ndjson`;
}

function numberOf(key: string): number {
  return Number(/(\d+)\.ndjson$/.exec(key)?.[1] ?? Number.NaN);
}

function encode(rows: readonly JournalRow[]): Uint8Array {
  return Buffer.from(
    rows
      .map(({ seq, time, run, type, step, body, prev, hash }) => `${JSON.stringify({ seq, time, run, type, step, body, prev, hash })}\n`)
      .join(''),
  );
}

function decode(body: Uint8Array, where: string): readonly JournalRow[] {
  try {
    const lines = Buffer.from(body).toString('utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as JournalRow);
  } catch (thrown) {
    throw new SlipwayError('SLW-RST-005', `${where} holds no journal rows`, { cause: thrown });
  }
}

/** The rows must follow what is there. Safe to call again with the same rows. @throws SLW-RST-003 when another writer was first */
export async function writeSegment(store: RemoteStore, rows: readonly JournalRow[], signal: AbortSignal): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const [key, body] = [keyOf(SEGMENTS, first.seq), encode(rows)];
  if ((await store.put(key, body, { signal, ifNoneMatch: '*' })) !== undefined) return;
  const found = await store.get(key, signal);
  if (found && Buffer.compare(found.body, body) === 0) return;
  if (!found && (await store.put(key, body, { signal, ifNoneMatch: '*' })) !== undefined) return;
  throw new SlipwayError('SLW-RST-003', `another run wrote row ${first.seq} into ${store.location}`);
}

/** Where snapshot and segments stand; reads only. */
export interface Inventory {
  /** First rows of the segments, ascending. */
  readonly segments: readonly number[];
  /** Last rows of the snapshots, ascending. */
  readonly snapshots: readonly number[];
}

export async function listSegments(store: RemoteStore, signal: AbortSignal): Promise<Inventory> {
  const [segments, snapshots] = await Promise.all([store.list(SEGMENTS, signal), store.list(SNAPSHOTS, signal)]);
  const numbers = (keys: readonly string[]): readonly number[] => keys.map(numberOf).filter(Number.isInteger);
  return { segments: numbers(segments), snapshots: numbers(snapshots) };
}

/** All rows after number `after`, together with the row of that number where it is at hand; the chain among them is checked. @throws SLW-RST-005 */
export async function readRows(
  store: RemoteStore,
  { segments, snapshots }: Inventory,
  { after, signal }: { readonly after: number; readonly signal: AbortSignal },
): Promise<readonly JournalRow[]> {
  const snapshot = snapshots.at(-1) ?? 0;
  const base = snapshot > after ? await readObject(store, keyOf(SNAPSHOTS, snapshot), signal) : [];
  const from = base.length > 0 ? snapshot : after;
  const wanted = segments.filter((first, index) => first > from || (segments[index + 1] ?? Number.POSITIVE_INFINITY) > from);
  const parts: (readonly JournalRow[])[] = [base];
  for (let index = 0; index < wanted.length; index += READS_AT_ONCE) {
    const batch = wanted.slice(index, index + READS_AT_ONCE);
    parts.push(...(await Promise.all(batch.map((first) => readObject(store, keyOf(SEGMENTS, first), signal)))));
  }
  return joinRows(store, parts);
}

function joinRows(store: RemoteStore, parts: readonly (readonly JournalRow[])[]): readonly JournalRow[] {
  const rows: JournalRow[] = [];
  let head: Head | undefined;
  for (const row of parts.flat()) {
    if (head !== undefined && row.seq <= head.seq) continue;
    const fault = findFault(row, head ?? (row.seq === 1 ? emptyHead : { seq: row.seq - 1, hash: row.prev }));
    if (fault !== undefined) throw new SlipwayError('SLW-RST-005', `the journal in ${store.location} is broken: ${fault}`);
    rows.push(row);
    head = row;
  }
  return rows;
}

async function readObject(store: RemoteStore, key: string, signal: AbortSignal): Promise<readonly JournalRow[]> {
  const found = await store.get(key, signal);
  if (!found) throw new SlipwayError('SLW-RST-005', `${key} vanished from ${store.location}`);
  return decode(found.body, `${store.location}/${key}`);
}

/** All rows so far as one object; an existing one is the same. */
export async function writeSnapshot(store: RemoteStore, rows: readonly JournalRow[], signal: AbortSignal): Promise<void> {
  const last = rows.at(-1);
  if (last) await store.put(keyOf(SNAPSHOTS, last.seq), encode(rows), { signal, ifNoneMatch: '*' });
}
