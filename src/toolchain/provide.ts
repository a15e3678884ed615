/**
 * Makes binaries be there: builds what no source has, all at once, into the cache. What is in the cache is whole, verified and on
 * disk, because a folder gets its name last; safe against two at once (a lock the kernel frees) and against a kill at any instant.
 */
import { dirname, join } from 'node:path';
import { isSlipwayError, SlipwayError } from '../core/errors.ts';
import { acquireLock, type Lock } from '../engine/lock.ts';
import type { StepReport } from '../engine/step.ts';
import type { Host, RunResult } from '../host/host.ts';
import { buildFailure } from './build-failure.ts';
import { type BinaryName, catalogue, linkerFlags, pinsOf, sourceDirOf, toolchainSourceDir } from './catalogue.ts';
import { buildEnvironment, compareGoVersions, requireGo } from './go-environment.ts';
import { BUILD_FLAGS, cacheFolder, type FoundBinary, locateBinaries, type Located, type LocateOptions, toolchainCache } from './locate.ts';

export interface ProvideOptions extends LocateOptions {
  readonly signal: AbortSignal;
  readonly report: (report: StepReport) => void;
}

const LOCK_POLL_MS = 500;

/** Paths of all binaries asked for; builds the missing ones first. @throws SLW-TCH-001 to -007 */
export async function provideBinaries(host: Host, names: readonly BinaryName[], options: ProvideOptions): Promise<readonly FoundBinary[]> {
  const located = await locateBinaries(host, names, options);
  for (const message of located.findings) options.report({ type: 'finding', level: 'info', message });
  if (located.missing.length === 0) return located.found;
  requireGo(located.goVersion, { needed: newestGo(located), missing: located.missing.map(({ name }) => name) });
  await host.files.mkdir(toolchainCache(host));
  const lock = await waitForLock(host, options);
  try {
    const again = await locateBinaries(host, names, options);
    if (again.missing.length === 0) return again.found;
    await build(host, again, options);
  } finally {
    await lock.release();
  }
  return (await locateBinaries(host, names, options)).found;
}

/** The `go` directive that all missing ones are content with. */
function newestGo({ missing, pins }: Located): string {
  const needed = missing.map(({ name }) => pinsOf(pins, name).goVersion);
  return needed.sort((a, b) => compareGoVersions(`go${a}`, `go${b}`)).at(-1) ?? pins.goVersion;
}

async function waitForLock(host: Host, options: ProvideOptions): Promise<Lock> {
  for (let told = false; ; told = true) {
    options.signal.throwIfAborted();
    try {
      return await acquireLock(host, toolchainCache(host), 'toolchain');
    } catch (error) {
      if (!isSlipwayError(error) || error.code !== 'SLW-STA-008') throw error;
      if (!told) options.report({ type: 'progress', message: `waits for another slipway that builds the toolchain (${error.object ?? 'starting'})` });
      await host.clock.sleep(LOCK_POLL_MS, options.signal);
    }
  }
}

/** Arguments of the one `go build`: every package with its own linker flags, by pattern. Pure. */
export function goBuildArgs(located: Located, outDir: string): readonly string[] {
  const names = located.missing.map(({ name }) => name);
  const flags = names.map((name) => `-ldflags=${catalogue[name].package}=${linkerFlags(located.pins, name)}`);
  return ['build', ...BUILD_FLAGS, '-v', ...flags, '-o', `${outDir}/`, ...names.map((name) => catalogue[name].package)];
}

/** Packages whose last path element is equal would overwrite each other, and a module apart is a build of its own: separate rounds. */
export function buildRounds(names: readonly BinaryName[]): readonly (readonly BinaryName[])[] {
  const rounds: BinaryName[][] = [];
  for (const name of names) {
    const round = rounds.find((candidate) => candidate.every((other) => outputName(other) !== outputName(name) && catalogue[other].apart === catalogue[name].apart));
    if (round) round.push(name);
    else rounds.push([name]);
  }
  return rounds;
}

/** What `go build -o DIR/` calls the executable: the last element of the path that is not a major version. */
export function outputName(name: BinaryName): string {
  const elements = catalogue[name].package.split('/').filter((element) => !/^v\d+$/.test(element));
  return elements.at(-1) ?? name;
}

const TEMPORARY = '.building-';

async function build(host: Host, located: Located, options: ProvideOptions): Promise<void> {
  const root = toolchainCache(host);
  // We hold the lock: whatever is still called so was left by one that died.
  for (const entry of await host.files.list(root)) if (entry.startsWith(TEMPORARY)) await host.files.remove(join(root, entry));
  const temporary = join(root, `${TEMPORARY}${host.random.uuid()}`);
  await host.files.mkdir(temporary);
  try {
    const progress = await createProgress(host, located, options);
    for (const round of buildRounds(located.missing.map(({ name }) => name))) {
      const part = { ...located, missing: located.missing.filter(({ name }) => round.includes(name)) };
      const { arch } = catalogue[round[0] ?? 'etcd'];
      await runGoBuild(host, goBuildArgs(part, temporary), { ...options, sourceDir: moduleDir(round, options), progress, arch });
      for (const name of round) await admit(host, located, { name, built: join(temporary, outputName(name)), signal: options.signal });
    }
  } finally {
    await host.files.remove(temporary);
  }
}

type LineProgress = (line: string) => void;

/** `go build -v` names each package when it is compiled; what the build cache has is not named, so the count may jump to the end. */
async function createProgress(host: Host, located: Located, options: ProvideOptions): Promise<LineProgress> {
  const names = located.missing.map(({ name }) => name);
  const seconds = Math.max(...located.missing.map(({ estimatedSeconds }) => estimatedSeconds));
  options.report({ type: 'progress', message: `builds from source, once, minutes with cold caches (at least ${seconds}s): ${names.join(', ')}` });
  const counts = await Promise.all(buildRounds(names).map((round) => countPackages(host, round, options)));
  const total = counts.reduce((sum, count) => sum + count, 0);
  let done = 0;
  return (line) => {
    if (line.startsWith('go: downloading ')) options.report({ type: 'progress', message: `downloads ${line.slice('go: downloading '.length)}` });
    else if (/^[\w.~-]+(\/[\w.~+-]+)*$/.test(line)) options.report({ type: 'progress', message: `compiles ${line}`, done: Math.min(++done, total), total });
  };
}

async function countPackages(host: Host, names: readonly BinaryName[], options: ProvideOptions): Promise<number> {
  const args = ['list', '-deps', '-f', '{{.ImportPath}}', ...names.map((name) => catalogue[name].package)];
  const result = await go(host, args, { ...options, sourceDir: moduleDir(names, options) });
  if (result.code !== 0) throw buildFailure(result.stderr);
  return result.stdout.split('\n').length - 1;
}

/** All of a round are of one module. */
function moduleDir([first]: readonly BinaryName[], options: ProvideOptions): string {
  const dir = options.sourceDir ?? toolchainSourceDir();
  return first === undefined ? dir : sourceDirOf(dir, first);
}

async function runGoBuild(host: Host, args: readonly string[], options: GoOptions & { readonly progress: LineProgress }): Promise<void> {
  const result = await go(host, args, options, options.progress);
  if (result.code !== 0) throw buildFailure(result.stderr);
}

interface GoOptions extends ProvideOptions {
  /** Of Linux machines that the binary is for; undefined: this machine. */
  readonly arch?: string | undefined;
}

async function go(host: Host, args: readonly string[], options: GoOptions, onStderrLine?: LineProgress): Promise<RunResult> {
  const cwd = options.sourceDir ?? toolchainSourceDir();
  const own = await buildEnvironment(host, cwd, options.signal);
  const env = options.arch === undefined ? own : { ...own, GOOS: 'linux', GOARCH: options.arch };
  return host.processes.run('go', args, { cwd, env, signal: options.signal, ...(onStderrLine && { onStderrLine }) });
}

/** Verified, durable, then named. */
async function admit(host: Host, located: Located, { name, built, signal }: { name: BinaryName; built: string; signal: AbortSignal }): Promise<void> {
  const { versionArgs } = catalogue[name];
  if (versionArgs) {
    const result = await host.processes.run(built, versionArgs, { timeoutMs: 60_000, signal });
    if (result.code !== 0) throw new SlipwayError('SLW-TCH-007', `freshly built ${name} ${versionArgs.join(' ')} ends with ${result.code}`, { data: { stderr: result.stderr.slice(-500) } });
  }
  const folder = cacheFolder(host, { pins: located.pins, name, goVersion: located.goVersion ?? '' });
  const staged = `${built}.admitted`;
  await host.files.mkdir(staged, 0o755);
  await host.files.rename(built, join(staged, name));
  await host.files.sync(join(staged, name));
  await host.files.mkdir(dirname(folder), 0o755);
  // A folder that stands here holds no usable binary, or it would have been found.
  await host.files.remove(folder);
  await host.files.rename(staged, folder);
  await host.files.sync(dirname(folder));
}
