/** `slipway journal show|verify`: the journal as it stands, without locking or writing. */
import type { SlipwayEvent } from '../engine/events.ts';
import { eventOf } from '../engine/ledger.ts';
import { readState } from '../engine/state-folder.ts';
import type { OperationOptions } from './operations.ts';
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

/** @throws SLW-STA-003 at the first row that does not fit the chain */
export async function* readJournal(options: OperationOptions): AsyncGenerator<JournalLine, void, undefined> {
  const { stateDir } = await findProjectOrState(options);
  const journal = await readState(options.host, stateDir);
  try {
    for (const row of journal?.read() ?? []) yield { seq: row.seq, run: row.run, hash: row.hash, event: eventOf(row) };
  } finally {
    journal?.close();
  }
}

export async function verifyJournal(options: OperationOptions): Promise<JournalVerdict> {
  const { stateDir } = await findProjectOrState(options);
  const journal = await readState(options.host, stateDir);
  if (!journal) return { rows: 0, intact: true, message: 'no journal yet' };
  try {
    return journal.verify();
  } finally {
    journal.close();
  }
}
