/** One Slipway at a time in a work folder: the kernel frees the lock when its owner dies, so it is never left behind. */
import { isSlipwayError, SlipwayError } from '../core/errors.ts';
import { acquireLock, type Lock } from '../engine/lock.ts';
import type { StepReport } from '../engine/step.ts';
import type { Host } from '../host/host.ts';
import { privateDir } from './runner.ts';

export interface FolderWait {
  readonly dir: string;
  readonly object: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly report: (report: StepReport) => void;
}

const POLL_MS = 300;

/** @throws SLW-TOF-014 when another Slipway stays in the folder beyond the bound */
export async function inFolder<T>(host: Host, wait: FolderWait, act: () => Promise<T>): Promise<T> {
  await host.files.mkdir(privateDir(wait.dir));
  const lock = await acquire(host, wait);
  try {
    return await act();
  } finally {
    await lock.release();
  }
}

async function acquire(host: Host, { dir, object, signal, timeoutMs, report }: FolderWait): Promise<Lock> {
  const begun = host.clock.monotonic();
  for (;;) {
    signal.throwIfAborted();
    try {
      return await acquireLock(host, privateDir(dir), 'tofu');
    } catch (thrown) {
      if (!isSlipwayError(thrown) || thrown.code !== 'SLW-STA-008') throw thrown;
      const owner = thrown.object ?? 'another slipway';
      if (host.clock.monotonic() - begun > timeoutMs) {
        throw new SlipwayError('SLW-TOF-014', `${owner} still works in the folder of ${object} after ${Math.round(timeoutMs / 1000)}s`, {
          object,
          cause: thrown,
        });
      }
      report({ type: 'waiting', object, reason: 'WorkFolderBusy', message: `${owner} works in the same folder`, boundMs: timeoutMs });
      await host.clock.sleep(POLL_MS, signal);
    }
  }
}
