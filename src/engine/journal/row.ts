/**
 * A journal row and its hash. A row's hash covers every column and the hash of the row before it, so that an altered, dropped
 * or moved row does not fit its neighbours.
 */
import { canonicalJson, sha256 } from '../../core/digest.ts';

/** What is appended; the journal adds number and hashes. */
export interface JournalEntry {
  /** ISO 8601 with ms. */
  readonly time: string;
  /** Id of the run that wrote it. */
  readonly run: string;
  readonly type: string;
  readonly step?: string;
  /** Plain data; redacted before it is written. */
  readonly body: object;
}

export interface JournalRow {
  /** From 1, without gaps. */
  readonly seq: number;
  readonly time: string;
  readonly run: string;
  readonly type: string;
  readonly step: string | null;
  /** Canonical JSON. */
  readonly body: string;
  readonly prev: string;
  readonly hash: string;
}

/** The hash "before" the first row. */
const GENESIS = '0'.repeat(64);

export function hashRow(row: Omit<JournalRow, 'hash'>): string {
  const { seq, time, run, type, step, body, prev } = row;
  return sha256(canonicalJson({ seq, time, run, type, step, body, prev }));
}

/** End of the chain: the number and hash of the last row. */
export interface Head {
  readonly seq: number;
  readonly hash: string;
}

export const emptyHead: Head = { seq: 0, hash: GENESIS };

/** What is wrong with `row` as the successor of `head`; undefined when it fits. */
export function findFault(row: JournalRow, head: Head): string | undefined {
  if (row.seq !== head.seq + 1) return `row ${head.seq + 1} is missing`;
  if (row.prev !== head.hash) return `row ${row.seq} does not follow row ${head.seq}`;
  if (row.hash !== hashRow(row)) return `row ${row.seq} was altered`;
  return undefined;
}
