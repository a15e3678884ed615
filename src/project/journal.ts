import type { SlipwayEvent } from '../engine/events.ts';
import type { OperationOptions } from './operations.ts';

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

export function readJournal(_options: OperationOptions): AsyncIterable<JournalLine> {
  throw new Error('being built');
}

export function verifyJournal(_options: OperationOptions): Promise<JournalVerdict> {
  throw new Error('being built');
}
