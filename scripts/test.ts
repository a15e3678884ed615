/**
 * Runs a suite and ends with one line of true counts: `N passed, N failed, N skipped`.
 * `scripts/test.ts [quick|unit|smoke|real] [FILTER…]`; quick (the default) is unit and smoke.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What vitest's json reporter writes, as far as it is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const SUITES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  unit: [['--project', 'unit']],
  smoke: [['--project', 'real', 'test/smoke/']],
  real: [['--project', 'real']],
  quick: [
    ['--project', 'unit'],
    ['--project', 'real', 'test/smoke/'],
  ],
};

function runVitest(args: readonly string[], reportFile: string): Counts {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const result = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', vitest, 'run', '--passWithNoTests', ...reporters, ...args],
    { cwd: root, stdio: 'inherit' },
  );
  const counts = readCounts(reportFile);
  const hidden = result.status !== 0 && counts.failed === 0;
  return hidden ? { ...counts, failed: 1 } : counts;
}

/** A file that could not even be loaded has no tests to count: it counts as one failure. */
function readCounts(reportFile: string): Counts {
  if (!existsSync(reportFile)) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
  const unloadable = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloadable.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

const [suite = 'quick', ...filters] = process.argv.slice(2);
const runs = SUITES[suite];
if (!runs) {
  console.error(`no suite "${suite}"; there are ${Object.keys(SUITES).join(', ')}`);
  process.exit(64);
}
const folder = mkdtempSync(join(tmpdir(), 'slipway-tests-'));
let total: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const [index, args] of runs.entries()) {
  const counts = runVitest([...args, ...filters], join(folder, `${index}.json`));
  total = { passed: total.passed + counts.passed, failed: total.failed + counts.failed, skipped: total.skipped + counts.skipped };
}
rmSync(folder, { recursive: true, force: true });
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;
