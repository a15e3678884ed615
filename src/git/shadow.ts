/**
 * The shadow repository of a folder: a bare repository in the state folder whose branch is one parentless commit of what
 * the folder holds. Author and date are fixed, so equal content has an equal commit on every machine and after every crash.
 * It is a cache of the folder: whatever is wrong with it is repaired by making it anew.
 */
import { join } from 'node:path';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { git, tryGit } from './command.ts';
import { type FolderTree, objectId, type ReadTreeOptions, readTree, type TreeFile } from './tree.ts';

/** 2000-01-01T00:00:00Z: any fixed moment does. */
const STAMP = 'Slipway <slipway@localhost> 946684800 +0000';
const MESSAGE = 'Snapshot\n';

export interface ShadowOptions extends ReadTreeOptions {
  /** The folder that is snapshotted. */
  readonly folder: string;
  /** The bare repository; its parent is made when missing. */
  readonly gitDir: string;
  readonly branch: string;
}

export interface ShadowState {
  /** Commit the folder's present content has (or will have). */
  readonly commit: string;
  readonly tree: string;
  /** Commit at the head of the shadow; undefined when there is none. */
  readonly head: string | undefined;
  readonly fileCount: number;
  readonly paths: readonly string[];
  readonly warnings: readonly string[];
}

/** Compares the folder with its shadow; writes nothing. */
export async function observeShadow(host: Host, options: ShadowOptions): Promise<ShadowState> {
  const [tree, head] = await Promise.all([readTree(host, options.folder, options), shadowHead(host, options)]);
  return stateOf(tree, head);
}

/** Brings the shadow up to the folder; does nothing when it is. Safe to call again after dying anywhere inside. */
export async function snapshot(host: Host, options: ShadowOptions): Promise<ShadowState> {
  const tree = await readTree(host, options.folder, options);
  const state = stateOf(tree, await shadowHead(host, options));
  if (state.head === state.commit) return state;
  await ensureRepository(host, options);
  const written = await importTree(host, options, tree).catch((error: unknown) => {
    if (!isGitFailure(error)) throw error;
    return importAfresh(host, options, tree);
  });
  if (written !== state.commit)
    throw new SlipwayError('SLW-GIT-004', `the snapshot of ${options.folder} became commit ${written}, expected ${state.commit}`);
  await tryGit(host, ['-c', 'gc.autoDetach=false', 'gc', '--auto', '--quiet', '--prune=1.hour.ago'], withSignal(options));
  return { ...state, head: state.commit };
}

/** The commit id of a tree in a shadow; a pure function of its content. */
export function shadowCommit(tree: string): string {
  return objectId('commit', new TextEncoder().encode(`tree ${tree}\nauthor ${STAMP}\ncommitter ${STAMP}\n\n${MESSAGE}`));
}

function stateOf(tree: FolderTree, head: string | undefined): ShadowState {
  return {
    commit: shadowCommit(tree.id),
    tree: tree.id,
    head,
    fileCount: tree.files.length,
    paths: tree.files.map((file) => file.path),
    warnings: tree.warnings,
  };
}

/** The head, if its commit and tree can be read: a shadow damaged by a power loss counts as missing. */
async function shadowHead(host: Host, options: ShadowOptions): Promise<string | undefined> {
  if ((await host.files.stat(join(options.gitDir, 'HEAD'))) === undefined) return undefined;
  const ref = `refs/heads/${options.branch}`;
  const result = await tryGit(host, ['rev-parse', `${ref}^{commit}`, `${ref}^{tree}`], withSignal(options));
  const [commit, tree] = result.code === 0 ? result.stdout.trim().split('\n') : [];
  if (commit === undefined || tree === undefined || shadowCommit(tree) !== commit) return undefined;
  return (await tryGit(host, ['ls-tree', '-r', '-d', '-z', '--name-only', commit], withSignal(options))).code === 0 ? commit : undefined;
}

/** Made beside its place and renamed, so that a half-made one is never taken for a repository. */
async function ensureRepository(host: Host, options: ShadowOptions): Promise<void> {
  if ((await host.files.stat(join(options.gitDir, 'HEAD'))) !== undefined) return;
  const making = `${options.gitDir}.making`;
  await host.files.remove(making);
  await host.files.remove(options.gitDir);
  await host.files.mkdir(making, 0o700);
  await git(
    host,
    ['init', '--quiet', '--bare', '--template=', `--initial-branch=${options.branch}`, making],
    options.signal ? { signal: options.signal } : {},
  );
  await host.files.rename(making, options.gitDir);
}

function isGitFailure(error: unknown): boolean {
  return error instanceof SlipwayError && error.code === 'SLW-GIT-004';
}

async function importAfresh(host: Host, options: ShadowOptions, tree: FolderTree): Promise<string> {
  options.signal?.throwIfAborted();
  await host.files.remove(options.gitDir);
  await ensureRepository(host, options);
  return await importTree(host, options, tree);
}

async function importTree(host: Host, options: ShadowOptions, tree: FolderTree): Promise<string> {
  const ref = `refs/heads/${options.branch}`;
  await git(host, ['-c', 'core.fsync=all', '-c', 'core.fsyncMethod=fsync', 'fast-import', '--quiet', '--force', '--done'], {
    ...withSignal(options),
    input: importStream(ref, tree.files),
  });
  return await git(host, ['rev-parse', '--verify', ref], withSignal(options));
}

/** The stream of git-fast-import(1): one commit without a parent. */
function importStream(ref: string, files: readonly TreeFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const text = (line: string): number => parts.push(Buffer.from(line));
  // `reset` before `commit` drops the branch's old tip, so that the commit has no parent.
  text(`reset ${ref}\n\ncommit ${ref}\nauthor ${STAMP}\ncommitter ${STAMP}\ndata ${Buffer.byteLength(MESSAGE)}\n${MESSAGE}\n`);
  for (const file of files) {
    text(`M ${file.mode} inline ${quotePath(file.path)}\ndata ${file.content.length}\n`);
    parts.push(file.content);
    text('\n');
  }
  text('done\n');
  return Buffer.concat(parts);
}

/** C-style quoting, which fast-import wants for names with a quote at the start, a backslash or a line feed. */
function quotePath(path: string): string {
  if (!/["\\\n]/.test(path)) return path;
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function withSignal(options: ShadowOptions): { gitDir: string; signal?: AbortSignal } {
  return { gitDir: options.gitDir, ...(options.signal && { signal: options.signal }) };
}
