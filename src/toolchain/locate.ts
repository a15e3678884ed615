/**
 * Where the binaries are: a folder given by the user, Kubernetes' test assets, the cache, else nowhere yet. Reads only.
 * A binary of the cache lies in `CACHE/toolchain/NAME/INPUTS-GO/`, where INPUTS digests all that decides its bytes but Go itself.
 */
import { join } from 'node:path';
import { digestOf, sha256 } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { type BinaryName, catalogue, linkerFlags, type Pins, pinsOf, readPins, toolchainSourceDir, versionOf } from './catalogue.ts';
import { findGoVersion, goArch } from './go-environment.ts';

export interface LocateOptions {
  /** `--toolchain DIR`. */
  readonly toolchainDir?: string | undefined;
  readonly signal?: AbortSignal;
  /** Other pins than the product's own; for tests. */
  readonly sourceDir?: string;
}

export interface FoundBinary {
  readonly name: BinaryName;
  readonly path: string;
  readonly source: 'folder' | 'kubebuilder-assets' | 'cache';
  readonly version: string;
}

export interface MissingBinary {
  readonly name: BinaryName;
  readonly version: string;
  /** Cold, on two cores. */
  readonly estimatedSeconds: number;
}

export interface Located {
  readonly found: readonly FoundBinary[];
  readonly missing: readonly MissingBinary[];
  /** Sources that were passed over, and why. */
  readonly findings: readonly string[];
  readonly pins: Pins;
  readonly goVersion: string | undefined;
}

/** SLIPWAY_CACHE, else slipway under the XDG cache folder. */
export function cacheRoot(host: Host): string {
  const own = host.env.get('SLIPWAY_CACHE');
  if (own !== undefined && own.startsWith('/')) return own;
  const xdg = host.env.get('XDG_CACHE_HOME');
  if (xdg !== undefined && xdg.startsWith('/')) return join(xdg, 'slipway');
  return host.env.platform === 'darwin' ? join(host.env.home, 'Library', 'Caches', 'slipway') : join(host.env.home, '.cache', 'slipway');
}

export const toolchainCache = (host: Host): string => join(cacheRoot(host), 'toolchain');

/** All that decides the bytes of one binary, Go's own version apart. Another tool's flags are not in it. */
export function inputsDigest(host: Host, pins: Pins, name: BinaryName): string {
  const { arch } = catalogue[name];
  const target = arch === undefined ? `${host.env.platform}/${goArch(host)}` : `linux/${arch}`;
  const own = pins.sourceDigests.get(catalogue[name].sources ?? '');
  const flags = [...BUILD_FLAGS, linkerFlags(pins, name)];
  const { goMod, goSum } = pinsOf(pins, name);
  const inputs = { goMod: sha256(goMod), goSum: sha256(goSum), package: catalogue[name].package, flags, target };
  return digestOf({ ...inputs, ...(own !== undefined && { sources: own }) }).slice(0, 16);
}

export const BUILD_FLAGS = ['-trimpath', '-mod=readonly', '-buildvcs=false'] as const;

/** Folder of one binary in the cache. */
export function cacheFolder(host: Host, key: { readonly pins: Pins; readonly name: BinaryName; readonly goVersion: string }): string {
  return join(toolchainCache(host), key.name, `${inputsDigest(host, key.pins, key.name)}-${key.goVersion}`);
}

/** Looks in all sources, each binary on its own. @throws SLW-TCH-009 when the folder given is none */
export async function locateBinaries(host: Host, names: readonly BinaryName[], options: LocateOptions = {}): Promise<Located> {
  options.signal?.throwIfAborted();
  const dir = options.sourceDir ?? toolchainSourceDir();
  const [pins, goVersion] = await Promise.all([readPins(host, dir), findGoVersion(host, dir, options.signal)]);
  if (options.toolchainDir !== undefined && (await host.files.stat(await resolved(host, options.toolchainDir)))?.kind !== 'dir') {
    throw new SlipwayError('SLW-TCH-009', `toolchain folder ${options.toolchainDir} does not exist`);
  }
  const findings: string[] = [];
  const look = async (name: BinaryName): Promise<FoundBinary | undefined> =>
    (await inFolder(host, pins, { name, dir: options.toolchainDir })) ?? (await inAssets(host, pins, { name, findings })) ?? (await inCache(host, pins, { name, goVersion }));
  const results = await Promise.all(names.map(async (name) => ({ name, found: await look(name) })));
  return {
    found: results.flatMap(({ found }) => (found ? [found] : [])),
    missing: results.flatMap(({ name, found }) => (found ? [] : [{ name, version: versionOf(pins, name), estimatedSeconds: catalogue[name].coldBuildSeconds }])),
    findings,
    pins,
    goVersion,
  };
}

async function resolved(host: Host, path: string): Promise<string> {
  return host.files.realpath(path).catch(() => path);
}

async function inFolder(host: Host, pins: Pins, { name, dir }: { name: BinaryName; dir: string | undefined }): Promise<FoundBinary | undefined> {
  if (dir === undefined || !(await isExecutable(host, join(dir, name)))) return undefined;
  return { name, path: join(dir, name), source: 'folder', version: versionOf(pins, name) };
}

/** Assets are often set for another project: another minor version is passed over with a word about it. */
async function inAssets(host: Host, pins: Pins, { name, findings }: { name: BinaryName; findings: string[] }): Promise<FoundBinary | undefined> {
  const [dir, asset] = [host.env.get('KUBEBUILDER_ASSETS'), catalogue[name].asset];
  if (dir === undefined || dir === '' || asset === undefined || !(await isExecutable(host, join(dir, asset)))) return undefined;
  const path = join(dir, asset);
  const { stdout } = await host.processes.run(path, ['--version'], { timeoutMs: 20_000 });
  const version = /v?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
  if (version !== undefined && minorOf(version) === minorOf(versionOf(pins, name).slice(1))) return { name, path, source: 'kubebuilder-assets', version: `v${version}` };
  findings.push(`${path} is ${version === undefined ? 'of unknown version' : `v${version}`}, not ${versionOf(pins, name)}: not used`);
  return undefined;
}

/** Without Go, a binary built from the same inputs by any Go version serves. */
async function inCache(host: Host, pins: Pins, { name, goVersion }: { name: BinaryName; goVersion: string | undefined }): Promise<FoundBinary | undefined> {
  const folders = goVersion === undefined ? await foldersOfAnyGo(host, pins, name) : [cacheFolder(host, { pins, name, goVersion })];
  for (const folder of folders) {
    const path = join(folder, name);
    if (await isExecutable(host, path)) return { name, path, source: 'cache', version: versionOf(pins, name) };
  }
  return undefined;
}

async function foldersOfAnyGo(host: Host, pins: Pins, name: BinaryName): Promise<readonly string[]> {
  const parent = join(toolchainCache(host), name);
  const prefix = `${inputsDigest(host, pins, name)}-`;
  return (await host.files.list(parent)).filter((entry) => entry.startsWith(prefix)).map((entry) => join(parent, entry));
}

async function isExecutable(host: Host, path: string): Promise<boolean> {
  return (await host.processes.which(path)) !== undefined && (await host.files.stat(path).catch(() => undefined))?.kind !== 'dir';
}

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.');
