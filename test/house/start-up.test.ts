import { describe, expect, it } from 'vitest';
import { importsOf, readSources } from './sources.ts';

const sources = new Map(readSources('src').map((file) => [file.path, file]));

/** Everything that is loaded with these files before any command is chosen: static imports, all the way down. */
function loadedWith(...entries: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const file = sources.get(path);
    if (!file) return;
    const dynamic = new Set([...file.text.matchAll(/\bimport\(\s*'([^']+)'/g)].map((match) => match[1]));
    for (const { to, typeOnly } of importsOf(file)) {
      const isDynamic = [...dynamic].some((specifier) => specifier !== undefined && to.endsWith(specifier.replace(/^(\.\.?\/)+/, '')));
      if (!typeOnly && !isDynamic) visit(to);
    }
  };
  entries.forEach(visit);
  return seen;
}

const HEAVY =
  /^(zod|yaml|execa|undici|@kubernetes\/|@clack\/|@peculiar\/)|^src\/(config|kube|flux|control-plane|provisioners|project|engine\/(?!events))/;

describe('start-up', () => {
  it('of version loads the number and nothing else', () => {
    expect([...loadedWith('src/cli/main.ts')].toSorted()).toEqual(['package.json', 'src/cli/main.ts', 'src/core/version.ts']);
  });

  it('of help loads no configuration, no cluster and no heavy library', () => {
    const loaded = loadedWith('src/cli/main.ts', 'src/cli/application.ts', 'src/host/node-terminal.ts');
    expect(loaded).toContain('@stricli/core');
    expect([...loaded].filter((path) => HEAVY.test(path))).toEqual([]);
  });

  it('sees what a command does load', () => {
    expect([...loadedWith('src/cli/commands/schema.ts')].filter((path) => HEAVY.test(path))).toContain('zod');
  });
});
