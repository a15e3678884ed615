/** `npm run bench [-- NAME…]`: prints one table and writes bench/results/latest.json. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { type BenchRow, formatTable } from './row.ts';

const suites: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
  startup: async () => (await import('./startup.ts')).benchStartup(),
  config: async () => (await import('./config.ts')).benchConfig(),
  apply: async () => (await import('./apply.ts')).benchApply(),
  journal: async () => (await import('./journal.ts')).benchJournal(),
  pivot: async () => (await import('./pivot.ts')).benchPivot(),
  aws: async () => (await import('./aws.ts')).benchAws(),
  quickstart: async () => (await import('./quickstart.ts')).benchQuickstart(),
};

const wanted = process.argv.slice(2);
const rows: BenchRow[] = [];
/** Before anything of ours runs: what others do on the machine. */
const [loadBefore = 0] = loadavg();
for (const [name, run] of Object.entries(suites)) if (wanted.length === 0 || wanted.includes(name)) rows.push(...(await run()));
const machine = {
  cores: availableParallelism(),
  memoryGib: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  platform: `${process.platform}-${process.arch}`,
  loadBefore,
};
const folder = join(import.meta.dirname, 'results');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'latest.json'), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
process.stdout.write(`${formatTable(rows)}\n`);
