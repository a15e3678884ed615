/** Waits until the processes of a world rest, by their processor time: a busy machine stretches seconds, but not that. Linux only. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Jiffies of a process are hundredths of a second on every Linux. */
const JIFFIES_PER_SECOND = 100;
const WINDOW_MS = 3_000;

/** Until everything that runs in the folder together takes less than `share` of one core for a while. @throws at the bound */
export async function untilCalm(dir: string, { share = 0.15, timeoutMs = 300_000 } = {}): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (let last = processorTimes(dir); ;) {
    const from = performance.now();
    await sleep(WINDOW_MS);
    const now = processorTimes(dir);
    const spent = [...now].reduce((sum, [pid, seconds]) => sum + seconds - (last.get(pid) ?? 0), 0);
    if (spent / ((performance.now() - from) / 1_000) < share) return;
    if (performance.now() > end)
      throw new Error(`the processes in ${dir} do not come to rest: ${spent.toFixed(2)} s in the last ${WINDOW_MS} ms`);
    last = now;
  }
}

/** Seconds by pid. */
function processorTimes(dir: string): ReadonlyMap<string, number> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return new Map(pids.flatMap((pid) => (isOf(pid, dir) ? [[pid, secondsOf(pid)] as const] : [])));
}

function isOf(pid: string, dir: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(dir) || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir);
  } catch {
    return false;
  }
}

function secondsOf(pid: string): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / JIFFIES_PER_SECOND;
  } catch {
    return 0;
  }
}
