/**
 * `node scripts/record-session.ts`: types the quickstart into a real terminal (tmux), and writes what is then seen on it to
 * docs/images/quickstart.svg and quickstart.txt. Needs tmux and a built toolchain. Nothing is edited: what goes wrong is seen.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { terminalSvg } from './terminal-svg.ts';

const ROOT = join(import.meta.dirname, '..');
const COLUMNS = 112;
const ROWS = 90;
const BOUND_MS = 120_000;
const COMMANDS = ['slipway up --yes', 'slipway up', 'slipway status'];
const LAST_WORDS = 'slipway down --confirm demo';

const folder = mkdtempSync(join(tmpdir(), 'slipway-session-'));
const session = `slipway-session-${process.pid}`;
const tmux = (...args: readonly string[]): string => execFileSync('tmux', ['-L', session, ...args], { encoding: 'utf8' });
const screen = (...flags: readonly string[]): string => tmux('capture-pane', '-p', '-t', session, ...flags).replace(/\n+$/, '');

/** The prompt has come back when the last line is nothing but the prompt. */
async function waitForPrompt(): Promise<void> {
  const end = performance.now() + BOUND_MS;
  while (screen().split('\n').at(-1)?.trim() !== '$') {
    if (performance.now() > end) throw new Error(`no prompt after ${BOUND_MS} ms:\n${screen()}`);
    await sleep(200);
  }
}

async function type(line: string): Promise<void> {
  tmux('send-keys', '-t', session, '-l', line);
  await sleep(300);
  tmux('send-keys', '-t', session, 'Enter');
  await sleep(500);
  await waitForPrompt();
}

function write(name: string, text: string): void {
  const file = join(ROOT, 'docs', 'images', name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  console.log(`wrote ${file}`);
}

const withoutLastPrompt = (text: string): string => text.replace(/\n\S*\$\s*\S*$/, '');

cpSync(join(ROOT, 'examples', 'quickstart'), join(folder, 'quickstart'), { recursive: true, filter: (path) => !path.endsWith('.slipway') });
const shell = ['env', `PATH=${ROOT}:${process.env['PATH'] ?? ''}`, 'PS1=$ ', 'HISTFILE=', 'sh', '-i'];
tmux('new-session', '-d', '-s', session, '-x', String(COLUMNS), '-y', String(ROWS), '-c', join(folder, 'quickstart'), ...shell);
try {
  await waitForPrompt();
  for (const command of COMMANDS) await type(command);
  write('quickstart.txt', `${withoutLastPrompt(screen())}\n`);
  write('quickstart.svg', terminalSvg(withoutLastPrompt(screen('-e')), COLUMNS));
  await type(LAST_WORDS);
} finally {
  tmux('kill-server');
  rmSync(folder, { recursive: true, force: true });
}
