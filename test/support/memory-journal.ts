/** The journal's contract without a disk: same order, same redaction-free rows, one "commit" for a call. For kill tests by the thousand. */
import { canonicalJson, type Json } from '../../src/core/digest.ts';
import type { JournalWriter } from '../../src/engine/journal/journal.ts';
import { emptyHead, hashRow, type JournalEntry, type JournalRow } from '../../src/engine/journal/row.ts';

export class MemoryJournal implements JournalWriter {
  readonly #rows: JournalRow[] = [];

  async append(entries: readonly JournalEntry[]): Promise<readonly JournalRow[]> {
    return entries.map((entry) => {
      const { seq, hash: prev } = this.#rows.at(-1) ?? emptyHead;
      const unsigned = {
        seq: seq + 1,
        time: entry.time,
        run: entry.run,
        type: entry.type,
        step: entry.step ?? null,
        body: canonicalJson(JSON.parse(JSON.stringify(entry.body)) as Json),
        prev,
      };
      const row = { ...unsigned, hash: hashRow(unsigned) };
      this.#rows.push(row);
      return row;
    });
  }

  read(): Iterable<JournalRow> {
    return this.#rows;
  }
}
