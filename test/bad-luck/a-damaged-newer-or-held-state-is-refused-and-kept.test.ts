import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { atEvent, createSandbox, PLAIN_CLUSTER, type Sandbox, succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { processesMentioning } from '../support/world.ts';

let sandbox: Sandbox;
let before: Buffer;
let pids: readonly number[] = [];

beforeAll(async () => {
  sandbox = createSandbox({ files: { 'slipway.yaml': PLAIN_CLUSTER } });
  await succeed(sandbox, ['up', '--yes']);
  before = readFileSync(state('journal.db'));
  pids = alive();
});
afterAll(() => sandbox.remove());

const state = (file: string): string => join(sandbox.project, '.slipway', 'demo', file);
const alive = (): readonly number[] =>
  processesMentioning(sandbox.dir)
    .map(({ pid }) => pid)
    .sort((a, b) => a - b);
const VERBS = [['plan'], ['up', '--yes'], ['down', '--confirm', 'demo']] as const;

function sql(...statements: readonly string[]): void {
  const db = new DatabaseSync(state('journal.db'));
  for (const statement of statements) db.exec(statement);
  db.close();
}

async function expectRefused(code: string, exit: number): Promise<void> {
  const damaged = readFileSync(state('journal.db'));
  for (const verb of VERBS) {
    const { code: got, stderr } = await sandbox.run(verb);
    expect({ exit: got, text: stderr }, verb.join(' ')).toEqual({ exit, text: expect.stringContaining(code) });
  }
  expect(alive()).toEqual(pids);
  expect(readFileSync(state('journal.db')).equals(damaged)).toBe(true);
  writeFileSync(state('journal.db'), before);
  expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
}

describe('a state folder', () => {
  it('of a newer version is refused untouched', async () => {
    sql('PRAGMA user_version = 99');
    await expectRefused('SLW-STA-001', 65);
  });

  it('with a corrupt journal row is refused, and verify names the row', async () => {
    sql('DROP TRIGGER journal_keeps_rows', `UPDATE journal SET body = replace(body, 'demo', 'dema') WHERE seq = 4`);
    const verify = await sandbox.run(['journal', 'verify']);
    expect([verify.code, verify.stdout + verify.stderr]).toEqual([1, expect.stringMatching(/row 4\b/)]);
    await expectRefused('SLW-STA-003', 65);
  });

  it('with a journal that is no database is refused', async () => {
    writeFileSync(state('journal.db'), 'not a database at all, but longer than the header of one would be'.repeat(100));
    await expectRefused('SLW-STA-002', 65);
  });
});

describe('the lock', () => {
  it('keeps a second operator out, names the first, and both end well', async () => {
    await succeed(sandbox, ['down', '--confirm', 'demo']);
    const first = sandbox.start(['up', '--yes', '--output', 'json']);
    await atEvent(first, (event) => event['type'] === 'step.intended');
    for (const verb of [
      ['up', '--yes'],
      ['down', '--confirm', 'demo'],
    ]) {
      const second = await sandbox.run(verb);
      expect([second.code, second.stderr]).toEqual([75, expect.stringMatching(new RegExp(`locked by \\S+:${first.child.pid} `))]);
      expect(second.stderr).toContain('SLW-STA-008');
    }
    expect((await sandbox.run(['plan'])).code).toBe(0);
    expect((await sandbox.run(['unlock', '--confirm', `x:${first.child.pid}`])).code).toBe(75);
    expect((await first.result).code).toBe(0);
  });

  it('of a killed run is free at once, and the next run says that it goes on', async () => {
    await succeed(sandbox, ['down', '--confirm', 'demo']);
    const killed = sandbox.start(['up', '--yes', '--output', 'json']);
    await atEvent(killed, (event) => event['type'] === 'step.applied');
    killed.child.kill('SIGKILL');
    await killed.result;
    expect(existsSync(state('owner.json'))).toBe(true);
    const next = await succeed(sandbox, ['up', '--yes']);
    expect(next.stderr).toContain(`pid ${killed.child.pid}) did not end cleanly`);
    expect(existsSync(state('owner.json'))).toBe(false);
  });

  it('of another host is never presumed dead: only unlock with its name frees it', async () => {
    writeFileSync(
      state('owner.json'),
      JSON.stringify({ host: 'elsewhere', bootId: 'another', pid: 4711, startTime: '1', sinceMs: 1, verb: 'up' }),
    );
    const refused = await sandbox.run(['up', '--yes']);
    expect([refused.code, refused.stderr]).toEqual([75, expect.stringContaining('elsewhere')]);
    expect((await sandbox.run(['unlock', '--confirm', 'elsewhere'])).code).toBe(64);
    expect((await sandbox.run(['up', '--yes'])).code).toBe(75);
    await succeed(sandbox, ['unlock', '--confirm', 'elsewhere:4711']);
    await succeed(sandbox, ['up', '--yes']);
    await succeed(sandbox, ['down', '--confirm', 'demo']);
    expectNothingLeft({ sandbox, project: 'demo' });
  });
});
