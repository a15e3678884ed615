/** Ends what a test started, also when it ended by itself. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A signal works within milliseconds; openvpn takes seconds to say good-bye. */
const BOUND_MS = 60_000;

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** Resolves when it has ended and its output was read. @throws when it did not within a minute */
export async function endChild(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, 'close', { signal: AbortSignal.timeout(BOUND_MS) });
  child.kill(signal);
  await gone.catch((cause: unknown) => {
    throw new Error(`${child.spawnfile} (${child.pid}) did not end after ${signal}`, { cause });
  });
}
