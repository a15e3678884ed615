/**
 * A folder as a Git tree, computed without git and without writing anything, so that a plan can compare it.
 * What belongs to it is what `git add -A` would take in that folder alone: everything but `.git`, `.slipway` and what the
 * .gitignore files inside the folder exclude. Symbolic links and executable bits are kept; empty folders vanish, as in Git.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { messageOf, SlipwayError } from '../core/errors.ts';
import type { FileStat, Host } from '../host/host.ts';

export type FileMode = '100644' | '100755' | '120000';

export interface TreeFile {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly mode: FileMode;
  readonly content: Uint8Array;
}

export interface FolderTree {
  /** Git's object id of the tree (SHA-1). */
  readonly id: string;
  readonly files: readonly TreeFile[];
  /** What a person should know: large files, links that Flux does not carry, skipped sockets. */
  readonly warnings: readonly string[];
}

export interface ReadTreeOptions {
  /** Absolute paths that never belong to it, e.g. the state folder. */
  readonly exclude?: readonly string[];
  readonly signal?: AbortSignal;
}

const MAX_FILE = 64 * 1024 * 1024;
const MAX_TOTAL = 256 * 1024 * 1024;
const WARN_FILE = 5 * 1024 * 1024;
const WARN_COUNT = 10_000;
const ALWAYS_EXCLUDED = new Set(['.git', '.slipway']);

interface Walk {
  readonly host: Host;
  readonly root: string;
  readonly exclude: ReadonlySet<string>;
  readonly signal: AbortSignal | undefined;
  readonly files: TreeFile[];
  readonly warnings: string[];
  total: number;
}

/** One .gitignore and the folder it stands in. */
interface Rules {
  readonly folder: string;
  readonly matcher: Ignore;
}

/** Reads a folder whole. @throws SLW-GIT-006 too large, SLW-GIT-007 unreadable. */
export async function readTree(host: Host, root: string, options: ReadTreeOptions = {}): Promise<FolderTree> {
  const walk: Walk = { host, root, exclude: new Set(options.exclude), signal: options.signal, files: [], warnings: [], total: 0 };
  await walkFolder(walk, '', []);
  if (walk.files.length > WARN_COUNT)
    walk.warnings.push(`${walk.files.length} files are served from ${root}; a .gitignore in it may leave out what no cluster needs`);
  return { id: treeId(walk.files), files: walk.files, warnings: walk.warnings };
}

async function walkFolder(walk: Walk, folder: string, inherited: readonly Rules[]): Promise<void> {
  walk.signal?.throwIfAborted();
  const rules = await rulesFor(walk, folder, inherited);
  for (const name of await walk.host.files.list(join(walk.root, folder))) {
    const path = folder === '' ? name : `${folder}/${name}`;
    const absolute = join(walk.root, path);
    if (ALWAYS_EXCLUDED.has(name) || walk.exclude.has(absolute)) continue;
    const stat = await walk.host.files.stat(absolute);
    if (stat === undefined) throw unreadable(absolute, name.includes('\uFFFD') ? 'its name is not UTF-8' : 'it vanished');
    if (isIgnored(rules, path, stat.kind === 'dir')) continue;
    if (stat.kind === 'dir') await walkFolder(walk, path, rules);
    else await addFile(walk, path, stat);
  }
}

async function rulesFor(walk: Walk, folder: string, inherited: readonly Rules[]): Promise<readonly Rules[]> {
  const file = join(walk.root, folder, '.gitignore');
  if ((await walk.host.files.stat(file))?.kind !== 'file') return inherited;
  const text = await walk.host.files.readText(file);
  return text === undefined ? inherited : [...inherited, { folder, matcher: ignore().add(text) }];
}

/** The last rule that says anything wins, deeper files over higher ones (gitignore(5)). */
function isIgnored(rules: readonly Rules[], path: string, isFolder: boolean): boolean {
  for (const { folder, matcher } of rules.toReversed()) {
    const relative = folder === '' ? path : path.slice(folder.length + 1);
    const verdict = matcher.test(isFolder ? `${relative}/` : relative);
    if (verdict.ignored) return true;
    if (verdict.unignored) return false;
  }
  return false;
}

async function addFile(walk: Walk, path: string, stat: FileStat): Promise<void> {
  const absolute = join(walk.root, path);
  if (stat.kind === 'other') {
    walk.warnings.push(`${absolute} is neither a file nor a folder and is left out`);
    return;
  }
  if (stat.size > MAX_FILE) throw tooLarge(`file ${absolute} has ${megabytes(stat.size)}`);
  if (stat.size > WARN_FILE) walk.warnings.push(`${absolute} has ${megabytes(stat.size)}; large files slow down every reconciliation`);
  const content = await contentOf(walk.host, absolute, stat);
  walk.total += content.length;
  if (walk.total > MAX_TOTAL) throw tooLarge(`folder ${walk.root} holds more than ${megabytes(MAX_TOTAL)}`);
  if (stat.kind === 'symlink') walk.warnings.push(`${absolute} is a symbolic link; Flux does not carry links to the cluster`);
  walk.files.push({ path, mode: modeOf(stat), content });
}

async function contentOf(host: Host, absolute: string, stat: FileStat): Promise<Uint8Array> {
  try {
    if (stat.kind === 'symlink') return new TextEncoder().encode(await host.files.readlink(absolute));
    const bytes = await host.files.readBytes(absolute);
    if (bytes !== undefined) return bytes;
  } catch (error) {
    throw unreadable(absolute, messageOf(error));
  }
  throw unreadable(absolute, 'it vanished');
}

function modeOf(stat: FileStat): FileMode {
  if (stat.kind === 'symlink') return '120000';
  return (stat.mode & 0o100) === 0 ? '100644' : '100755';
}

function unreadable(path: string, why: string): SlipwayError {
  return new SlipwayError('SLW-GIT-007', `${path} cannot be read: ${why}`, { data: { path } });
}

function tooLarge(what: string): SlipwayError {
  return new SlipwayError('SLW-GIT-006', `${what}, too large for a snapshot`);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / (1024 * 1024))} MiB`;
}

/** Git's id of an object: SHA-1 over type, length and content. */
export function objectId(type: 'blob' | 'tree' | 'commit', content: Uint8Array): string {
  return createHash('sha1').update(`${type} ${content.length}\0`).update(content).digest('hex');
}

interface Entry {
  readonly mode: string;
  readonly name: string;
  readonly id: string;
}

/** Git's id of the tree that holds exactly these files. */
export function treeId(files: readonly TreeFile[]): string {
  const entries: Entry[] = [];
  const folders = new Map<string, TreeFile[]>();
  for (const file of files) {
    const slash = file.path.indexOf('/');
    if (slash < 0) entries.push({ mode: file.mode, name: file.path, id: objectId('blob', file.content) });
    else addTo(folders, file.path.slice(0, slash), { ...file, path: file.path.slice(slash + 1) });
  }
  for (const [name, inside] of folders) entries.push({ mode: '40000', name, id: treeId(inside) });
  // Git sorts by bytes, folders as if their name ended with '/'.
  const keyed = entries.map((entry) => ({ entry, key: Buffer.from(entry.mode === '40000' ? `${entry.name}/` : entry.name) }));
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  const content = Buffer.concat(keyed.flatMap(({ entry }) => [Buffer.from(`${entry.mode} ${entry.name}\0`), Buffer.from(entry.id, 'hex')]));
  return objectId('tree', content);
}

function addTo(folders: Map<string, TreeFile[]>, name: string, file: TreeFile): void {
  const list = folders.get(name);
  if (list) list.push(file);
  else folders.set(name, [file]);
}
