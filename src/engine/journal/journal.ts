/**
 * The journal: append-only, hash-chained rows in SQLite (WAL, synchronous=FULL). What `append` resolved for survives power loss.
 * Knows rows, not what they mean. One writer at a time (the lock sees to it); readers never write and never block.
 * The chain finds accidents and careless edits; someone who can write the file can also write a new chain.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { canonicalJson, type Json } from '../../core/digest.ts';
import { SlipwayError } from '../../core/errors.ts';
import { Redactor } from '../../core/redaction.ts';
import type { Host } from '../../host/host.ts';
import { emptyHead, findFault, hashRow, type Head, type JournalEntry, type JournalRow } from './row.ts';
import { checkSchema, deleteRowsAfter, migrate } from './schema.ts';
import { guard, sqliteFailure } from './sqlite-failure.ts';

export interface JournalWriter {
  /** Resolves once the entries are durable, all or none. Batches of the same tick share one commit, in the order of the calls. */
  append(entries: readonly JournalEntry[]): Promise<readonly JournalRow[]>;
}

export interface Verdict {
  readonly rows: number;
  readonly intact: boolean;
  /** Number of the first row that is altered, missing or out of place. */
  readonly brokenAt?: number;
  readonly message: string;
}

interface Batch {
  readonly rows: readonly Omit<JournalRow, 'seq' | 'prev' | 'hash'>[];
  readonly resolve: (rows: readonly JournalRow[]) => void;
  readonly reject: (reason: unknown) => void;
}

const COLUMNS = 'seq, time, run, type, step, body, prev, hash';

export class Journal implements JournalWriter {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #redactor: Redactor;
  #head: Head;
  #pending: Batch[] = [];
  #insert: StatementSync | undefined;
  #closed = false;

  private constructor(db: DatabaseSync, path: string, redactor: Redactor) {
    this.#db = db;
    this.path = path;
    this.#redactor = redactor;
    this.#head = this.#readHead();
  }

  /** Opens for writing, creates or migrates; the folder must exist. Only under the lock. @throws SLW-STA-001, 002, 003, 005, 006, 007 */
  static async open(host: Host, path: string, redactor: Redactor): Promise<Journal> {
    const db = guard(path, () => new DatabaseSync(path));
    try {
      if (((await host.files.stat(path))?.mode ?? 0) & 0o077) await host.files.chmod(path, 0o600);
      checkSchema(db, path);
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      migrate(db, path);
      const journal = new Journal(db, path, redactor);
      journal.#checkEnd();
      return journal;
    } catch (thrown) {
      db.close();
      throw sqliteFailure(thrown, path);
    }
  }

  /** A snapshot for reading, also in a folder that may not be written; undefined when there is no journal yet. Open again to see later rows. @throws SLW-STA-001, 002, 005, 007 */
  static async openReadOnly(host: Host, path: string): Promise<Journal | undefined> {
    const file = await host.files.stat(path);
    if (!file || file.size === 0) return undefined;
    const log = await host.files.stat(`${path}-wal`);
    const location = log && log.size > 0 ? path : immutable(path);
    const db = guard(path, () => new DatabaseSync(location, { readOnly: true }));
    try {
      if (checkSchema(db, path) > 0) return new Journal(db, path, new Redactor());
    } catch (thrown) {
      db.close();
      throw sqliteFailure(thrown, path);
    }
    db.close();
    return undefined;
  }

  get rows(): number {
    return this.#head.seq;
  }

  append(entries: readonly JournalEntry[]): Promise<readonly JournalRow[]> {
    if (this.#closed) return Promise.reject(new SlipwayError('SLW-STA-011', `${this.path} was closed before the last record`));
    return new Promise((resolve, reject) => {
      const rows = entries.map((entry) => this.#toRow(entry));
      this.#pending.push({ rows, resolve, reject });
      if (this.#pending.length === 1) queueMicrotask(() => this.#flush());
    });
  }

  /** Rows in order, checked against the chain unless told otherwise. @throws SLW-STA-003 at the first row that does not fit */
  *read(options: { readonly check?: boolean } = {}): Generator<JournalRow, void, undefined> {
    let head = emptyHead;
    for (const row of this.#rows()) {
      const fault = options.check === false ? undefined : findFault(row, head);
      if (fault !== undefined) throw brokenChain(this.path, fault, head.seq + 1);
      yield row;
      head = row;
    }
    if (options.check !== false && head.hash !== this.#head.hash)
      throw brokenChain(this.path, `row ${head.seq + 1} is missing`, head.seq + 1);
  }

  /** Checks the whole chain; never throws because of a broken one. */
  verify(): Verdict {
    let rows = 0;
    try {
      for (const _row of this.read()) rows++;
    } catch (thrown) {
      const failure = sqliteFailure(thrown, this.path);
      return { rows, intact: false, brokenAt: rows + 1, message: failure.message };
    }
    return { rows, intact: true, message: `${rows} rows, chain intact` };
  }

  /** Rows of another machine's copy, as they are; they must follow the last one here. Only under the lock. @throws SLW-STA-003 when they do not */
  adopt(rows: readonly JournalRow[]): void {
    guard(this.path, () => {
      let head = this.#head;
      this.#transaction(() => {
        for (const row of rows) {
          const fault = findFault(row, head);
          if (fault !== undefined) throw brokenChain(this.path, fault, head.seq + 1);
          this.#insertRow(row);
          head = { seq: row.seq, hash: row.hash };
        }
        this.#putMeta('head', JSON.stringify(head));
      });
      this.#head = head;
    });
  }

  /** Drops the rows after `seq`, which nobody acted on; gives what was dropped. Only under the lock. */
  cut(seq: number): readonly JournalRow[] {
    const rows = [...this.read()];
    const last = rows[seq - 1];
    const head: Head = last ? { seq, hash: last.hash } : emptyHead;
    guard(this.path, () =>
      this.#transaction(() => {
        deleteRowsAfter(this.#db, head.seq);
        this.#putMeta('head', JSON.stringify(head));
      }),
    );
    this.#head = head;
    return rows.slice(head.seq);
  }

  meta(key: string): string | undefined {
    const value = guard(this.path, () => this.#db.prepare('SELECT value FROM meta WHERE key = ?').get(key))?.['value'];
    return typeof value === 'string' ? value : undefined;
  }

  /** Writes all values in one commit. */
  setMeta(values: Readonly<Record<string, string>>): void {
    guard(this.path, () => {
      this.#transaction(() => {
        for (const [key, value] of Object.entries(values)) this.#putMeta(key, value);
      });
    });
  }

  /** Commits what is pending, then closes; safe to call again. */
  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    this.#db.close();
  }

  #toRow(entry: JournalEntry): Batch['rows'][number] {
    const body = this.#redactor.redactData(JSON.parse(JSON.stringify(entry.body)) as Json);
    return { time: entry.time, run: entry.run, type: entry.type, step: entry.step ?? null, body: canonicalJson(body) };
  }

  #flush(): void {
    const batches = this.#pending;
    this.#pending = [];
    if (batches.length === 0) return;
    let written: readonly (readonly JournalRow[])[];
    try {
      written = this.#commit(batches);
    } catch (thrown) {
      const failure = sqliteFailure(thrown, this.path);
      for (const batch of batches) batch.reject(failure);
      return;
    }
    batches.forEach((batch, index) => batch.resolve(written[index] ?? []));
  }

  #commit(batches: readonly Batch[]): readonly (readonly JournalRow[])[] {
    let head = this.#head;
    const written = this.#transaction(() => {
      if (this.#readHead().hash !== head.hash)
        throw brokenChain(this.path, `another writer added rows after row ${head.seq}`, head.seq + 1);
      const rows = batches.map((batch) => batch.rows.map((row) => (head = this.#write(row, head))));
      this.#putMeta('head', JSON.stringify({ seq: head.seq, hash: head.hash }));
      return rows;
    });
    this.#head = { seq: head.seq, hash: head.hash };
    return written as readonly (readonly JournalRow[])[];
  }

  #write(entry: Batch['rows'][number], head: Head): JournalRow {
    const unsigned = { ...entry, seq: head.seq + 1, prev: head.hash };
    const row: JournalRow = { ...unsigned, hash: hashRow(unsigned) };
    this.#insertRow(row);
    return row;
  }

  #insertRow(row: JournalRow): void {
    this.#insert ??= this.#db.prepare(`INSERT INTO journal (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#insert.run(row.seq, row.time, row.run, row.type, row.step, row.body, row.prev, row.hash);
  }

  #transaction<T>(act: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = act();
      this.#db.exec('COMMIT');
      return result;
    } catch (thrown) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw thrown;
    }
  }

  #putMeta(key: string, value: string): void {
    this.#db.prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value').run(key, value);
  }

  #readHead(): Head {
    const text = this.meta('head');
    if (text === undefined) return emptyHead;
    const value = guard(this.path, () => JSON.parse(text) as Partial<Head>);
    return { seq: Number(value.seq), hash: String(value.hash) };
  }

  /** A run must not continue a chain whose end was cut off. */
  #checkEnd(): void {
    const last = this.#db.prepare('SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1').get();
    const fits = last === undefined ? this.#head.seq === 0 : last['seq'] === this.#head.seq && last['hash'] === this.#head.hash;
    if (!fits) throw brokenChain(this.path, 'its last rows are missing or were altered', Number(last?.['seq'] ?? 0) + 1);
  }

  *#rows(): Generator<JournalRow, void, undefined> {
    try {
      const statement = this.#db.prepare(`SELECT ${COLUMNS} FROM journal ORDER BY seq`);
      for (const row of statement.iterate()) yield row as unknown as JournalRow;
    } catch (thrown) {
      throw sqliteFailure(thrown, this.path);
    }
  }
}

/** Tells SQLite that nobody writes: it then needs no lock and no shared-memory file (https://www.sqlite.org/uri.html#uriimmutable). */
function immutable(path: string): URL {
  return new URL(`${pathToFileURL(path).href}?immutable=1`);
}

function brokenChain(path: string, fault: string, row: number): SlipwayError {
  return new SlipwayError('SLW-STA-003', `the chain of ${path} is broken: ${fault}`, { data: { row } });
}
