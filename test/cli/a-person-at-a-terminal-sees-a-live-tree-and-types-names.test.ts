import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { createSandbox, PLAIN_CLUSTER, REPOSITORY } from '../support/slipway.ts';
import { processesMentioning } from '../support/world.ts';

const hasTerminal = spawnSync('script', ['--version']).status === 0;
const sandbox = createSandbox({ files: { 'slipway.yaml': PLAIN_CLUSTER } });
afterAll(() => sandbox.remove());

interface Screen {
  readonly code: number | null;
  readonly raw: string;
  readonly text: string;
}

/** Runs a verb on a pseudo-terminal of 70 columns; types each answer when its question has appeared. */
function atTerminal(args: string, answers: readonly (readonly [question: RegExp, answer: string])[]): Promise<Screen> {
  const main = `'${process.execPath}' --disable-warning=ExperimentalWarning '${join(REPOSITORY, 'src/cli/main.ts')}'`;
  const child = spawn('script', ['-qec', `stty cols 70 rows 20; ${main} ${args}`, '/dev/null'], {
    cwd: sandbox.project,
    env: { ...process.env, ...sandbox.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', LC_ALL: '', NO_COLOR: '', CI: '' },
  });
  let raw = '';
  let seen = 0;
  const waiting = [...answers];
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    raw += part;
    const next = waiting[0];
    if (!next || !next[0].test(raw.slice(seen))) return;
    seen = raw.length;
    child.stdin.write(next[1]);
    waiting.shift();
  });
  return new Promise((resolve) =>
    child.once('close', (code) => resolve({ code, raw, text: stripVTControlCharacters(raw).replaceAll('\r', '') })),
  );
}

/** The cursor was hidden as often as it was shown again, and is visible now. */
function cursorIsBack(raw: string): boolean {
  return raw.lastIndexOf('\x1b[?25h') >= raw.lastIndexOf('\x1b[?25l');
}

describe.skipIf(!hasTerminal)('a person at a terminal', () => {
  it('says no, and nothing happens', async () => {
    const screen = await atTerminal('up', [[/Do this\? \[y\/N\]/, 'n\n']]);
    expect([screen.code, screen.text.trimEnd().split('\n').at(-1)]).toEqual([1, 'Nothing was changed.']);
    expect(processesMentioning(sandbox.dir)).toEqual([]);
  });

  it('presses Ctrl-C in a run: it ends gracefully, says so, and shows the cursor again', async () => {
    const screen = await atTerminal('up', [
      [/Do this\? \[y\/N\]/, 'y\n'],
      [/run the API server/, '\x03'],
    ]);
    expect(screen.code).toBe(130);
    expect(screen.text).toContain('once more to detach');
    expect(cursorIsBack(screen.raw)).toBe(true);
  });

  it('says yes: the same command goes on, draws a tree, and leaves the final one', async () => {
    const screen = await atTerminal('up', [[/Do this\? \[y\/N\]/, 'y\n']]);
    expect(screen.code).toBe(0);
    expect(screen.raw).toContain('\x1b[?2026h');
    expect(cursorIsBack(screen.raw)).toBe(true);
    expect(screen.text).toMatch(/✔ run the API server of demo[^\n]*\n(?:[^\n]*\n)*done in /);
  });

  it('types a wrong name, and nothing is destroyed', async () => {
    const screen = await atTerminal('down', [[/Type demo to destroy/, 'demoo\n']]);
    expect([screen.code, screen.text.trimEnd().split('\n').at(-1)]).toEqual([1, 'Nothing was changed.']);
    expect((await sandbox.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  it('types the name, and it is gone', async () => {
    const screen = await atTerminal('down', [[/Type demo to destroy/, 'demo\n']]);
    expect(screen.code).toBe(0);
    expect(processesMentioning(sandbox.dir)).toEqual([]);
  });

  it('answers the wizard', async () => {
    const screen = await atTerminal('init wizard', [
      [/Name of project and cluster/, '\r'],
      [/How does the cluster come to be/, '\r'],
      [/What shall Flux apply/, '\r'],
      [/Write slipway\.yaml\?/, '\r'],
    ]);
    expect(screen.code).toBe(0);
    expect(screen.text).toContain('wrote ');
    expect((await sandbox.run(['validate', '-f', 'wizard'])).code).toBe(0);
  });

  it('is told of a folder that is not there, and refused an address that can be none', async () => {
    const screen = await atTerminal('init nowhere', [
      [/Name of project and cluster/, '\r'],
      [/How does the cluster come to be/, '\r'],
      [/What shall Flux apply/, '\x1b[B\r'],
      [/Path, https/, 'file:///srv/fleet\r'],
      [/is a file:\/\/ URL/, `${'\x7f'.repeat('file:///srv/fleet'.length)}../none\r`],
      [/Write slipway\.yaml\?/, '\r'],
    ]);
    expect(screen.code).toBe(0);
    expect(screen.text).toMatch(/There is no folder \S+none yet/);
  });

  it('gives the wizard up, and nothing is written', async () => {
    const screen = await atTerminal('init given-up', [[/Name of project and cluster/, '\x03']]);
    expect(screen.code).not.toBe(0);
    expect((await sandbox.run(['validate', '-f', 'given-up'])).code).toBe(65);
  });
});
