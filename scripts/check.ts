/** Everything a reviewer's eye should not be needed for: types, lint, format, dead code, house rules, generated pages. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const node = process.execPath;
const bin = (name: string): string => join(root, 'node_modules', '.bin', name);

interface Check {
  readonly name: string;
  readonly command: readonly string[];
  /** A tool that is not part of the repository: without it the check is skipped, and counted as such. */
  readonly optional?: boolean;
}

const generators = readdirSync(import.meta.dirname)
  .filter((file) => /^generate-.*\.ts$/.test(file) && !file.endsWith('.test.ts'))
  .sort()
  .map((file): Check => ({
    name: `generated: ${file.replace(/^generate-|\.ts$/g, '')}`,
    command: [node, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, file), '--check'],
  }));

const checks: readonly Check[] = [
  { name: 'types', command: [bin('tsc'), '--noEmit'] },
  { name: 'lint and size limits', command: [bin('oxlint')] },
  { name: 'format', command: [bin('oxfmt'), '--check'] },
  { name: 'dead code', command: [bin('knip')] },
  { name: 'house rules', command: [node, join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', '--project', 'unit', 'test/house/'] },
  {
    name: 'shell scripts',
    command: ['shellcheck', '-x', 'slipway', 'scripts/bootstrap.sh', 'scripts/with-node.sh', '.ci/run'],
    optional: true,
  },
  ...generators,
];

const only = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const check of checks.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)))) {
  const [command = '', ...args] = check.command;
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const missing = check.optional === true && result.error !== undefined;
  const outcome = missing ? 'skipped' : result.status === 0 ? 'passed' : 'failed';
  counts[outcome] += 1;
  console.log(`${outcome}: ${check.name}${missing ? ` (${command} is not installed)` : ''}`);
  if (outcome === 'failed') console.log(`${result.stdout ?? ''}${result.stderr ?? ''}${result.error?.message ?? ''}`.trimEnd());
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 ? 0 : 1;
