import { describe, expect, it } from 'vitest';
import { codeOnly, importsOf, readSources, type SourceFile } from './sources.ts';

/** What only src/host may touch: everything else takes a Host, so that it can be tested, replayed and redacted. */
const FORBIDDEN_NAMES: readonly RegExp[] = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /\bset(?:Timeout|Interval|Immediate)\b/,
  /\bMath\.random\b/,
  /\bprocess\./,
  /\bperformance\./,
  /(?<![.\w])fetch\(/,
  /\bAbortSignal\.timeout\b/,
  /(?<![.\w])console\./,
];
const FORBIDDEN_MODULES: readonly string[] = [
  'node:fs',
  'node:fs/promises',
  'node:child_process',
  'node:net',
  'node:os',
  'node:timers',
  'node:timers/promises',
  'node:process',
  'node:readline',
  'node:readline/promises',
  'execa',
];

/** Programs of their own and the composition root; each line needs a reason. */
const EXEMPT: readonly { readonly file: RegExp; readonly why: string }[] = [
  { file: /^src\/host\//, why: 'implements the host' },
  { file: /^src\/cli\/main\.ts$/, why: 'composition root: argv, and version without loading the host' },
];

function touches(file: SourceFile): readonly string[] {
  const code = codeOnly(file.text);
  const names = FORBIDDEN_NAMES.flatMap((pattern) => pattern.exec(code)?.[0] ?? []).filter((name) => !isOwnField(code, name));
  const modules = importsOf(file)
    .filter(({ to, typeOnly }) => !typeOnly && FORBIDDEN_MODULES.includes(to))
    .map(({ to }) => to);
  return [...names, ...modules].map((what) => `${file.path} touches ${what}`);
}

/** A local of the same name, as in a record of a child called `process` or a callback called `fetch`. */
function isOwnField(code: string, name: string): boolean {
  const word = /^\w+/.exec(name)?.[0] ?? '';
  if (word !== 'process' && word !== 'fetch') return false;
  return new RegExp(
    `(?:const|let|function)\\s+\\{?[^=;(]*\\b${word}\\b|[(,{]\\s*(?:readonly )?${word}\\b\\s*\\??\\s*[,:})]|\\b${word}\\s*=>`,
  ).test(code);
}

describe('the world', () => {
  const sources = readSources('src').filter(
    (file) => !file.path.endsWith('.test.ts') && !EXEMPT.some(({ file: pattern }) => pattern.test(file.path)),
  );

  it('is touched in src/host alone', () => {
    expect(sources.flatMap(touches)).toEqual([]);
  });

  it('is noticed when it is touched', () => {
    const texts = [
      'const t = Date.now();',
      'setTimeout(f, 1);',
      'Math.random();',
      'process.exit(1);',
      "import { readFile } from 'node:fs/promises';",
      'await fetch(url);',
      'const d = new Date();',
    ];
    expect(texts.flatMap((text) => touches({ path: 'src/engine/x.ts', text }))).toHaveLength(texts.length);
  });

  it('is not suspected in comments, strings and parsing of given times', () => {
    const text =
      "// Date.now() is forbidden\nconst a = 'process.exit';\nconst b = new Date(ms).toISOString();\nconst c = client.fetch(x);\n";
    expect(touches({ path: 'src/engine/x.ts', text })).toEqual([]);
  });
});
