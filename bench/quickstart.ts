/** The quickstart with a built toolchain: first `up` to the applied revision, a second `up`, peak memory, `down`. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchRow, median } from './row.ts';

const ROOT = join(import.meta.dirname, '..');
const RUNS = 3;

interface Timed {
  readonly ms: number;
  readonly peakMib: number;
  readonly stdout: string;
}

export function benchQuickstart(): readonly BenchRow[] {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    cpSync(join(ROOT, 'examples', 'quickstart'), join(dir, 'project'), { recursive: true, filter: (path) => !path.endsWith('.slipway') });
    const rounds = Array.from({ length: RUNS }, () => oneRound(dir));
    return toRows(rounds);
  } catch (error) {
    slipway(dir, ['down', '--confirm', 'demo']);
    throw error;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

type Round = ReturnType<typeof oneRound>;

function oneRound(dir: string) {
  const first = slipway(dir, ['up', '--yes']);
  if (!first.stdout.includes('applied revision')) throw new Error(`up did not end with an applied revision:\n${first.stdout}`);
  const second = slipway(dir, ['up', '--yes']);
  const plan = slipway(dir, ['plan', '--detailed-exitcode']);
  const down = slipway(dir, ['down', '--confirm', 'demo']);
  return { first, second, plan, down };
}

function toRows(rounds: readonly Round[]): readonly BenchRow[] {
  const seconds = (pick: (round: Round) => Timed): number => median(rounds.map((round) => pick(round).ms)) / 1000;
  const first = seconds((round) => round.first);
  const second = seconds((round) => round.second);
  const peak = Math.max(...rounds.flatMap((round) => [round.first.peakMib, round.second.peakMib, round.down.peakMib]));
  return [
    { what: 'quickstart, toolchain built: first `up` to applied revision', ours: first, unit: 's', budget: '<= 10 s', kept: first <= 10 },
    { what: 'quickstart: second `up`, empty plan', ours: second, unit: 's', budget: '<= 2 s', kept: second <= 2 },
    { what: 'quickstart: `plan` of a converged project', ours: seconds((round) => round.plan), unit: 's', budget: '', kept: true },
    { what: 'quickstart: `down`', ours: seconds((round) => round.down), unit: 's', budget: '', kept: true },
    { what: 'memory of the CLI in a run (peak RSS)', ours: peak, unit: 'MiB', budget: '<= 200 MiB', kept: peak <= 200 },
  ];
}

function slipway(dir: string, args: readonly string[]): Timed {
  const peakFile = join(dir, 'peak');
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync('/usr/bin/time', ['-f', '%M', '-o', peakFile, join(ROOT, 'slipway'), ...args], {
    cwd: join(dir, 'project'),
    env: { ...process.env, XDG_STATE_HOME: join(dir, 'xdg-state'), NO_COLOR: '1' },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`slipway ${args.join(' ')} exited with ${status}:\n${stderr}`);
  return { ms: performance.now() - started, peakMib: Number(readFileSync(peakFile, 'utf8').trim().split('\n').at(-1)) / 1024, stdout };
}
