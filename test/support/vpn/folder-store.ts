/** The store of a VPN as files in a folder: what the operator's side writes, and what the bed's S3 serves to hosts. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { sha256 } from '../../../src/core/digest.ts';
import type { ObjectStore } from '../../../src/engine/remote/store.ts';

export interface FolderStore extends ObjectStore {
  readonly dir: string;
  /** Called before each write with its key; throws to make it fail. */
  beforePut: (key: string) => void;
}

export function createFolderStore(dir: string): FolderStore {
  mkdirSync(dir, { recursive: true });
  const read = (key: string): Uint8Array | undefined => {
    try {
      return new Uint8Array(readFileSync(join(dir, key)));
    } catch {
      return undefined;
    }
  };
  const store: FolderStore = {
    dir,
    location: dir,
    beforePut: () => {},
    get: async (key, signal) => {
      signal.throwIfAborted();
      const body = read(key);
      return body && { body, etag: sha256(body) };
    },
    put: async (key, body, { signal, ifMatch, ifNoneMatch }) => {
      signal.throwIfAborted();
      store.beforePut(key);
      const held = read(key);
      if (ifNoneMatch === '*' && held) return undefined;
      if (ifMatch !== undefined && (!held || sha256(held) !== ifMatch)) return undefined;
      mkdirSync(dirname(join(dir, key)), { recursive: true });
      writeFileSync(join(dir, key), body);
      return sha256(body);
    },
    list: async (prefix, signal) => {
      signal.throwIfAborted();
      const entries = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      return entries
        .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
        .filter((key) => key.startsWith(prefix))
        .sort();
    },
    delete: async (key, signal) => {
      signal.throwIfAborted();
      rmSync(join(dir, key), { force: true });
    },
  };
  return store;
}
