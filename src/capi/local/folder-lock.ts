/** One at a time works in a folder: two that both see a dead process would start it twice. Freed by the kernel when its holder dies. */
import { join } from 'node:path';
import { isSlipwayError } from '../../core/errors.ts';
import { acquireLock, type Lock } from '../../engine/lock.ts';
import type { Host } from '../../host/host.ts';

/** Beside the folders, because a folder goes away while it is locked. */
const LOCKS = '.locks';
const POLL_MS = 50;

export interface LockedFolder {
  readonly clustersDir: string;
  /** Name of the Cluster and of its folder. */
  readonly name: string;
  readonly signal: AbortSignal;
}

/** What `work` gives, done while nobody else works in the folder. Waits as long as the signal allows. No lock outlives its folder. */
export async function withFolder<T>(host: Host, folder: LockedFolder, work: () => Promise<T>): Promise<T> {
  const { clustersDir, name } = folder;
  const lock = await acquire(host, folder);
  try {
    return await work();
  } finally {
    if ((await host.files.stat(join(clustersDir, name))) === undefined) await removeFolderLock(host, clustersDir, name);
    await lock.release();
  }
}

async function acquire(host: Host, { clustersDir, name, signal }: LockedFolder): Promise<Lock> {
  const dir = join(clustersDir, LOCKS, name);
  for (;;) {
    signal.throwIfAborted();
    await host.files.mkdir(dir);
    try {
      return await acquireLock(host, dir, 'infrastructure local');
    } catch (error) {
      // Whoever removed the cluster took the folder of its lock along.
      const gone = (await host.files.stat(dir)) === undefined;
      if (!gone && !(isSlipwayError(error) && error.code === 'SLW-STA-008')) throw error;
      await host.clock.sleep(POLL_MS, signal);
    }
  }
}

/** To be called by the holder when the folder is gone for good. */
export async function removeFolderLock(host: Host, clustersDir: string, name: string): Promise<void> {
  const parent = join(clustersDir, LOCKS);
  await host.files.remove(join(parent, name));
  if ((await host.files.list(parent)).length === 0) await host.files.remove(parent);
}
