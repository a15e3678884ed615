import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../host/host.ts';
import { createNodeHost } from '../host/node.ts';
import {
  clusterRegistry,
  freshRecordFile,
  listClusterIds,
  readEntry,
  registryRoot,
  settleIdentity,
  writeEntry,
} from './process-registry.ts';
import {
  ensureProcess,
  type EnsureOptions,
  listProcesses,
  observeProcess,
  type ProcessSpec,
  specDigest,
  stopProcess,
} from './processes.ts';

const CLUSTER = 'a1b2c3';
const real = createNodeHost();
let dir: string;
let host: Host;
const options: EnsureOptions = { clusterId: CLUSTER, signal: new AbortController().signal, timeoutMs: 5_000, ready: async () => undefined };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'processes-'));
  host = { ...real, env: { ...real.env, get: (name) => (name === 'XDG_STATE_HOME' ? dir : real.env.get(name)) } };
});
afterEach(async () => {
  for (const { component } of await listProcesses(host, CLUSTER)) await stopProcess(host, { clusterId: CLUSTER, component });
  await rm(dir, { recursive: true, force: true });
});

const shell = (script: string, over: Partial<ProcessSpec> = {}): ProcessSpec => ({
  component: 'worker',
  command: '/bin/sh',
  args: ['-c', script],
  cwd: dir,
  env: { PATH: '/usr/bin:/bin' },
  logFile: join(dir, 'worker.log'),
  clusterDir: dir,
  ports: {},
  ...over,
});
const sleeper = (over: Partial<ProcessSpec> = {}): ProcessSpec => shell('exec sleep 300', over);
const key = { clusterId: CLUSTER, component: 'worker' };

describe('ensureProcess', () => {
  it('starts once, leaves alone what runs, restarts what died and replaces what changed', async () => {
    const first = await ensureProcess(host, sleeper(), options);
    expect(first.action).toBe('started');
    expect(await ensureProcess(host, sleeper(), options)).toEqual({ action: 'none', identity: first.identity });

    process.kill(first.identity.pid, 'SIGKILL');
    await expect.poll(() => observeProcess(host, key).then(({ state }) => state)).toBe('dead');
    const second = await ensureProcess(host, sleeper(), options);
    expect(second.action).toBe('restarted');
    expect((await readEntry(host, key))?.restarts).toBe(1);

    const third = await ensureProcess(host, sleeper({ inputs: { certificate: 'new' } }), options);
    expect(third.action).toBe('restarted');
    expect(await host.processes.isAlive(second.identity)).toBe(false);
    expect((await readdir(clusterRegistry(host, CLUSTER))).filter((name) => name.endsWith('.pid'))).toHaveLength(1);
  });

  it('reports the last log line of a process that ends while starting', async () => {
    const failing = shell('echo first; echo "cannot open database" >&2; exit 3');
    await expect(ensureProcess(host, failing, { ...options, ready: async () => 'not yet' })).rejects.toMatchObject({
      code: 'SLW-LOC-001',
      message: 'worker ended while starting: cannot open database',
      data: { log: ['first', 'cannot open database'] },
    });
  });

  it.each([
    ['a full disk', 'write wal: no space left on device\\ngoroutine 1 [running]:\\nmain.main()', 'SLW-HST-002', /no space left on device/],
    [
      'a panic',
      'panic: no such member\\n\\ngoroutine 1 [running]:\\nmain.run(0x0?)\\n\\t/a/main.go:31 +0x28',
      'SLW-LOC-001',
      /: panic: no such member$/,
    ],
    [
      'a line of JSON',
      '{"level":"panic","ts":"2026-11-22T00:18:59Z","msg":"failed to create WAL","error":"no space left on device","stacktrace":"a/b.go:663"}',
      'SLW-HST-002',
      /the disk is full: failed to create WAL: no space left on device$/,
    ],
    ['a torn line of JSON', '{"level":"fatal","msg":"cannot op', 'SLW-LOC-001', /: \{"level":"fatal","msg":"cannot op$/],
    ['a trace alone', 'cannot listen\\nmain.main()\\n\\t/a/main.go:31 +0x28', 'SLW-LOC-001', /: cannot listen$/],
  ])('says the cause, not the end of a trace: %s', async (_title, log, code, message) => {
    const failing = shell(`printf '${log}\\n'; exit 2`);
    await expect(ensureProcess(host, failing, { ...options, ready: async () => 'not yet' })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('tells a taken port from other deaths, and does not read the log of an earlier start', async () => {
    const taken = shell('echo "listen tcp 127.0.0.1:80: bind: address already in use"; exit 1');
    await expect(ensureProcess(host, taken, { ...options, ready: async () => 'not yet' })).rejects.toMatchObject({ code: 'SLW-LOC-002' });
    await expect(ensureProcess(host, shell('exit 1'), { ...options, ready: async () => 'not yet' })).rejects.toMatchObject({
      code: 'SLW-LOC-001',
      data: { log: [] },
    });
  });

  it('ends a process that lives on without its port, but not one that only speaks of a port of others', async () => {
    const speak = (port: number): ProcessSpec =>
      shell(`echo "listen tcp 127.0.0.1:${port}: bind: address already in use"; exec sleep 300`, { ports: { storage: 4711 } });
    const notReady = { ...options, timeoutMs: 300, ready: async () => 'another program answers' };
    await expect(ensureProcess(host, speak(4712), notReady)).rejects.toMatchObject({ code: 'SLW-LOC-003' });
    expect((await observeProcess(host, key)).state).toBe('running');
    await expect(ensureProcess(host, speak(4711), notReady)).rejects.toMatchObject({ code: 'SLW-LOC-002' });
    expect((await observeProcess(host, key)).state).toBe('dead');
  });

  it('bounds the wait and says what it waited for', async () => {
    await expect(ensureProcess(host, sleeper(), { ...options, timeoutMs: 50, ready: async () => 'waits for etcd' })).rejects.toMatchObject({
      code: 'SLW-LOC-003',
      message: expect.stringContaining('waits for etcd'),
    });
  });

  it('stops waiting when aborted and leaves the process to the next run', async () => {
    const abort = new AbortController();
    const work = ensureProcess(host, sleeper(), { ...options, signal: abort.signal, ready: async () => (abort.abort(), 'not yet') });
    await expect(work).rejects.toMatchObject({ name: 'AbortError' });
    expect((await ensureProcess(host, sleeper(), options)).action).toBe('none');
  });
});

describe('a start that was cut off', () => {
  const entryOf = async (spec: ProcessSpec) => {
    const entry = {
      format: 1 as const,
      ...key,
      specDigest: specDigest(spec),
      command: spec.command,
      recordFile: freshRecordFile(host, key),
      logFile: spec.logFile,
      ports: {},
      clusterDir: dir,
      logOffset: 0,
      startedAt: 0,
      restarts: 0,
      labels: {},
    };
    await writeEntry(host, entry);
    return entry;
  };

  it('after the process began is found and kept', async () => {
    const spec = sleeper();
    const entry = await entryOf(spec);
    const identity = await host.processes.spawnDetached({ ...spec, recordFile: entry.recordFile });
    expect(await ensureProcess(host, spec, options)).toEqual({ action: 'none', identity });
  });

  it('before the shim wrote its record can never become a process', async () => {
    const spec = sleeper();
    const entry = await entryOf(spec);
    expect(await settleIdentity(host, entry)).toBeUndefined();
    const shim = spawn('/bin/sh', [
      join(import.meta.dirname, '..', 'host', 'shim.sh'),
      entry.recordFile,
      '/bin/sh',
      '-c',
      `echo ran > ${dir}/ran`,
    ]);
    expect(await new Promise((resolve) => shim.once('exit', resolve))).toBe(125);
    expect(await readdir(dir)).not.toContain('ran');
    expect((await ensureProcess(host, spec, options)).action).toBe('restarted');
  });
});

describe('stopProcess', () => {
  it('ends a process that ignores SIGTERM, and forgets it wholly', async () => {
    const stubborn = shell('trap "" TERM; echo up; while :; do sleep 0.05; done');
    const { identity } = await ensureProcess(host, stubborn, {
      ...options,
      ready: async () => ((await readFile(stubborn.logFile, 'utf8')).includes('up') ? undefined : 'no'),
    });
    expect(await stopProcess(host, key, 100)).toBe(true);
    expect(await host.processes.isAlive(identity)).toBe(false);
    expect(await listClusterIds(host)).toEqual([]);
    expect(await stopProcess(host, key)).toBe(false);
  });

  it('never signals a process that only has the same pid', async () => {
    const bystander = spawn('sleep', ['300']);
    try {
      const { identity } = await ensureProcess(host, sleeper(), options);
      const entry = await readEntry(host, key);
      await writeFile(entry?.recordFile ?? '', JSON.stringify({ ...identity, pid: bystander.pid, startTime: '1' }));
      expect((await observeProcess(host, key)).state).toBe('dead');
      await stopProcess(host, key);
      expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
      await host.processes.signal(identity, 'SIGKILL');
    } finally {
      bystander.kill('SIGKILL');
    }
  });

  it('refuses to guess when an entry is damaged', async () => {
    await ensureProcess(host, sleeper(), options);
    const file = join(registryRoot(host), CLUSTER, 'worker.json');
    const whole = await readFile(file, 'utf8');
    await writeFile(file, '{');
    await expect(stopProcess(host, key)).rejects.toMatchObject({ code: 'SLW-LOC-006' });
    await writeFile(file, whole);
  });
});
