/**
 * `npm run storm -- [--seed S] [--minutes M] [--project DIR] [--out FILE]`: the full storm of kills on real components. Resumable: rounds
 * already in FILE for the same seed and commit are not repeated. Stops at the first difference, leaving the sandbox for inspection.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createSandbox } from '../test/support/slipway.ts';
import { createRandom, halfRound, type Round, type StormPlan, stormRound, takeReference } from '../test/support/storm.ts';

interface StormFile {
  readonly commit: string;
  readonly seed: number;
  readonly rounds: readonly (Round & { readonly round: number; readonly ms: number })[];
  readonly totals: Totals;
}

interface Totals {
  readonly rounds: number;
  readonly killsAimed: number;
  readonly killsLanded: { readonly up: number; readonly down: number; readonly children: number };
}

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '10' },
    project: { type: 'string' },
    name: { type: 'string', default: 'demo' },
    cluster: { type: 'string', default: 'demo' },
    out: { type: 'string', default: join(import.meta.dirname, '..', 'bench', 'results', 'storm.json') },
  },
});

/** Every so many rounds one goes all the way up and compares worlds; the others kill `up` and `down` of what never got up. */
const WHOLE_EVERY = 6;
const seed = Number(values.seed);
const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
const sandbox = createSandbox(values.project === undefined ? { example: 'quickstart' } : {});
if (values.project !== undefined)
  cpSync(resolve(values.project), join(sandbox.dir, 'project'), { recursive: true, filter: (path) => !path.endsWith('.slipway') });
const plan: StormPlan = { sandbox, project: values.name, clusters: [values.cluster], seed };

const before = readStorm(values.out);
let rounds = before?.seed === seed && before.commit === commit ? [...before.rounds] : [];
say(`sandbox ${sandbox.dir}, commit ${commit.slice(0, 12)}, seed ${seed}, ${rounds.length} rounds done before`);
const reference = await takeReference(plan);
say(
  `reference: up ${Math.round(reference.upMs)} ms, down ${Math.round(reference.downMs)} ms, ${Object.keys(reference.up).length} things in the world`,
);

const end = performance.now() + Number(values.minutes) * 60_000;
for (let round = rounds.length; performance.now() < end; round++) {
  const started = performance.now();
  const play = round % WHOLE_EVERY === 0 ? stormRound : halfRound;
  const result = await play(plan, reference, createRandom(seed * 100_003 + round));
  rounds = [...rounds, { round, ms: Math.round(performance.now() - started), ...result }];
  writeStorm(values.out, { commit, seed, rounds, totals: totalsOf(rounds) });
  say(
    `round ${round}: ${result.kills.map((kill) => `${kill.verb}@${kill.at}${kill.landed ? '' : ' (too late)'} [${kill.phase}]`).join(', ')}`,
  );
}
say(JSON.stringify(totalsOf(rounds)));
await sandbox.remove();

function totalsOf(all: readonly Round[]): Totals {
  const kills = all.flatMap((round) => round.kills);
  const landed = (verb: string): number => kills.filter((kill) => kill.verb === verb && kill.landed).length;
  return {
    rounds: all.length,
    killsAimed: kills.length,
    killsLanded: { up: landed('up'), down: landed('down'), children: landed('children') },
  };
}

function readStorm(path: string): StormFile | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as StormFile) : undefined;
}

function writeStorm(path: string, file: StormFile): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(file, null, 1)}\n`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
