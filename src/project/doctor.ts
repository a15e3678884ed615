/** `slipway doctor`: looks at what this machine must offer and says how to mend what is missing. Changes nothing. */
import { join } from 'node:path';
import { readCluster } from '../control-plane/local-cluster.ts';
import { homeOf, listClusterIds, type ProcessEntry, registryRoot } from '../control-plane/process-registry.ts';
import { listProcesses } from '../control-plane/processes.ts';
import { messageOf } from '../core/errors.ts';
import { isoTime } from '../engine/iso-time.ts';
import { cacheRoot } from '../toolchain/locate.ts';
import type { Host } from '../host/host.ts';
import type { DoctorFinding, OperationOptions } from './operations.ts';

const MIB = 1024 * 1024;
/** Binaries of the toolchain take about 1 GiB, the Go build cache about 6 GiB while they are built. */
const CACHE_NEEDS_BYTES = 8 * 1024 * MIB;
const STATE_NEEDS_BYTES = 500 * MIB;
const OLDEST_GIT: readonly [number, number] = [2, 31];
/** This check was written then; a clock before it is wrong, and certificates would be too. */
const EARLIEST_NOW_MS = 1_763_683_200_000;

export async function doctorProject(options: OperationOptions): Promise<readonly DoctorFinding[]> {
  const { host } = options;
  const state: Place = { name: 'state folder', folder: options.stateDir ?? host.env.cwd, fix: 'choose another one with --state-dir' };
  const cache: Place = { name: 'cache', folder: cacheRoot(host), fix: 'set SLIPWAY_CACHE to a writable folder' };
  const registry: Place = { name: 'process registry', folder: registryRoot(host), fix: 'set XDG_STATE_HOME to a writable folder' };
  const checks = [
    checkGit(host),
    checkGo(host),
    checkPorts(host),
    checkClock(host),
    ...[state, cache, registry].map((place) => checkWritable(host, place)),
    checkSpace(host, state, STATE_NEEDS_BYTES),
    checkSpace(host, cache, CACHE_NEEDS_BYTES),
    checkMemory(host),
    checkOrphans(host),
  ];
  return Promise.all(checks);
}

interface Place {
  readonly name: string;
  readonly folder: string;
  readonly fix: string;
}

/** Processes of clusters whose folder is gone: somebody removed it by hand instead of with `down`, or moved it. */
async function checkOrphans(host: Host): Promise<DoctorFinding> {
  const processes = (await Promise.all((await listClusterIds(host)).map((id) => listProcesses(host, id)))).flat();
  const running = processes.filter(({ state }) => state === 'running');
  const gone = await Promise.all(running.map(async ({ entry }) => entry !== undefined && !(await isAtHome(host, entry))));
  const orphans = running.filter((_, index) => gone[index]);
  if (orphans.length === 0) return ok('processes', `${running.length} of local clusters run, all of them known`);
  const pids = orphans.map(({ identity }) => identity?.pid).join(' ');
  const folders = [...new Set(orphans.map(({ entry }) => entry?.clusterDir))].join(', ');
  return problem(
    'processes',
    `${orphans.length} processes run for a cluster whose folder is gone or another's by now (${folders}): ${orphans.map(({ component }) => component).join(', ')}`,
    `if the project was moved, \`slipway up\` where it is now takes them over; otherwise end them: kill ${pids}`,
  );
}

/** False when the folder is gone, or holds another cluster by now: it was removed by hand, and `up` made a new one in its place. */
async function isAtHome(host: Host, entry: ProcessEntry): Promise<boolean> {
  if ((await host.files.stat(entry.clusterDir)) === undefined) return false;
  const cluster = await readCluster(host, homeOf(entry)).catch(() => undefined);
  return cluster === undefined || cluster.clusterId === entry.clusterId;
}

async function checkGit(host: Host): Promise<DoctorFinding> {
  const check = 'git';
  if ((await host.processes.which('git')) === undefined) return problem(check, 'git is not on PATH', 'install git 2.31 or newer');
  const { stdout } = await host.processes.run('git', ['--version'], { timeoutMs: 10_000 });
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(stdout) ?? [];
  const old = Number(major) < OLDEST_GIT[0] || (Number(major) === OLDEST_GIT[0] && Number(minor) < OLDEST_GIT[1]);
  return old ? problem(check, `git ${major}.${minor} is too old`, 'install git 2.31 or newer') : ok(check, stdout.trim());
}

async function checkGo(host: Host): Promise<DoctorFinding> {
  const check = 'go';
  const fix = 'install Go 1.26 or newer, or give binaries with --toolchain DIR';
  if ((await host.processes.which('go')) === undefined)
    return { check, state: 'warning', message: 'go is not on PATH: binaries that are not cached cannot be built', fix };
  const { stdout } = await host.processes.run('go', ['version'], { timeoutMs: 10_000 });
  const [, major = '0', minor = '0'] = /go(\d+)\.(\d+)/.exec(stdout) ?? [];
  if (Number(major) === 1 && Number(minor) < 26)
    return { check, state: 'warning', message: `go ${major}.${minor} is too old to build the toolchain`, fix };
  return ok(check, stdout.trim());
}

async function checkPorts(host: Host): Promise<DoctorFinding> {
  const taken = new Set<number>();
  for (let i = 0; i < 12; i++) taken.add(await host.net.freePort(taken));
  return ok('ports', `${taken.size} free loopback ports found`);
}

function checkClock(host: Host): Promise<DoctorFinding> {
  const now = host.clock.now();
  const shown = isoTime(now);
  return Promise.resolve(
    now < EARLIEST_NOW_MS
      ? problem('clock', `the clock says ${shown}`, 'set the clock; certificates made now would not be valid')
      : ok('clock', shown),
  );
}

/** Walks up to the nearest folder that exists and tries to write there. */
async function checkWritable(host: Host, { name, folder, fix }: Place): Promise<DoctorFinding> {
  const existing = await nearest(host, folder);
  const probe = join(existing, `.slipway-doctor-${host.env.pid}`);
  try {
    await host.files.writeAtomic(probe, '');
    await host.files.remove(probe);
    return ok(name, `${folder} is writable`);
  } catch (error) {
    return problem(name, `${folder} is not writable: ${messageOf(error)}`, fix);
  }
}

async function checkSpace(host: Host, { name, folder }: Place, needed: number): Promise<DoctorFinding> {
  const free = await host.files.freeBytes(await nearest(host, folder));
  const check = `${name} space`;
  const message = `${Math.floor(free / MIB)} MiB free at ${folder}`;
  return free < needed
    ? { check, state: 'warning', message, fix: `free ${Math.ceil((needed - free) / MIB)} MiB more` }
    : ok(check, message);
}

async function checkMemory(host: Host): Promise<DoctorFinding> {
  const text = await host.files.readText('/proc/meminfo');
  const [, kib] = /MemAvailable:\s+(\d+) kB/.exec(text ?? '') ?? [];
  if (kib === undefined) return ok('memory', 'not measured on this platform');
  const mib = Math.floor(Number(kib) / 1024);
  return mib < 1500
    ? { check: 'memory', state: 'warning', message: `${mib} MiB available`, fix: 'a local cluster with Flux takes about 800 MiB' }
    : ok('memory', `${mib} MiB available`);
}

async function nearest(host: Host, folder: string): Promise<string> {
  for (let path = folder; ; path = join(path, '..')) {
    if ((await host.files.stat(path)) !== undefined || path === '/') return path;
  }
}

const ok = (check: string, message: string): DoctorFinding => ({ check, state: 'ok', message });
const problem = (check: string, message: string, fix: string): DoctorFinding => ({ check, state: 'problem', message, fix });
