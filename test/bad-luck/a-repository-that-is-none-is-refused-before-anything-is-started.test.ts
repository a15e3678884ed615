import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox, type Sandbox } from '../support/slipway.ts';
import { processesMentioning } from '../support/world.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = createSandbox();
});
afterAll(() => sandbox.remove());

const project = (url: string, path = './'): string =>
  `apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: demo}\nspec:\n  provisioner: local\n  gitops:\n    repositories:\n      fleet:\n        git: {url: ${url}, branch: main}\n        kustomizations: {all: {path: ${path}}}\n`;

function repository(name: string, branch: string): void {
  const dir = join(sandbox.project, name);
  mkdirSync(dir);
  writeFileSync(join(dir, 'kustomization.yaml'), 'resources: []\n');
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: dir });
  git('init', '-q', '-b', branch);
  git('add', '-A');
  git('commit', '-q', '-m', 'x');
}

const CASES: readonly (readonly [string, RegExp, () => string])[] = [
  ['a path that is not there', /SLW-CFG-041: slipway\.yaml:9:\d+: .* flet,/, () => project('./flet')],
  [
    'a path that is a file',
    /SLW-\w{3}-\d{3}: .*readme\.md/,
    () => {
      sandbox.put({ 'readme.md': '# not a fleet\n' });
      return project('./readme.md');
    },
  ],
  [
    'a path whose .git is damaged',
    /SLW-GIT-009: .*hollow\/\.git/,
    () => {
      sandbox.put({ 'hollow/.git/HEAD': 'ref: refs/heads/main\n', 'hollow/kustomization.yaml': 'resources: []\n' });
      return project('./hollow');
    },
  ],
  [
    'a branch that a local repository lacks',
    /SLW-GIT-\d{3}: .*main/,
    () => {
      repository('trunk', 'trunk');
      return project('./trunk');
    },
  ],
  [
    'a folder that a local repository lacks',
    /SLW-\w{3}-\d{3}: .*clusters\/none/,
    () => {
      repository('small', 'main');
      return project('./small', './clusters/none');
    },
  ],
];

describe('refused before anything is started, with code and words', () => {
  it.each(CASES)('%s', async (_title, said, prepare) => {
    sandbox.put({ 'slipway.yaml': prepare() });
    for (const verb of [['plan'], ['up', '--yes']]) {
      const { code, stderr } = await sandbox.run(verb);
      expect({ code, stderr }, verb.join(' ')).toEqual({ code: 65, stderr: expect.stringMatching(said) });
    }
    expect(processesMentioning(sandbox.dir)).toEqual([]);
  });
});
