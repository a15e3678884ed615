import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProcessIdentity } from './host.ts';
import { createNodeHost } from './node.ts';

const host = createNodeHost();
const fresh = (): string => mkdtempSync(join(tmpdir(), 'slipway host '));
const started: ProcessIdentity[] = [];

afterEach(async () => {
  for (const identity of started.splice(0)) await host.processes.signal(identity, 'SIGKILL');
});

async function spawnSleep(folder: string, command = 'sleep', args: readonly string[] = ['60']): Promise<ProcessIdentity> {
  const identity = await host.processes.spawnDetached({
    command,
    args,
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '' },
    logFile: join(folder, 'log'),
    recordFile: join(folder, 'record.json'),
  });
  started.push(identity);
  return identity;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const bound = AbortSignal.timeout(10_000);
  while (!(await condition())) await host.clock.sleep(5, bound);
}

describe('files', () => {
  it('writes with the asked mode whatever the umask and leaves no temporary file', async () => {
    const folder = fresh();
    await host.files.writeAtomic(join(folder, 'secret'), 'x', { mode: 0o600 });
    await host.files.writeAtomic(join(folder, 'secret'), 'y', { mode: 0o600 });
    expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600);
    expect(await host.files.readText(join(folder, 'secret'))).toBe('y');
    expect(await host.files.list(folder)).toEqual(['secret']);
  });

  it('takes away what a killed writer of the same file left, and nothing of a living one', async () => {
    const folder = fresh();
    const gone = spawnSync('true').pid;
    for (const pid of [gone, process.ppid]) writeFileSync(join(folder, `.secret.${pid}.0.tmp`), 'half');
    writeFileSync(join(folder, `.other.${gone}.0.tmp`), 'half');
    await host.files.writeAtomic(join(folder, 'secret'), 'x');
    expect(await host.files.list(folder)).toEqual([`.other.${gone}.0.tmp`, `.secret.${process.ppid}.0.tmp`, 'secret'].sort());
  });

  it('gives undefined for what is missing and a coded error for what fails', async () => {
    const folder = fresh();
    expect(await host.files.readText(join(folder, 'no', 'such'))).toBeUndefined();
    expect(await host.files.stat(join(folder, 'no'))).toBeUndefined();
    writeFileSync(join(folder, 'file'), '');
    await expect(host.files.mkdir(join(folder, 'file', 'below'))).rejects.toMatchObject({ code: expect.stringMatching(/^SLW-HST-/) });
  });

  it('says which path it may not read', async () => {
    const folder = fresh();
    writeFileSync(join(folder, 'closed'), 'x');
    chmodSync(join(folder, 'closed'), 0o000);
    if (process.getuid?.() === 0) return; // root reads everything; the unprivileged suite covers it
    await expect(host.files.readText(join(folder, 'closed'))).rejects.toMatchObject({
      code: 'SLW-HST-001',
      message: expect.stringContaining(folder),
    });
  });
});

describe('processes', () => {
  it('records the identity of a detached process before it runs, and knows it alive and dead', async () => {
    const folder = fresh();
    const identity = await spawnSleep(folder);
    expect(await host.processes.readRecord(join(folder, 'record.json'))).toEqual(identity);
    expect(statSync(join(folder, 'record.json')).mode & 0o777).toBe(0o600);
    await until(async () => (await host.processes.argv(identity.pid))?.[0] === 'sleep');
    expect(await host.processes.isAlive(identity)).toBe(true);
    expect(await host.processes.signal(identity, 'SIGKILL')).toBe(true);
    await until(async () => !(await host.processes.isAlive(identity)));
    expect(await host.processes.signal(identity, 'SIGTERM')).toBe(false);
  });

  it('never takes a process with another start time for the recorded one', async () => {
    const identity = await spawnSleep(fresh());
    expect(await host.processes.isAlive({ ...identity, startTime: '1' })).toBe(false);
    expect(await host.processes.signal({ ...identity, startTime: '1' }, 'SIGKILL')).toBe(false);
    expect(await host.processes.isAlive(identity)).toBe(true);
  });

  it('keeps arguments with spaces and quotes as they are', async () => {
    const folder = fresh();
    await spawnSleep(folder, 'sh', ['-c', 'printf "%s|" "$@"; sleep 60', 'sh', 'a b', "c'd", '$HOME']);
    await until(async () => readFileSync(join(folder, 'log'), 'utf8') === "a b|c'd|$HOME|");
  });

  it('gives the exit code, both streams and no inherited secret', async () => {
    const result = await host.processes.run('sh', ['-c', 'echo out; echo err >&2; env | grep -c SLIPWAY_HOST_TEST; exit 3']);
    expect(result).toMatchObject({ code: 3, stdout: 'out\n0\n', stderr: 'err\n' });
  });

  it('names a missing command', async () => {
    await expect(host.processes.run('slipway-no-such-command', [])).rejects.toMatchObject({ code: 'SLW-HST-005' });
  });

  it('ends a child when the signal aborts', async () => {
    const abort = new AbortController();
    const running = host.processes.run('sleep', ['60'], { signal: abort.signal });
    abort.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('net', () => {
  it('chooses a port that is free and not avoided', async () => {
    const first = await host.net.freePort();
    expect(await host.net.isPortFree(first)).toBe(true);
    expect(await host.net.freePort(new Set([first]))).not.toBe(first);
  });
});
