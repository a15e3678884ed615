/**
 * Kills of the pivot: at a write, at a phase, or at an instant. What a kill hit is told by the write log and the events, so that a result can
 * say which phases were covered; a run that ended by itself before its kill does not count as killed.
 */
import type { PivotPhase } from '../../src/capi/pivot/options.ts';
import { describeRun, type PivotRunOptions, type PivotRunResult, runPivotChild } from './pivot-run.ts';
import type { CapiWorld } from './capi-world.ts';
import type { KillOrder } from './pivot-main.ts';

export interface PivotKill {
  /** What the kill was aimed at: `after write 7`, `started copy`, `at 1312 ms`. */
  readonly aim: string;
  readonly landed: boolean;
  /** Phase in which it hit, and the last write begun before. */
  readonly phase: string;
  readonly lastWrite?: string;
}

export const FORWARD_PHASES: readonly PivotPhase[] = [
  'preflight',
  'quiesce',
  'fence',
  'copy',
  'status',
  'verify',
  'commit',
  'release',
  'watch',
];

/** One run with a kill. @throws when the run failed by itself */
export async function killedRun(world: CapiWorld, options: PivotRunOptions): Promise<PivotKill & { readonly run: PivotRunResult }> {
  const run = await runPivotChild(world, options);
  if (!run.killed && run.code !== 0) throw new Error(`a run to be killed ${aimOf(options)} failed by itself: ${describeRun(run)}`);
  const last = run.writes.at(-1);
  return {
    run,
    aim: aimOf(options),
    landed: run.killed,
    phase: run.phase,
    ...(last && { lastWrite: `${last.purpose} ${last.verb} ${last.ref} on the ${last.end}` }),
  };
}

function aimOf({ kill, killAfterMs }: PivotRunOptions): string {
  if (killAfterMs !== undefined) return `at ${killAfterMs} ms`;
  if (!kill) return 'never';
  if ('hitFile' in kill) return 'at the next side of a write';
  return 'write' in kill ? `${kill.side} write ${kill.write}` : `${kill.side} ${kill.phase}`;
}

export interface ChainOptions {
  /** Write, counted within each run, at which the next run is killed. */
  readonly next: () => KillOrder | undefined;
  /** Gives up after so many kills: a chain that makes no progress is a failure. */
  readonly most: number;
  readonly run?: Partial<PivotRunOptions>;
}

/** Runs and kills until a run ends by itself. Each run begins where the one before was killed. */
export async function killChain(world: CapiWorld, { next, most, run }: ChainOptions): Promise<readonly PivotKill[]> {
  const kills: PivotKill[] = [];
  for (;;) {
    if (kills.length > most) throw new Error(`after ${kills.length} kills the pivot is still not done, last in ${kills.at(-1)?.phase}`);
    const kill = next();
    const hit = await killedRun(world, { ...run, ...(kill && { kill }) });
    if (!hit.landed) return kills;
    const { run: _, ...told } = hit;
    kills.push(told);
  }
}
