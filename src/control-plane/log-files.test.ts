import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNodeHost } from '../host/node.ts';
import { followLog, readLogTail, rotateLogs } from './log-files.ts';

const host = createNodeHost();
let dir: string;
let log: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'logs-'));
  log = join(dir, 'etcd.log');
});
afterEach(() => rm(dir, { recursive: true, force: true }));

it('reads the last lines only, and none before an offset', async () => {
  expect(await readLogTail(host, log, { lines: 5 })).toEqual([]);
  await writeFile(log, 'one\ntwo\nthree\n');
  expect(await readLogTail(host, log, { lines: 2 })).toEqual(['two', 'three']);
  expect(await readLogTail(host, log, { lines: 9, from: 4 })).toEqual(['two', 'three']);
  expect(await readLogTail(host, log, { lines: 9, from: 400 })).toEqual([]);
});

it('follows lines across half-written ones and a rotation', async () => {
  await writeFile(log, 'old\n');
  const stop = new AbortController();
  const lines = followLog(host, log, { signal: stop.signal, lines: 1, pollMs: 5 });
  const next = async (): Promise<unknown> => (await lines.next()).value;
  expect(await next()).toBe('old');
  const pending = next();
  await appendFile(log, 'hal');
  await appendFile(log, 'f\nwhole\n');
  expect(await pending).toBe('half');
  expect(await next()).toBe('whole');
  const afterRotation = next();
  await rotateLogs(host, dir, { maxBytes: 1, keep: 2 });
  await appendFile(log, 'new\n');
  expect(await afterRotation).toBe('new');
  const end = lines.next();
  stop.abort();
  expect((await end).done).toBe(true);
});

it('keeps a bounded number of older copies, youngest first, and touches nothing small', async () => {
  await writeFile(join(dir, 'small.log'), 'x');
  for (const content of ['1111', '2222', '3333']) {
    await writeFile(log, content);
    expect(await rotateLogs(host, dir, { maxBytes: 2, keep: 2 })).toEqual(['etcd.log']);
  }
  expect(await readdir(dir)).toEqual(['etcd.log', 'etcd.log.1', 'etcd.log.2', 'small.log']);
  expect(await readFile(join(dir, 'etcd.log.1'), 'utf8')).toBe('3333');
  expect(await readFile(join(dir, 'etcd.log.2'), 'utf8')).toBe('2222');
  expect(await readFile(log, 'utf8')).toBe('');
});
