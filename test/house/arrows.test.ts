import { describe, expect, it } from 'vitest';
import { findCycles } from '../../src/config/rules/cycles.ts';
import { EVERYWHERE, HOST_BUILDERS, LAYERS, LEVELLESS, levelOf } from './layers.ts';
import { importsOf, readSources, type SourceFile } from './sources.ts';

const sources = readSources('src');

function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** Why an import breaks the rule; undefined when it is fine. */
function brokenArrow(from: string, to: string): string | undefined {
  if (!to.startsWith('src/') || EVERYWHERE.includes(to) || LEVELLESS.includes(from)) return undefined;
  const [own, other] = [folderOf(from), folderOf(to)];
  if (other === 'host')
    return HOST_BUILDERS.some((pattern) => pattern.test(from)) ? undefined : `${from} imports ${to}: take a Host as a parameter`;
  if (own === 'host') return other === 'core' ? undefined : `${from} imports ${to}: the host stands on core alone`;
  if (own === other) return siblingInside(from, to);
  return upOrSideways(from, to);
}

function upOrSideways(from: string, to: string): string | undefined {
  const [own, other] = [folderOf(from), folderOf(to)];
  if (levelOf(own) < levelOf(other)) return `${from} imports ${to}: an arrow up`;
  if (levelOf(own) === levelOf(other)) return `${from} imports ${to}: an arrow sideways`;
  return undefined;
}

/** One provisioner never imports another, one network neither. */
function siblingInside(from: string, to: string): string | undefined {
  const [, top, own, ownRest] = from.split('/');
  const [, , other, otherRest] = to.split('/');
  const apart = (top === 'provisioners' || top === 'networks') && ownRest !== undefined && otherRest !== undefined && own !== other;
  return apart ? `${from} imports ${to}: one of ${top} imports another` : undefined;
}

function brokenArrows(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter((file) => !file.path.endsWith('.test.ts'))
    .flatMap((file) => importsOf(file).flatMap(({ from, to }) => brokenArrow(from, to) ?? []));
}

/** Of files that import each other; a type is an arrow as well, what is loaded when it is needed is none. */
function circles(files: readonly SourceFile[]): readonly (readonly string[])[] {
  return findCycles(new Map(files.map((file) => [file.path, importsOf(file).flatMap(({ to, isLazy }) => (isLazy ? [] : [to]))])));
}

describe('arrows', () => {
  it('form no circle', () => {
    expect(circles(sources)).toEqual([]);
  });

  it('that form a circle are found, types included', () => {
    const files = [
      { path: 'src/core/a.ts', text: "import type { B } from './b.ts';\n" },
      { path: 'src/core/b.ts', text: "import { c } from './c.ts';\nexport { d } from './d.ts';\n" },
      { path: 'src/core/c.ts', text: "import { a } from './a.ts';\n" },
      { path: 'src/core/d.ts', text: '' },
    ];
    expect(circles(files)).toEqual([['src/core/a.ts', 'src/core/b.ts', 'src/core/c.ts']]);
  });

  it('point down only', () => {
    expect(brokenArrows(sources)).toEqual([]);
  });

  it('know every folder of src', () => {
    const folders = new Set(
      sources
        .map((file) => file.path.split('/'))
        .filter((parts) => parts.length > 2)
        .map((parts) => parts[1] ?? ''),
    );
    const known = new Set([...LAYERS.flat(), 'host']);
    expect([...folders].filter((folder) => !known.has(folder))).toEqual([]);
  });

  it('are found when they are broken', () => {
    const fake = (path: string, target: string): SourceFile => ({ path, text: `import { x } from '${target}';\n` });
    const broken = [
      fake('src/core/a.ts', '../engine/step.ts'),
      fake('src/kube/a.ts', '../git/shadow.ts'),
      fake('src/config/a.ts', '../engine/step.ts'),
      fake('src/flux/a.ts', '../host/node.ts'),
      fake('src/provisioners/local/a.ts', '../existing/b.ts'),
      fake('src/host/node.ts', '../engine/step.ts'),
      { path: 'src/engine/a.ts', text: "const x = await import('../kube/client.ts');\n" },
      { path: 'src/engine/b.ts', text: "export type { X } from '../cli/main.ts';\n" },
    ];
    expect(brokenArrows(broken)).toHaveLength(broken.length);
  });

  it('may point down', () => {
    expect(
      brokenArrows([
        {
          path: 'src/cli/a.ts',
          text: "import { x } from '../project/up.ts';\nimport type { Host } from '../host/host.ts';\nimport y from 'zod';\n",
        },
      ]),
    ).toEqual([]);
  });
});
