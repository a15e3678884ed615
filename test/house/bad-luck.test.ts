import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { badInputAndBadLuck, badInputAndBadLuckOnAws, type CoveredLine } from '../bad-luck/table.ts';

const root = join(import.meta.dirname, '..', '..');

/** What was asked for, in its own words. */
const ASKED = `unknown key, wrong type, duplicate name, dangling/cyclic reference, empty file, tab, 10 MB file, alias bomb, non-UTF-8;
  repository path missing or not a repository, branch missing, auth refused (401, wrong host key), Kustomization path missing,
  invalid manifest, CRD missing, immutable field, failing health check; port taken between choice and use, disk full, read-only folder,
  state folder of a newer version, corrupt journal line, two operators at once, stale lock, clock jump, killed child,
  API server restart during apply`;

/** The same for AWS. */
const ASKED_OF_AWS = `CIDR overlap or too small for the AZs, subnet counts, unknown region/instance type/AMI family,
  missing or expired credentials (which one, how to get it), insufficient permission (which action), quota, name taken, state locked by whom
  since when, state bucket in another account, tofu too old, plan stale, provider crash, network gone in the middle, unreachable private API,
  expired VPN certificate, removed node pool with pods that cannot move (warned in the plan)`;

/** One asked-for phrase may be two lines of the table. */
const SPLIT: Readonly<Record<string, readonly string[]>> = {
  'dangling/cyclic reference': ['dangling reference', 'cyclic reference'],
  'repository path missing or not a repository': ['repository path missing', 'repository path is not a repository'],
  'auth refused (401': ['auth refused: 401'],
  'wrong host key)': ['auth refused: wrong host key'],
  'CIDR overlap or too small for the AZs': ['CIDR overlap', 'CIDR too small for the AZs'],
  'unknown region/instance type/AMI family': ['unknown region', 'unknown instance type', 'unknown AMI family'],
  'missing or expired credentials (which one': ['missing credentials', 'expired credentials'],
  'how to get it)': [],
  'insufficient permission (which action)': ['insufficient permission: which action'],
  'removed node pool with pods that cannot move (warned in the plan)': ['removed node pool with pods that cannot move'],
};

/** Why the test does not hold the line, or undefined. */
function faultOf(file: string, title: string, { mayBeSkipped }: CoveredLine): string | undefined {
  const path = join(root, file);
  if (!existsSync(path)) return `${file} is not there`;
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n').filter((line) => line.includes(`'${title}'`));
  if (lines.length === 0) return `${file} has no test "${title}"`;
  if (lines.some((line) => /^\s*(\/\/|\*)/.test(line))) return `"${title}" is only a comment in ${file}`;
  if (/^\s*(it|test|describe)\.(skip|todo|only|fails)\b/m.test(text)) return `${file} skips tests`;
  return isConditional(text, title) && mayBeSkipped === undefined ? `"${title}" may be skipped, and the table does not say why` : undefined;
}

/** Inside of a `skipIf` that is still open: the blocks of a test file end with a `});` at the margin. */
function isConditional(text: string, title: string): boolean {
  const before = text.slice(0, text.indexOf(`'${title}'`));
  const block = before.slice(before.lastIndexOf('\n});') + 1);
  return block.includes('describe.skipIf(') || (before.split('\n').at(-1) ?? '').includes('.skipIf(');
}

describe('bad input and bad luck', () => {
  it.each([
    ['of a cluster', ASKED, badInputAndBadLuck],
    ['of an account', ASKED_OF_AWS, badInputAndBadLuckOnAws],
  ])('%s: has a line for each thing that was asked for, and no other', (_of, words, table) => {
    const asked = words
      .split(/[,;]\s*/)
      .map((phrase) => phrase.trim().replaceAll(/\s+/g, ' '))
      .flatMap((phrase) => SPLIT[phrase] ?? [phrase]);
    expect(table.map(({ line }) => line)).toEqual(asked);
  });

  it.each([...badInputAndBadLuck, ...badInputAndBadLuckOnAws])('$line is held by a test that runs', (covered) => {
    expect(covered.tests.length).toBeGreaterThan(0);
    expect(covered.tests.map(([file, title]) => faultOf(file, title, covered)).filter(Boolean)).toEqual([]);
  });

  it('notices a test that is missing, skipped or only written about', () => {
    const line: CoveredLine = { line: 'x', tests: [] };
    expect(faultOf('test/none.test.ts', 'x', line)).toMatch(/not there/);
    expect(faultOf('test/house/names.test.ts', 'no such title', line)).toMatch(/has no test/);
    expect(faultOf('test/house/names.test.ts', 'are kebab-case', line)).toBeUndefined();
    const conditional = 'that is read-only from the start: up is refused before anything is started';
    const machine = 'test/bad-luck/a-machine-that-fails-is-named-and-up-goes-on-when-it-is-mended.test.ts';
    expect(faultOf(machine, conditional, line)).toMatch(/may be skipped/);
    expect(faultOf(machine, conditional, { ...line, mayBeSkipped: 'why' })).toBeUndefined();
  });
});
