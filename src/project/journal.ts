/** `slipway journal show|verify`: the journal as it stands, without locking or writing. */
import type { SlipwayEvent } from '../engine/events.ts';
import { eventOf } from '../engine/ledger.ts';
import { readState } from '../engine/state-folder.ts';
import type { OperationOptions } from './operations.ts';
import { viewRemoteIfReached } from './remote.ts';
import { findProjectOrState } from './workspace.ts';

/** One journal row as `journal show` prints it; `event` is the durable event with its time. */
export interface JournalLine {
  readonly seq: number;
  readonly run: string;
  readonly hash: string;
  readonly event: SlipwayEvent;
}

export interface JournalVerdict {
  readonly rows: number;
  readonly intact: boolean;
  /** First row that does not fit, when not intact. */
  readonly brokenAt?: number;
  readonly message: string;
}

/** With remote state the rows of all machines. @throws SLW-STA-003 at the first row that does not fit the chain, SLW-RST-005 */
export async function* readJournal(options: OperationOptions): AsyncGenerator<JournalLine, void, undefined> {
  const place = await findProjectOrState(options);
  const journal = await readState(options.host, place.stateDir);
  try {
    const view = await viewRemoteIfReached(options, { place, journal });
    for (const row of view?.rows ?? journal?.read() ?? []) yield { seq: row.seq, run: row.run, hash: row.hash, event: eventOf(row) };
  } finally {
    journal?.close();
  }
}

/** Of the copy on this machine, and with remote state of that beside it. @throws SLW-RST-005 when that one is broken */
export async function verifyJournal(options: OperationOptions): Promise<JournalVerdict> {
  const place = await findProjectOrState(options);
  const journal = await readState(options.host, place.stateDir);
  try {
    const here = journal?.verify();
    if (here && !here.intact) return here;
    const there = (await viewRemoteIfReached(options, { place, journal }))?.rows.length;
    if (there !== undefined) return { rows: there, intact: true, message: `${there} rows beside the remote state, chain intact` };
    return here ?? { rows: 0, intact: true, message: 'no journal yet' };
  } finally {
    journal?.close();
  }
}
