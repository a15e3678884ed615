/**
 * The pivot's whole kill matrix and its storm, by hand: `node scripts/pivot-storm.ts --matrix` kills before and after every object write of a
 * pivot, each run going on where the last was killed; `--instants N --seed S` kills at random instants, some rolled back, until N kills
 * have landed. Both compare worlds at the end of each chain and write bench/results/pivot-{matrix,storm}.json. Resumable.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeRun, runPivotChild } from '../test/support/pivot-run.ts';
import { killChain, killedRun, type PivotKill } from '../test/support/pivot-storm.ts';
import { expectDone, expectMoved, expectRolledBack, type PivotSuite, preparePivotSuite, START } from '../test/support/pivot-suite.ts';
import { createRandom } from '../test/support/storm.ts';

interface Round {
  readonly round: number;
  readonly kills: readonly PivotKill[];
  readonly end: 'moved' | 'rolled back';
  readonly ms: number;
}

interface StormFile {
  readonly commit: string;
  readonly seed: number;
  readonly totals: Totals;
  readonly rounds: readonly Round[];
}

interface Totals {
  readonly rounds: number;
  readonly killsLanded: number;
  readonly killsTooLate: number;
  readonly byPhase: Readonly<Record<string, number>>;
  readonly rolledBack: number;
}

const { values } = parseArgs({
  options: {
    matrix: { type: 'boolean', default: false },
    instants: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
const seed = Number(values.seed);
/** The last commit that touched what is tested: other work meanwhile does not start it anew. */
const tested = ['log', '-1', '--format=%H', '--', '../src/capi/pivot', '../src/kube'];
const commit = execFileSync('git', tested, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
const out = values.out ?? join(import.meta.dirname, '..', 'bench', 'results', values.matrix ? 'pivot-matrix.json' : 'pivot-storm.json');
const before = existsSync(out) ? (JSON.parse(readFileSync(out, 'utf8')) as StormFile) : undefined;
let rounds = before?.commit === commit && before.seed === seed ? [...before.rounds] : [];

const suite = await preparePivotSuite();
try {
  await (values.matrix ? matrix(suite) : storm(suite));
} finally {
  await suite.management.close();
}
say(JSON.stringify(totalsOf(rounds)));
process.exit(0);

/**
 * Before and after every write, one request at a time so that each is hit: a run dies at the first side of a write at which none has died
 * before, and the next goes on from there. A chain that reaches the end is compared; what a chain passed by is hit by the next one.
 */
async function matrix({ management }: PivotSuite): Promise<void> {
  const { world } = management;
  const hitFile = join(world.dir, 'hits');
  for (let round = rounds.length; ; round++) {
    if (round > 0) await world.restore(START);
    const started = performance.now();
    const kills = await killChain(world, {
      most: 2_000,
      next: () => ({ side: 'each', hitFile }),
      run: { pivot: { parallel: 1, holdFrom: 1 } },
    });
    await expectMoved(suite);
    if (kills.length > 0) note({ round, kills: kills.map(named), end: 'moved', ms: Math.round(performance.now() - started) });
    if (kills.length < 5) return;
  }
}

function named(kill: PivotKill, index: number, all: readonly PivotKill[]): PivotKill {
  return { ...kill, aim: all[index - 1]?.lastWrite === kill.lastWrite ? 'after the write' : 'before the write' };
}

/** A chain of kills, then completion or rollback. After a rollback the world is that of the snapshot: the next chain goes on from it. */
async function storm({ management }: PivotSuite): Promise<void> {
  const { world } = management;
  let whole = expectDone(await runPivotChild(world)).ms;
  let fresh = false;
  for (let round = rounds.length; totalsOf(rounds).killsLanded < Number(values.instants); round++) {
    const random = createRandom(seed * 100_003 + round);
    if (!fresh) await world.restore(START);
    const started = performance.now();
    const kills: PivotKill[] = [];
    const back = random() < 0.3;
    // The fleet is too small to be held by itself; a run that goes on does as the first one recorded, if it came to that.
    const pivot = { holdFrom: random() < 0.5 ? 1 : 1_000_000 };
    // A run that goes on has less to do: instants over the whole length would mostly come too late.
    for (let count = 6 + Math.floor(random() * 8); count > 0; count--) {
      const { run: hit, ...kill } = await killedRun(world, { pivot, killAfterMs: Math.floor(300 + random() * whole * 0.3) });
      kills.push(kill);
      if (!hit.killed) break;
    }
    if (back) kills.push(...(await rollBack(random)));
    else expectDone(await runPivotChild(world, { pivot }));
    await (back ? expectRolledBack(suite) : expectMoved(suite));
    fresh = back;
    whole = Math.max(whole, 1_000);
    note({ round, kills, end: back ? 'rolled back' : 'moved', ms: Math.round(performance.now() - started) });
  }
}

/** The rollback is killed, too. */
async function rollBack(random: () => number): Promise<readonly PivotKill[]> {
  const { world } = suite.management;
  const kills: PivotKill[] = [];
  if (random() < 0.6) {
    const run = await runPivotChild(world, { verb: 'rollback', killAfterMs: Math.floor(300 + random() * 3_000) });
    if (!run.killed && run.code !== 0) throw new Error(`a rollback failed: ${describeRun(run)}`);
    kills.push({ aim: 'rollback', landed: run.killed, phase: run.phase });
  }
  const rest = await runPivotChild(world, { verb: 'rollback' });
  if (rest.code !== 0) throw new Error(`the rollback failed: ${describeRun(rest)}`);
  return kills;
}

function note(round: Round): void {
  rounds = [...rounds, round];
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${JSON.stringify({ commit, seed, totals: totalsOf(rounds), rounds } satisfies StormFile, null, 1)}\n`);
  say(
    `round ${round.round}: ${round.kills.map(({ aim, landed, phase }) => `${aim}${landed ? '' : ' (too late)'} [${phase}]`).join(', ')}: ${round.end}`,
  );
}

function totalsOf(all: readonly Round[]): Totals {
  const kills = all.flatMap((round) => round.kills);
  const landed = kills.filter((kill) => kill.landed);
  const byPhase: Record<string, number> = {};
  for (const { phase } of landed) byPhase[phase] = (byPhase[phase] ?? 0) + 1;
  return {
    rounds: all.length,
    killsLanded: landed.length,
    killsTooLate: kills.length - landed.length,
    byPhase,
    rolledBack: all.filter(({ end }) => end === 'rolled back').length,
  };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
