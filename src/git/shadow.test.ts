import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNodeHost } from '../host/node.ts';
import { gitEnvironment } from './command.ts';
import { observeShadow, shadowCommit, snapshot } from './shadow.ts';
import { type TreeFile, readTree, treeId } from './tree.ts';

const host = createNodeHost();
let base = '';
let folder = '';

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'slipway-shadow-'));
  folder = join(base, 'fleet with spaces');
  mkdirSync(folder);
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function put(path: string, content: string | Buffer): string {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content);
  return full;
}

function git(args: string[], gitDir: string): string {
  return execFileSync('git', args, { env: gitEnvironment(host, { gitDir }), encoding: 'utf8', cwd: base }).trim();
}

const options = () => ({ folder, gitDir: join(base, 'state', 'fleet.git'), branch: 'main' });

/** What git itself makes of the folder: the oracle. */
function oracleTree(): string {
  const gitDir = join(base, 'oracle.git');
  execFileSync('git', ['init', '-q', '--bare', gitDir]);
  git(['--work-tree', folder, 'add', '-A', folder], gitDir);
  const tree = git(['write-tree'], gitDir);
  rmSync(gitDir, { recursive: true });
  return tree;
}

describe('snapshot of a folder', () => {
  it('is the tree that git itself would make, with modes, links, odd names and ignore rules', async () => {
    put('a.yaml', 'kind: ConfigMap\n');
    put('a/b.yaml', 'x');
    put('a-b', '1');
    put('"quoted" \\ name\nwith feed', 'q');
    put('ünïcode/ß.txt', 'u');
    put('bin', Buffer.from([0, 255, 10, 13, 10]));
    chmodSync(put('run.sh', '#!/bin/sh\n'), 0o755);
    symlinkSync('a.yaml', join(folder, 'link'));
    put('.gitignore', '*.log\n/build/\n!keep.log\n');
    put('x.log', 'no');
    put('keep.log', 'yes');
    put('build/out', 'no');
    put('sub/build/out', 'yes');
    put('sub/.gitignore', 'keep.log\n!x.log\n');
    put('sub/keep.log', 'no');
    put('sub/x.log', 'yes');
    mkdirSync(join(folder, 'empty'));
    const state = await snapshot(host, options());
    expect(state.tree).toBe(oracleTree());
    expect(git(['rev-parse', 'refs/heads/main'], options().gitDir)).toBe(state.commit);
    expect(state.warnings.join()).toContain('symbolic link');
  });

  it('leaves out .git and .slipway at any depth, and the state folder wherever it is', async () => {
    put('a.yaml', '1');
    put('.git/config', '[core]\n\tfsmonitor = /bin/false\n');
    put('sub/.git', 'gitdir: ../elsewhere\n');
    put('sub/.slipway/x', '1');
    put('mystate/x', '1');
    const state = await observeShadow(host, { ...options(), exclude: [join(folder, 'mystate')] });
    expect(state.paths).toEqual(['a.yaml']);
    expect(state.head).toBeUndefined();
  });

  it('makes the same commit for the same content, another for any change, and comes back to the first', async () => {
    put('a.yaml', '1');
    const first = await snapshot(host, options());
    put('a.yaml', '2');
    const observed = await observeShadow(host, options());
    expect(observed.head).toBe(first.commit);
    expect(observed.commit).not.toBe(first.commit);
    expect((await snapshot(host, options())).commit).toBe(observed.commit);
    put('a.yaml', '1');
    expect((await snapshot(host, options())).commit).toBe(first.commit);
    expect(git(['rev-list', '--count', 'main'], options().gitDir)).toBe('1');
  });

  it('repairs a damaged or half-made shadow by making it anew', async () => {
    put('a.yaml', '1');
    const first = await snapshot(host, options());
    rmSync(join(options().gitDir, 'objects'), { recursive: true });
    expect((await observeShadow(host, options())).head).toBeUndefined();
    mkdirSync(`${options().gitDir}.making`);
    expect((await snapshot(host, options())).head).toBe(first.commit);
    expect(git(['fsck', '--full'], options().gitDir)).toBe('');
  });

  it('ignores attributes and configuration that would change content', async () => {
    put('.gitattributes', '* text eol=lf\n');
    put('crlf.txt', 'a\r\nb\r\n');
    await snapshot(host, options());
    expect(
      execFileSync('git', ['cat-file', 'blob', 'main:crlf.txt'], { env: gitEnvironment(host, { gitDir: options().gitDir }) }),
    ).toHaveLength(6);
  });

  it('says which file cannot be read, and refuses what is too large', async () => {
    writeFileSync(join(folder, 'huge'), Buffer.alloc(0));
    execFileSync('truncate', ['-s', '65M', join(folder, 'huge')]);
    await expect(readTree(host, folder)).rejects.toMatchObject({ code: 'SLW-GIT-006' });
  });
});

const name = fc.stringMatching(/^[a-z.]{1,6}$/).filter((text) => !['.', '..', '.git'].includes(text));
const fileArb = fc.record({
  folder: fc.constantFrom('', 'a/', 'a/b/', 'a-b/', 'a.b/'),
  name,
  mode: fc.constantFrom('100644', '100755', '120000'),
  content: fc.uint8Array({ maxLength: 8 }),
});
const treeArb = fc
  .array(fileArb, { maxLength: 8 })
  .map((files) => unique(files.map((file) => ({ path: file.folder + file.name, mode: file.mode, content: file.content }) as TreeFile)));

function unique(files: TreeFile[]): TreeFile[] {
  const kept = new Map<string, TreeFile>();
  for (const file of files) {
    const clashes = [...kept.keys()].some(
      (path) => path === file.path || path.startsWith(`${file.path}/`) || file.path.startsWith(`${path}/`),
    );
    if (!clashes) kept.set(file.path, file);
  }
  return [...kept.values()];
}

describe('tree id', () => {
  it('depends on the set of files alone, not on their order', () => {
    fc.assert(fc.property(treeArb, (files) => treeId(files) === treeId(files.toReversed())));
  });

  it('changes with any content, mode or path', () => {
    fc.assert(
      fc.property(treeArb, fc.nat(), fc.constantFrom('content', 'mode', 'path'), (files, index, what) => {
        const chosen = files[index % Math.max(1, files.length)];
        if (chosen === undefined) return;
        const changed = {
          ...chosen,
          ...{
            content: { content: new Uint8Array([...chosen.content, 1]) },
            mode: { mode: chosen.mode === '100644' ? '100755' : '100644' },
            path: { path: `${chosen.path}Z` },
          }[what],
        } as TreeFile;
        expect(treeId(files.map((file) => (file === chosen ? changed : file)))).not.toBe(treeId(files));
        expect(shadowCommit(treeId(files.map((file) => (file === chosen ? changed : file))))).not.toBe(shadowCommit(treeId(files)));
      }),
    );
  });
});
