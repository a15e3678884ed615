/** Chained kills: killed beside one record of the journal, the same command goes on and is killed beside the next, up to the last. */
import { join } from 'node:path';
import { parseNdjson, REPOSITORY, type Sandbox } from './slipway.ts';

const KILL_MAIN = join(REPOSITORY, 'test', 'support', 'kill-main.ts');

/** `before|after TYPE [STEP]`, as kill-main.ts reads it. */
export type KillPoint = string;

/** Both sides of every record that the last run wrote. */
export async function killPointsOfLastRun(sandbox: Sandbox): Promise<readonly KillPoint[]> {
  const { stdout } = await sandbox.run(['journal', 'show']);
  const rows = parseNdjson(stdout) as readonly {
    readonly run?: string;
    readonly event?: { readonly type: string; readonly step?: string };
  }[];
  const last = rows.findLast((row) => row.run !== undefined)?.run;
  const records = rows.flatMap(({ run, event }) => (run === last && event ? [[event.type, event.step].filter(Boolean).join(' ')] : []));
  return [...new Set(records)].flatMap((record) => [`before ${record}`, `after ${record}`]);
}

export interface ChainOptions {
  readonly args: readonly string[];
  /** Puts the world where the chain began; for points that a chain passed by, because what they record was done before an earlier kill. */
  readonly restart: () => Promise<void>;
}

/** How often the chain had to begin anew. @throws when a kill did not land even then, or a run failed by itself */
export async function runKillChain(sandbox: Sandbox, points: readonly KillPoint[], { args, restart }: ChainOptions): Promise<number> {
  let restarts = 0;
  for (const point of points) {
    if (await landed(sandbox, args, point)) continue;
    restarts += 1;
    await restart();
    if (!(await landed(sandbox, args, point))) throw new Error(`the kill ${point} never landed`);
  }
  return restarts;
}

async function landed(sandbox: Sandbox, args: readonly string[], point: KillPoint): Promise<boolean> {
  const { signal, code, stderr, stdout } = await sandbox.run(args, { main: KILL_MAIN, env: { SLIPWAY_TEST_KILL: point } });
  if (signal === 'SIGKILL') return true;
  if (code === 0) return false;
  throw new Error(`slipway ${args.join(' ')}, to be killed ${point}, exited with ${code}:\n${stderr}\n${stdout}`);
}
