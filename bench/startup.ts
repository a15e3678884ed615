/** Start-up: `slipway version` and `--help` against a bare node that does nothing, in turn, medians. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type BenchRow, median } from './row.ts';

const ROOT = join(import.meta.dirname, '..');
const RUNS = 21;

export function benchStartup(): readonly BenchRow[] {
  const bare = () => time(process.execPath, ['-e', '0']);
  const version = () => time(join(ROOT, 'slipway'), ['version']);
  const help = () => time(join(ROOT, 'slipway'), ['--help']);
  for (const warm of [bare, version, help]) warm();
  const figures = Array.from({ length: RUNS }, () => [bare(), version(), help()] as const);
  const [bareMs, versionMs, helpMs] = [0, 1, 2].map((i) => median(figures.map((each) => each[i] ?? 0))) as [number, number, number];
  const peer = { name: 'bare node', value: bareMs };
  return [
    {
      what: '`slipway version`, launcher included',
      ours: versionMs,
      unit: 'ms',
      peer,
      budget: '<= bare node + 25 ms',
      kept: versionMs <= bareMs + 25,
    },
    {
      what: '`slipway --help`, launcher included',
      ours: helpMs,
      unit: 'ms',
      peer,
      budget: 'no zod, yaml, kube loaded',
      kept: helpMs <= bareMs + 80,
    },
  ];
}

function time(command: string, args: readonly string[]): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr.toString()}`);
  return performance.now() - started;
}
