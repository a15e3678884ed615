import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/support/virtual-host.ts';
import { Redactor } from '../../core/redaction.ts';
import { createNodeHost } from '../../host/node.ts';
import { Journal } from './journal.ts';
import type { JournalEntry } from './row.ts';
import { migrate, migrations, schemaVersion } from './schema.ts';
import { guard } from './sqlite-failure.ts';

const host = createNodeHost();
const place = (): string => join(temporaryFolder(), 'journal.db');
const entry = (body: object, step?: string): JournalEntry => ({
  time: '2026-01-01T00:00:00.000Z',
  run: 'r1',
  type: 'step.applied',
  body,
  ...(step !== undefined && { step }),
});
const open = (path: string, redactor = new Redactor()): Promise<Journal> => Journal.open(host, path, redactor);

async function written(count: number, path = place()): Promise<string> {
  const journal = await open(path);
  await journal.append(Array.from({ length: count }, (_, index) => entry({ index }, `step/${index}`)));
  journal.close();
  return path;
}

/** What a person with sqlite3 could do. */
function tamper(path: string, sql: string, ...values: (string | number)[]): void {
  const db = new DatabaseSync(path);
  db.exec('DROP TRIGGER IF EXISTS journal_keeps_rows; DROP TRIGGER IF EXISTS journal_drops_no_row');
  db.prepare(sql).run(...values);
  db.close();
}

async function verdictOf(path: string): Promise<ReturnType<Journal['verify']>> {
  const journal = await Journal.openReadOnly(host, path);
  const verdict = journal?.verify() ?? { rows: 0, intact: true, message: 'none' };
  journal?.close();
  return verdict;
}

describe('a journal', () => {
  it('gives back what was appended, in order, after it was closed', async () => {
    const path = place();
    const first = await open(path);
    await first.append([entry({ b: 1, a: 'ü' }, 's'), entry({})]);
    first.close();
    const second = await open(path);
    await second.append([entry({ last: true })]);
    expect([...second.read()].map((row) => [row.seq, row.step, row.body])).toEqual([
      [1, 's', '{"a":"ü","b":1}'],
      [2, null, '{}'],
      [3, null, '{"last":true}'],
    ]);
    expect(second.verify()).toEqual({ rows: 3, intact: true, message: '3 rows, chain intact' });
    second.close();
  });

  it('is private', async () => {
    const path = place();
    const journal = await open(path);
    await journal.append([entry({})]);
    expect(readdirSync(join(path, '..')).filter((file) => (statSync(join(path, '..', file)).mode & 0o777) !== 0o600)).toEqual([]);
    journal.close();
  });

  it('commits batches of one tick together and in order of the calls', async () => {
    const path = place();
    const journal = await open(path);
    const before = await commits(path);
    const rows = await Promise.all([1, 2, 3, 4].map((index) => journal.append([entry({ index })])));
    expect(rows.map(([row]) => row?.seq)).toEqual([1, 2, 3, 4]);
    expect((await commits(path)) - before).toBe(1);
    journal.close();
  });

  it('masks registered secrets in values and keys before they reach the disk', async () => {
    const path = place();
    const redactor = new Redactor();
    redactor.add('hunter2-hunter2');
    const journal = await open(path, redactor);
    await journal.append([
      entry({ 'key hunter2-hunter2': ['x hunter2-hunter2 y', { deep: Buffer.from('hunter2-hunter2').toString('base64') }] }),
    ]);
    const bytes = readdirSync(join(path, '..')).map((file) => readFileSync(join(path, '..', file), 'latin1'));
    expect(bytes.join('')).not.toMatch(/hunter2|aHVudGVyMi1odW50ZXIy/);
    expect(journal.verify().intact).toBe(true);
    journal.close();
  });

  it('refuses to change or delete a row, also by SQL', async () => {
    const path = await written(2);
    const db = new DatabaseSync(path);
    expect(() => db.exec("UPDATE journal SET body = '{}'")).toThrow('never changed');
    expect(() => db.exec('DELETE FROM journal')).toThrow('never deleted');
    db.close();
  });

  it('takes nothing after it was closed, and commits what was pending then', async () => {
    const path = place();
    const journal = await open(path);
    const pending = journal.append([entry({})]);
    journal.close();
    expect(await pending).toHaveLength(1);
    await expect(journal.append([entry({})])).rejects.toMatchObject({ code: 'SLW-STA-011' });
  });

  it('writes all entries of a batch or none, and goes on after a refused one', async () => {
    const path = place();
    const journal = await open(path);
    const db = new DatabaseSync(path);
    db.exec("CREATE TRIGGER no_room BEFORE INSERT ON journal WHEN NEW.step = 'bad' BEGIN SELECT RAISE(ABORT, 'refused'); END");
    await expect(journal.append([entry({}, 'good'), entry({}, 'bad')])).rejects.toMatchObject({ name: 'SlipwayError' });
    await journal.append([entry({}, 'later')]);
    expect([...journal.read()].map((row) => [row.seq, row.step])).toEqual([[1, 'later']]);
    db.close();
    journal.close();
  });

  it('notices a second writer instead of forking the chain', async () => {
    const path = place();
    const [one, two] = [await open(path), await open(path)];
    await one.append([entry({})]);
    await expect(two.append([entry({})])).rejects.toMatchObject({ code: 'SLW-STA-003' });
    expect(one.verify().intact).toBe(true);
    one.close();
    two.close();
  });
});

async function commits(path: string): Promise<number> {
  const frames = statSync(`${path}-wal`);
  const header = 32;
  const frame = 24 + 4096;
  const bytes = readFileSync(`${path}-wal`);
  let count = 0;
  for (let at = header; at + frame <= frames.size; at += frame) if (bytes.readUInt32BE(at + 4) !== 0) count++;
  return count;
}

describe('reading a journal', () => {
  it('finds none where there is none, and makes none', async () => {
    const path = place();
    expect(await Journal.openReadOnly(host, path)).toBeUndefined();
    expect(existsSync(path)).toBe(false);
  });

  it('writes nothing, not even beside it', async () => {
    const path = await written(3);
    const before = readdirSync(join(path, '..'));
    expect((await verdictOf(path)).rows).toBe(3);
    expect(readdirSync(join(path, '..'))).toEqual(before);
  });

  it('works in a folder that may not be written', async () => {
    const path = await written(3);
    chmodSync(path, 0o400);
    chmodSync(join(path, '..'), 0o500);
    expect((await verdictOf(path)).rows).toBe(3);
    chmodSync(join(path, '..'), 0o700);
  });

  it('sees what is committed while a writer is at work', async () => {
    const path = place();
    const writer = await open(path);
    await writer.append([entry({})]);
    expect((await verdictOf(path)).rows).toBe(1);
    await writer.append([entry({})]);
    expect((await verdictOf(path)).rows).toBe(2);
    writer.close();
  });
});

describe('a damaged journal', () => {
  it.each([
    [
      'a text file',
      (path: string) => writeFileSync(path, 'not a database, but long enough to be taken for one '.repeat(100)),
      'SLW-STA-002',
    ],
    ['a folder', (path: string) => mkdirSync(path), 'SLW-STA-005'],
    ['the database of another program', (path: string) => foreign(path), 'SLW-STA-002'],
  ] as const)('that is %s gives a code', async (_what, make, code) => {
    const path = place();
    make(path);
    await expect(open(path)).rejects.toMatchObject({ code });
  });

  it('of a newer version is refused for writing and reading', async () => {
    const path = await written(1);
    tamper(path, 'PRAGMA user_version = 99');
    await expect(open(path)).rejects.toMatchObject({ code: 'SLW-STA-001', exit: 65 });
    await expect(Journal.openReadOnly(host, path)).rejects.toMatchObject({ code: 'SLW-STA-001' });
  });

  it('with any page overwritten either still proves its rows or gives a code', async () => {
    const path = await written(60);
    const original = readFileSync(path);
    const damage = fc.record({ at: fc.nat(original.length - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }) });
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, bytes }) => {
        const damaged = Buffer.from(original);
        damaged.set(bytes.subarray(0, damaged.length - at), at);
        writeFileSync(path, damaged);
        expect(await readOrCode(path)).toMatch(/^(all rows|SLW-STA-\d+)$/);
      }),
      { numRuns: 150 },
    );
  });

  it('whose end was cut off is not continued', async () => {
    const path = await written(3);
    tamper(path, 'DELETE FROM journal WHERE seq = 3');
    await expect(open(path)).rejects.toMatchObject({ code: 'SLW-STA-003' });
  });
});

function foreign(path: string): void {
  const db = new DatabaseSync(path);
  db.exec('CREATE TABLE theirs (x); PRAGMA user_version = 7');
  db.close();
}

async function readOrCode(path: string): Promise<string> {
  try {
    const journal = await Journal.openReadOnly(host, path);
    try {
      const bodies = [...(journal?.read() ?? [])].map((row) => row.body);
      return bodies.join() === Array.from({ length: 60 }, (_, index) => `{"index":${index}}`).join()
        ? 'all rows'
        : `wrong rows: ${bodies.join()}`;
    } finally {
      journal?.close();
    }
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
}

describe('the chain', () => {
  const COUNT = 8;
  const row = fc.integer({ min: 1, max: COUNT });
  const column = fc.constantFrom('time', 'run', 'type', 'step', 'body', 'prev', 'hash');
  const alteration = fc.oneof(
    fc.tuple(row, column, fc.string({ minLength: 1 })).map(([seq, name, value]) => ({
      what: 'alter',
      seq,
      sql: [`UPDATE journal SET ${name} = ? || ${name} WHERE seq = ?`, value, seq] as const,
    })),
    row.map((seq) => ({ what: 'drop', seq, sql: ['DELETE FROM journal WHERE seq = ?', seq] as const })),
    row.map((seq) => ({
      what: 'drop and close the gap',
      seq,
      sql: ['UPDATE journal SET seq = seq - 1 WHERE seq > (SELECT ?)', seq] as const,
      first: `DELETE FROM journal WHERE seq = ${seq}`,
    })),
    fc
      .tuple(row, row)
      .filter(([a, b]) => a < b)
      .map(([a, b]) => ({
        what: 'swap',
        seq: a,
        sql: ['UPDATE journal SET seq = ? WHERE seq = -1', b] as const,
        first: `UPDATE journal SET seq = -1 WHERE seq = ${a}; UPDATE journal SET seq = ${a} WHERE seq = ${b}`,
      })),
    row.map((seq) => ({
      what: 'duplicate',
      seq: COUNT + 1,
      sql: [`INSERT INTO journal SELECT ${COUNT + 1}, time, run, type, step, body, prev, hash FROM journal WHERE seq = ?`, seq] as const,
    })),
  );

  it('shows the first row that was altered, dropped, moved or added', async () => {
    await fc.assert(
      fc.asyncProperty(alteration, async (change) => {
        const path = await written(COUNT);
        tamper(path, 'SELECT 1');
        if ('first' in change) withDatabase(path, (db) => db.exec(change.first));
        const [sql, ...values] = change.sql;
        tamper(path, sql, ...values);
        const verdict = await verdictOf(path);
        expect(verdict).toMatchObject({ intact: false, brokenAt: change.seq });
      }),
      { numRuns: 60 },
    );
  });

  it('is not restored by a new hash for the altered row alone', async () => {
    const path = await written(3);
    const { hashRow } = await import('./row.ts');
    const journal = await Journal.openReadOnly(host, path);
    const second = [...(journal?.read() ?? [])][1];
    journal?.close();
    if (!second) throw new Error('no second row');
    tamper(path, 'UPDATE journal SET body = ?, hash = ? WHERE seq = 2', '{}', hashRow({ ...second, body: '{}' }));
    expect(await verdictOf(path)).toMatchObject({
      intact: false,
      brokenAt: 3,
      message: expect.stringContaining('row 3 does not follow row 2'),
    });
  });

  it('can still be shown when it is broken', async () => {
    const path = await written(3);
    tamper(path, "UPDATE journal SET body = '{}' WHERE seq = 2");
    const journal = await Journal.openReadOnly(host, path);
    expect([...(journal?.read({ check: false }) ?? [])]).toHaveLength(3);
    expect(() => [...(journal?.read() ?? [])]).toThrow('row 2 was altered');
    journal?.close();
  });
});

function withDatabase(path: string, act: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(path);
  act(db);
  db.close();
}

describe('the schema', () => {
  it('is migrated step by step, keeping the rows', async () => {
    const path = await written(2);
    const later = [...migrations, 'ALTER TABLE journal ADD COLUMN note TEXT', 'CREATE TABLE extra (x TEXT) STRICT'];
    withDatabase(path, (db) => {
      migrate(db, path, later);
      expect(schemaVersion(db)).toBe(migrations.length + 2);
      expect(db.prepare('SELECT count(*) AS n FROM journal').get()?.['n']).toBe(2);
      migrate(db, path, later);
    });
  });

  it('stays as it was when a migration fails half-way', async () => {
    const path = await written(2);
    withDatabase(path, (db) => {
      expect(() => migrate(db, path, [...migrations, 'CREATE TABLE half (x TEXT) STRICT', 'nonsense'])).toThrow();
      expect(schemaVersion(db)).toBe(migrations.length);
      expect(db.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'half'").get()?.['n']).toBe(0);
    });
    expect((await verdictOf(path)).intact).toBe(true);
  });
});

describe('what SQLite throws', () => {
  it('has a code for a full disk', () => {
    const path = place();
    withDatabase(path, (db) => {
      db.exec('CREATE TABLE t (x); PRAGMA max_page_count = 3');
      expect(() => guard(path, () => db.prepare('INSERT INTO t VALUES (?)').run('x'.repeat(100_000)))).toThrow(
        expect.objectContaining({ code: 'SLW-STA-006', exit: 75 }),
      );
    });
  });

  it('has a code for a database that another program holds', async () => {
    const path = await written(1);
    const journal = await open(path);
    const holder = new DatabaseSync(path);
    holder.exec('BEGIN IMMEDIATE');
    await expect(journal.append([entry({})])).rejects.toMatchObject({ code: 'SLW-STA-007', exit: 69 });
    holder.exec('ROLLBACK');
    expect(await journal.append([entry({})])).toHaveLength(1);
    holder.close();
    journal.close();
  });
});
