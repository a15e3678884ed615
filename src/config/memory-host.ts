/** For tests: the real host with files and environment variables that exist only in memory. */
import { dirname } from 'node:path';
import type { FileStat, Host } from '../host/host.ts';
import { createNodeHost } from '../host/node.ts';

export interface MemoryFile {
  readonly content: string | Uint8Array;
  readonly mode?: number;
  /** Claims to have this many bytes. */
  readonly size?: number;
  readonly kind?: FileStat['kind'];
}

export interface MemoryWorld {
  /** By absolute path; folders exist as far as files lie in them. */
  readonly files: Readonly<Record<string, string | Uint8Array | MemoryFile>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export function createMemoryHost({ files, env = {}, cwd = '/p' }: MemoryWorld): Host {
  const host = createNodeHost();
  const all = new Map(
    Object.entries(files).map(([path, file]) => [path, typeof file === 'string' || file instanceof Uint8Array ? { content: file } : file]),
  );
  const folders = new Set([...all.keys()].flatMap(parents));
  const bytesOf = (path: string) => {
    const content = all.get(path)?.content;
    return typeof content === 'string' ? new TextEncoder().encode(content) : content;
  };
  return {
    ...host,
    files: {
      ...host.files,
      stat: async (path) => statOf(all.get(path), bytesOf(path)) ?? (folders.has(path) ? { ...EMPTY, kind: 'dir' } : undefined),
      readBytes: async (path) => bytesOf(path),
      readText: async (path) => new TextDecoder().decode(bytesOf(path)),
      list: async (folder) =>
        [...all.keys()]
          .filter((path) => dirname(path) === folder)
          .map((path) => path.slice(folder.length + 1))
          .sort(),
      realpath: async (path) => path,
    },
    env: { ...host.env, cwd, get: (name) => env[name] },
  };
}

const EMPTY: FileStat = { kind: 'file', size: 0, mode: 0o600, mtimeMs: 0, uid: 0, ino: 0 };

function statOf(file: MemoryFile | undefined, bytes: Uint8Array | undefined): FileStat | undefined {
  return file && { ...EMPTY, kind: file.kind ?? 'file', size: file.size ?? bytes?.length ?? 0, mode: file.mode ?? 0o600 };
}

function parents(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [parent, ...parents(parent)];
}

/** A project of one file in /p, without anything else. */
export function hostWith(text: string | Uint8Array, world: Partial<MemoryWorld> = {}): Host {
  return createMemoryHost({ ...world, files: { '/p/slipway.yaml': text, '/p/fleet/.git/HEAD': '', ...world.files } });
}
