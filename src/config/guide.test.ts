import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SlipwayErrors } from '../core/errors.ts';
import { MAX_TOKENS } from './bounds.ts';
import { MAX_FILE_BYTES } from './files.ts';
import { loadProject } from './load.ts';
import { hostWith } from './memory-host.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/guide/project-file.md'), 'utf8');
const snippets = [...guide.matchAll(/^## ([^\n]+)$|^```yaml\n(.*?)^```$/gms)].reduce<{ heading: string; found: [string, string][] }>(
  ({ heading, found }, [, title, text]) =>
    text === undefined ? { heading: title ?? '', found } : { heading, found: [...found, [heading, text]] },
  { heading: '', found: [] },
).found;
const traps = [...guide.matchAll(/^\| `[a-z]+: ([^`]+)` \| (?!is \|).*\| `[a-z]+: ([^`]+)` \|$/gm)];

const world = {
  files: {
    '/p/platform/a': '',
    '/p/shop/a': '',
    '/p/known_hosts': 'git.example.com ssh-ed25519 AAAA',
    '/p/secrets/registry': 'long enough',
    '/p/secrets/age.key': 'AGE-SECRET-KEY-1',
  },
  env: { GIT_TOKEN: 'long enough', KUBECONFIG: 'apiVersion: v1\nkind: Config', REGION: 'eu' },
};

describe('docs/guide/project-file.md', () => {
  it('has snippets and traps to try', () => {
    expect(snippets.length).toBeGreaterThan(8);
    expect(traps).toHaveLength(6);
  });

  it.each(snippets)('is valid: %s', async (_heading, text) => {
    const project = await loadProject(hostWith(text, world), '.');
    expect(project.clusters.length).toBeGreaterThan(0);
    expect(project.findings).toEqual([]);
  });

  it.each(traps.map(([, written = '', right = '']) => [written, right] as const))('refuses %s and takes %s', async (written, right) => {
    const project = (value: string) =>
      `apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: a}\nspec: {provisioner: local, gitops: {repositories: {a: {git: {url: ./fleet}, kustomizations: {a: {path: ., postBuild: {substitute: {X: ${value}}}}}}}}}\n`;
    await expect(loadProject(hostWith(project(written)), '.')).rejects.toMatchObject({ errors: [{ code: 'SLW-CFG-014' }] });
    const again = loadProject(hostWith(project(right)), '.');
    await (right === 'true' ? expect(again).rejects.toBeInstanceOf(SlipwayErrors) : expect(again).resolves.toMatchObject({ name: 'a' }));
  });

  it('states the bounds as they are', () => {
    expect(guide).toContain(`at most ${MAX_FILE_BYTES / 1024 / 1024} MiB and ${MAX_TOKENS.toLocaleString('en-US')} pieces`);
  });
});
