/** The documents of the repository, and what can be checked in them: links, anchors, command lines, project files. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './sources.ts';

export interface Fence {
  readonly language: string;
  readonly text: string;
}

/** Every Markdown file that Git knows or would take, by path from the top. */
export const documentPaths = knownFiles('*.md');

/** What Git knows or would take, and is there; of a folder, what lies in it. */
export function knownFiles(pattern: string): readonly string[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', pattern], { cwd: ROOT, encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '' && existsSync(join(ROOT, path)));
}

/** What a user follows: README, guide and examples. */
export const guidePaths = documentPaths.filter(
  (path) => path === 'README.md' || path.startsWith('docs/guide/') || path.startsWith('examples/'),
);

export const readDocument = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

export function fencesOf(text: string): readonly Fence[] {
  return [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', body = '']) => ({ language, text: body }));
}

const withoutFences = (text: string): string => text.replace(/^```.*?^```$/gms, '');

/** Links that lead nowhere: a missing file, or a heading that is not in it. */
export function deadLinks(path: string): readonly string[] {
  const targets = [...withoutFences(readDocument(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target) && !leadsSomewhere(path, target));
}

function leadsSomewhere(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? from : join(dirname(from), file);
  if (!existsSync(join(ROOT, path))) return false;
  if (anchor === undefined) return true;
  return !statSync(join(ROOT, path)).isDirectory() && anchorsOf(path).includes(anchor);
}

/** As GitHub names headings: lower case, punctuation away, spaces to hyphens. */
function anchorsOf(path: string): readonly string[] {
  return [...withoutFences(readDocument(path)).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Command lines as a user would type them, in shell blocks, in recorded sessions and inside sentences; without `slipway` itself. */
export function commandLinesOf(text: string): readonly string[] {
  const typed = fencesOf(text).flatMap(({ language, text: block }) =>
    block.split('\n').filter((line) => language === 'sh' || line.startsWith('$ ')),
  );
  const inSentences = [...withoutFences(text).matchAll(/`(slipway [^`\n]+)`/g)].map(([, code = '']) => code);
  return [...typed, ...inSentences].flatMap((line) =>
    [...line.matchAll(/(?:^|[;|&(]|\$ )\s*(?:\.\/)?slipway +([^;|&<>#)]+)/g)].map(([, words = '']) => words.trim()),
  );
}
