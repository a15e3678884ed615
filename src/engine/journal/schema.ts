/**
 * The tables of journal.db and their versions (PRAGMA user_version). A newer version is refused, an older one migrated in one
 * transaction. Triggers refuse UPDATE and DELETE of rows: a guard against mistakes, not against attackers.
 */
import type { DatabaseSync } from 'node:sqlite';
import { SlipwayError } from '../../core/errors.ts';

/** ASCII "SLIP": tells a foreign SQLite file from ours. */
const APPLICATION_ID = 0x534c4950;

const DROPS_NO_ROW =
  "CREATE TRIGGER journal_drops_no_row BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'journal rows are never deleted'); END;";

/** `migrations[n]` leads from version n to n + 1; append only. */
export const migrations: readonly string[] = [
  `CREATE TABLE journal (
     seq INTEGER PRIMARY KEY, time TEXT NOT NULL, run TEXT NOT NULL, type TEXT NOT NULL, step TEXT,
     body TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
   CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
   CREATE TRIGGER journal_keeps_rows BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'journal rows are never changed'); END;
   ${DROPS_NO_ROW}`,
];

/** The one exception: rows that never counted. Inside a transaction. */
export function deleteRowsAfter(db: DatabaseSync, seq: number): void {
  db.exec('DROP TRIGGER journal_drops_no_row');
  db.prepare('DELETE FROM journal WHERE seq > ?').run(seq);
  db.exec(DROPS_NO_ROW);
}

export function schemaVersion(db: DatabaseSync): number {
  return pragma(db, 'user_version');
}

function pragma(db: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}

/**
 * Refuses what this version cannot read; 0 means empty.
 * @throws SLW-STA-001 newer, SLW-STA-002 not ours
 */
export function checkSchema(db: DatabaseSync, path: string, known = migrations.length): number {
  const version = schemaVersion(db);
  const owner = pragma(db, 'application_id');
  if (owner !== APPLICATION_ID && (owner !== 0 || version !== 0 || hasTables(db)))
    throw new SlipwayError('SLW-STA-002', `${path} belongs to another program (application id ${owner})`);
  if (version > known) throw new SlipwayError('SLW-STA-001', `${path} has schema version ${version}, this Slipway knows ${known}`);
  return version;
}

function hasTables(db: DatabaseSync): boolean {
  return db.prepare('SELECT 1 FROM sqlite_master LIMIT 1').get() !== undefined;
}

/** Brings the schema to the newest version; safe to call again, and after dying inside it. */
export function migrate(db: DatabaseSync, path: string, steps = migrations): void {
  const version = checkSchema(db, path, steps.length);
  if (version === steps.length) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    for (const sql of steps.slice(version)) db.exec(sql);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${steps.length}; COMMIT`);
  } catch (thrown) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
}
