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
  const [inventory, places] = await Promise.all([listSegments(store, signal), readPlaces(store, signal)]);
  const tail = await readRows(store, inventory, { after: local.length, signal });
  const joint = tail.findLast((row) => local[row.seq - 1]?.hash === row.hash)?.seq ?? 0;
  const end = tail.at(-1)?.seq ?? 0;
  const fits = joint > 0 && (joint === end || joint === local.length);
  const rows = fits
    ? [...local.slice(0, joint), ...tail.filter(({ seq }) => seq > joint)]
    : await readRows(store, inventory, { after: 0, signal });
  if (rows.length > 0 && rows[0]?.seq !== 1)
    throw new SlipwayError('SLW-RST-005', `the first journal rows are missing in ${store.location}`);
  return { stateId: manifest.stateId, rows, places };
}
