/** Files on node:fs. */
import { constants, promises as fs } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SlipwayError } from '../core/errors.ts';
import type { Code } from '../core/codes.ts';
import type { Files, FileStat, WriteOptions } from './host.ts';

const CODE_BY_ERRNO: Readonly<Record<string, Code>> = {
  EACCES: 'SLW-HST-001',
  EPERM: 'SLW-HST-001',
  ENOSPC: 'SLW-HST-002',
  EDQUOT: 'SLW-HST-002',
  EROFS: 'SLW-HST-003',
};

let temporaryCounter = 0;

export const nodeFiles: Files = {
  readText: async (path) => (await readOrUndefined(path))?.toString('utf8'),
  readBytes: (path) => readOrUndefined(path),
  writeAtomic: (path, data, options) => guard(path, 'write', () => writeAtomic(path, data, options)),
  stat: (path) => statOrUndefined(path),
  list: (path) => guard(path, 'list', () => listOrEmpty(path)),
  mkdir: (path, mode = 0o700) => guard(path, 'create', () => makeFolder(path, mode)),
  remove: (path) => guard(path, 'remove', () => fs.rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })),
  rename: (from, to) => guard(from, 'rename', () => fs.rename(from, to)),
  copy: (from, to) => guard(from, 'copy', () => fs.copyFile(from, to)),
  chmod: (path, mode) => guard(path, 'change the mode of', () => fs.chmod(path, mode)),
  symlink: (target, path) => guard(path, 'link', () => fs.symlink(target, path)),
  readlink: (path) => guard(path, 'read the link', () => fs.readlink(path)),
  realpath: (path) => guard(path, 'resolve', () => fs.realpath(path)),
  readRange: (path, offset, length) => guard(path, 'read', () => readRange(path, offset, length)),
  truncate: (path) => guard(path, 'truncate', () => fs.truncate(path, 0)),
  sync: (path) => guard(path, 'sync', () => syncFolder(path)),
  freeBytes: (path) =>
    guard(path, 'inspect', async () => {
      const stat = await fs.statfs(path);
      return stat.bavail * stat.bsize;
    }),
};

/** On a read-only file system a recursive mkdir says ENOENT (seen with Node 26.10); the nearest folder that exists tells the true reason. */
async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await fs.mkdir(path, { recursive: true, mode });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    let missing = path;
    while (dirname(missing) !== missing && (await statOrUndefined(dirname(missing))) === undefined) missing = dirname(missing);
    await fs.mkdir(missing, { mode });
    await fs.mkdir(path, { recursive: true, mode });
  }
}

/** Runs a file operation and turns what the system says into a coded error that names the path. */
async function guard<T>(path: string, verb: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error, verb, path);
  }
}

function fileError(error: unknown, verb: string, path: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const reason = error instanceof Error ? error.message.replace(/^\w+: /, '').replace(/, \w+ .*$/, '') : errno;
  return new SlipwayError(CODE_BY_ERRNO[errno] ?? 'SLW-HST-004', `cannot ${verb} ${path}: ${reason}`, {
    cause: error,
    data: { path, errno },
  });
}

function errnoOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '');

async function readOrUndefined(path: string): Promise<Buffer | undefined> {
  try {
    return await fs.readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileError(error, 'read', path);
  }
}

async function statOrUndefined(path: string): Promise<FileStat | undefined> {
  try {
    const stat = await fs.lstat(path);
    const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'dir' : stat.isSymbolicLink() ? 'symlink' : 'other';
    return { kind, size: stat.size, mode: stat.mode & 0o7777, mtimeMs: stat.mtimeMs, uid: stat.uid, ino: stat.ino };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileError(error, 'inspect', path);
  }
}

async function listOrEmpty(path: string): Promise<readonly string[]> {
  try {
    const names = await fs.readdir(path);
    return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function writeAtomic(path: string, data: string | Uint8Array, options: WriteOptions = {}): Promise<void> {
  const mode = options.mode ?? 0o600;
  await removeAbandoned(path);
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${temporaryCounter++}.tmp`);
  try {
    const handle = await fs.open(temporary, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, mode);
    try {
      await handle.writeFile(data);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

/** A writer that was killed leaves its temporary file, perhaps half a key: the next writer of the same file takes it away. */
async function removeAbandoned(path: string): Promise<void> {
  const prefix = `.${basename(path)}.`;
  for (const name of await listOrEmpty(dirname(path))) {
    const pid = name.startsWith(prefix) ? /^(\d+)\.\d+\.tmp$/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (pid !== undefined && !isProcess(Number(pid))) await fs.rm(join(dirname(path), name), { force: true });
  }
}

function isProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await fs.open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await fs.open(path, constants.O_RDONLY);
  try {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(buffer, 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
