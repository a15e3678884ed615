import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/support/virtual-host.ts';
import { createNodeHost } from '../host/node.ts';
import type { Host } from '../host/host.ts';
import { acquireLock, ownerName, readOwner, unlock } from './lock.ts';

const host = createNodeHost();
const HOLDER = fileURLToPath(new URL('../../test/support/lock-holder.ts', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function hold(folder: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [HOLDER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [data] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return { child, said: data.toString().trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** The same state folder seen from a machine of another name and another kernel. */
function elsewhere(name: string): Host {
  return {
    ...host,
    env: { ...host.env, hostname: name },
    processes: { ...host.processes, self: { pid: 1, startTime: '1', bootId: `boot-${name}` } },
  };
}

describe('the lock', () => {
  it('keeps a second run out and names the first', async () => {
    const folder = temporaryFolder();
    const lock = await acquireLock(host, folder, 'up');
    await expect(acquireLock(host, folder, 'down')).rejects.toMatchObject({ code: 'SLW-STA-008', exit: 75, object: ownerName(lock.owner) });
    await lock.release();
    await lock.release();
    const next = await acquireLock(host, folder, 'down');
    expect(next.takenOverFrom).toBeUndefined();
    await next.release();
  });

  it('is private and leaves no owner behind', async () => {
    const folder = temporaryFolder();
    const lock = await acquireLock(host, folder, 'up');
    expect(readdirSync(folder).filter((file) => (statSync(join(folder, file)).mode & 0o777) !== 0o600)).toEqual([]);
    expect(await readOwner(host, folder)).toEqual(lock.owner);
    await lock.release();
    expect(await readOwner(host, folder)).toBeUndefined();
  });

  it('keeps another process out, and is free as soon as its owner is killed', async () => {
    const folder = temporaryFolder();
    const { child, said } = await hold(folder);
    expect(said).toBe('held');
    const owner = await readOwner(host, folder);
    expect(owner?.pid).toBe(child.pid);
    await expect(acquireLock(host, folder, 'up')).rejects.toMatchObject({
      code: 'SLW-STA-008',
      message: expect.stringContaining(String(child.pid)),
    });
    await kill(child);
    const lock = await acquireLock(host, folder, 'up');
    expect(lock.takenOverFrom).toEqual(owner);
    await lock.release();
  });

  it('is got by exactly one of several that come at once', async () => {
    const folder = temporaryFolder();
    const all = await Promise.all([1, 2, 3, 4].map(() => hold(folder)));
    expect(all.map(({ said }) => said).sort()).toEqual(['SLW-STA-008', 'SLW-STA-008', 'SLW-STA-008', 'held']);
  });

  it('refuses an owner on another host, alive or not, until it is unlocked by name', async () => {
    const folder = temporaryFolder();
    const far = await acquireLock(elsewhere('far'), folder, 'up');
    const record = readFileSync(join(folder, 'owner.json'));
    await far.release();
    writeFileSync(join(folder, 'owner.json'), record);
    await expect(acquireLock(host, folder, 'up')).rejects.toMatchObject({ code: 'SLW-STA-008', exit: 75, object: 'far:1' });
    await expect(unlock(host, folder, 'far:2')).rejects.toMatchObject({ code: 'SLW-STA-010', exit: 64 });
    expect(await unlock(host, folder, 'far:1')).toMatchObject({ host: 'far', pid: 1 });
    await (await acquireLock(host, folder, 'up')).release();
  });

  it.each(['', '{"host":', '[]', 'null', '{"host":1}'])('is not stopped by half of an owner record: %s', async (text) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'owner.json'), text);
    await (await acquireLock(host, folder, 'up')).release();
  });

  it('says so when the folder is not there', async () => {
    await expect(acquireLock(host, join(temporaryFolder(), 'missing'), 'up')).rejects.toMatchObject({ code: 'SLW-STA-005', exit: 77 });
  });
});

describe('unlock', () => {
  it('refuses while the owner lives, whatever is typed', async () => {
    const folder = temporaryFolder();
    const { child } = await hold(folder);
    const owner = await readOwner(host, folder);
    await expect(unlock(host, folder, owner ? ownerName(owner) : '')).rejects.toMatchObject({ code: 'SLW-STA-009', exit: 75 });
    expect(await readOwner(host, folder)).toEqual(owner);
    await kill(child);
    expect(await unlock(host, folder, owner ? ownerName(owner) : '')).toEqual(owner);
  });

  it('finds nothing to do without a lock or a folder', async () => {
    const folder = temporaryFolder();
    expect(await unlock(host, folder, 'x:1')).toBeUndefined();
    expect(await unlock(host, join(folder, 'missing'), 'x:1')).toBeUndefined();
    expect(readdirSync(folder).filter((file) => file !== 'lock.db')).toEqual([]);
  });
});
