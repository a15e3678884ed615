/**
 * `node scripts/aws-storm.ts [--seed S] [--minutes M] [--out FILE]`: kills of `up`, of `down` and of their tofu over Network and EKS on
 * the test bed. Resumable: rounds already in FILE for the same seed and commit are not repeated. Stops at the first difference.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type AwsKill, awsStormRound, openAwsStorm } from '../test/support/aws-storm.ts';
import { createRandom } from '../test/support/storm.ts';

interface Round {
  readonly round: number;
  readonly ms: number;
  readonly kills: readonly AwsKill[];
}

interface StormFile {
  /** The last commit that touched what is tested. */
  readonly commit: string;
  readonly seed: number;
  readonly totals: object;
  readonly rounds: readonly Round[];
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '10' },
    out: { type: 'string', default: join(import.meta.dirname, '..', 'bench', 'results', 'aws-storm.json') },
  },
});
const seed = Number(values.seed);
const tested = [
  'log',
  '-1',
  '--format=%H',
  '--',
  '../src/tofu',
  '../src/cloud',
  '../src/networks',
  '../src/provisioners/eks',
  '../modules',
];
const commit = execFileSync('git', tested, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
const before = existsSync(values.out) ? (JSON.parse(readFileSync(values.out, 'utf8')) as StormFile) : undefined;
let rounds = before?.seed === seed && before.commit === commit ? [...before.rounds] : [];

const end = performance.now() + Number(values.minutes) * 60_000;
const storm = await openAwsStorm();
say(`sandbox ${storm.project.sandbox.dir}, commit ${commit.slice(0, 12)}, seed ${seed}, ${rounds.length} rounds done before`);
say(`reference: up ${Math.round(storm.upMs)} ms, down ${Math.round(storm.downMs)} ms`);
for (let round = rounds.length; performance.now() < end; round++) {
  const random = createRandom(seed * 100_003 + round);
  const started = performance.now();
  const kills = await awsStormRound(storm, random, { ups: 5 + Math.floor(random() * 4), downs: 3 + Math.floor(random() * 3) });
  rounds = [...rounds, { round, ms: Math.round(performance.now() - started), kills }];
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, `${JSON.stringify({ commit, seed, totals: totalsOf(rounds), rounds } satisfies StormFile, null, 1)}\n`);
  say(
    `round ${round}: ${kills.map(({ verb, victim, at, landed, tofu = 'none' }) => `${verb}/${victim}@${at}${landed ? '' : ' (missed)'} [tofu ${tofu}]`).join(', ')}`,
  );
}
say(JSON.stringify(totalsOf(rounds)));
await storm.project.close();

function totalsOf(all: readonly Round[]): object {
  const kills = all.flatMap((round) => round.kills);
  const landed = kills.filter((kill) => kill.landed);
  const count = (fits: (kill: AwsKill) => boolean): number => landed.filter(fits).length;
  return {
    rounds: all.length,
    killsAimed: kills.length,
    killsLanded: landed.length,
    byVerb: { up: count(({ verb }) => verb === 'up'), down: count(({ verb }) => verb === 'down') },
    byVictim: {
      slipway: count(({ victim }) => victim === 'slipway'),
      tofu: count(({ victim }) => victim === 'tofu'),
      both: count(({ victim }) => victim === 'both'),
    },
    whileTofuRan: count(({ tofu }) => tofu !== undefined),
    whileTofuApplied: count(({ tofu }) => tofu === 'apply'),
  };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
