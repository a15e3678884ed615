import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../src/cli/application.ts';
import { loadProject } from '../../src/config/load.ts';
import { createMemoryHost } from '../../src/config/memory-host.ts';
import { commandLinesOf, deadLinks, documentPaths, fencesOf, guidePaths, knownFiles, readDocument } from './documents.ts';

/** project-file.md is tried more strictly, by src/config/guide.test.ts. */
const projects = guidePaths.flatMap((path) =>
  fencesOf(readDocument(path))
    .filter(({ language, text }) => language === 'yaml' && text.startsWith('apiVersion: slipway.dev/'))
    .map(({ text }, index) => [`${path}, project ${index + 1}`, text] as const),
);

describe('documents', () => {
  it.each(documentPaths)('have links that lead somewhere: %s', (path) => {
    expect(deadLinks(path)).toEqual([]);
  });

  it.each(guidePaths)('show commands and flags that exist: %s', async (path) => {
    const lines = commandLinesOf(readDocument(path));
    const parsed = await Promise.all(lines.map(async (line) => ({ line, kind: (await parseCommandLine(line.split(/\s+/))).kind })));
    expect(parsed.filter(({ kind }) => kind === 'error').map(({ line }) => line)).toEqual([]);
  });

  it.each(projects)('show projects that are valid: %s', async (_name, text) => {
    const host = createMemoryHost({ files: { '/p/slipway.yaml': text }, cwd: '/p' });
    const project = await loadProject(host, '.', { checkWorld: false });
    expect(project.clusters.length + project.networks.length).toBeGreaterThan(0);
  });

  it('are many enough for these checks to mean something', () => {
    expect(guidePaths.length).toBeGreaterThan(10);
    expect(projects.length).toBeGreaterThan(15);
    expect(guidePaths.flatMap((path) => commandLinesOf(readDocument(path))).length).toBeGreaterThan(60);
  });

  it('promise what a test that exists holds', () => {
    const named = [...readDocument('docs/promises.md').matchAll(/`((?:src|test|scripts)\/[^`]+)`/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((path) => !knownFiles(path).some((file) => file.endsWith('.ts')))).toEqual([]);
  });
});

describe('the checks of documents', () => {
  it('find commands wherever they stand', () => {
    const text =
      'Run `slipway explain CODE`.\n\n```sh\n./slipway up --yes   # now\ncd x; slipway plan && slipway down\n```\n\n```text\n$ slipway status --watch\nslipway said this\n```\n';
    expect(commandLinesOf(text)).toEqual(['up --yes', 'plan', 'down', 'status --watch', 'explain CODE']);
  });

  it('know a wrong flag', async () => {
    expect((await parseCommandLine(['up', '--yess'])).kind).toBe('error');
  });
});
