/** For verbs that only look: the journal as it is beside the state, whatever the local copy knows; writes and locks nothing. */
import { SlipwayError } from '../../core/errors.ts';
import type { JournalRow } from '../journal/row.ts';
import { listSegments, readRows } from './segments.ts';
import type { RemoteStore } from './store.ts';
import { readManifest, readPlaces } from './sync.ts';

export interface RemoteView {
  readonly stateId: string;
  readonly rows: readonly JournalRow[];
  /** State folders of other machines, which paths in the rows may name. */
  readonly places: readonly string[];
}

/** `local` are the rows of the local journal, which spare reading them again. Undefined when nothing was kept there yet. @throws SLW-RST-005, SLW-RST-006 */
export async function readRemoteState(
  store: RemoteStore,
  local: readonly JournalRow[],
  signal: AbortSignal,
): Promise<RemoteView | undefined> {
  const manifest = await readManifest(store, signal);
  if (!manifest) return undefined;
  const [rows, places] = await Promise.all([readAll(store, local, signal), readPlaces(store, signal)]);
  if (rows.length > 0 && rows[0]?.seq !== 1)
    throw new SlipwayError('SLW-RST-005', `the first journal rows are missing in ${store.location}`);
  return { stateId: manifest.stateId, rows, places };
}

/** What both have comes from `local`; where they part, all is read. */
async function readAll(store: RemoteStore, local: readonly JournalRow[], signal: AbortSignal): Promise<readonly JournalRow[]> {
  const inventory = await listSegments(store, signal);
  const tail = await readRows(store, inventory, { after: local.length, signal });
  const joint = tail.findLast((row) => local[row.seq - 1]?.hash === row.hash)?.seq ?? 0;
  const reachesEnd = joint > 0 && (joint === local.length || joint === tail.at(-1)?.seq);
  if (!reachesEnd) return readRows(store, inventory, { after: 0, signal });
  return [...local.slice(0, joint), ...tail.filter(({ seq }) => seq > joint)];
}
