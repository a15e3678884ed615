import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { completionScript, SHELLS } from './completion.ts';

const installed = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

describe('completion', () => {
  it.each(SHELLS)('for %s knows every command and flag', (shell) => {
    const script = completionScript(shell);
    for (const word of ['validate', 'up', 'journal', 'verify', 'toolchain', 'state-dir', 'detailed-exitcode'])
      expect(script).toContain(word);
    expect(script).not.toMatch(/\bserve\b/);
  });

  describe.each(SHELLS)('for %s', (shell) => {
    it('is a script that the shell can read', (context) => {
      if (!installed(shell)) return context.skip(`${shell} is not installed`);
      const folder = mkdtempSync(join(tmpdir(), 'slipway-completion-'));
      writeFileSync(join(folder, 'script'), completionScript(shell));
      const result = spawnSync(shell, ['-n', join(folder, 'script')], { encoding: 'utf8' });
      rmSync(folder, { recursive: true });
      expect([result.status, result.stderr]).toEqual([0, '']);
    });
  });

  it.each([
    [['slipway', 'jo'], ['journal']],
    [['slipway', 'journal', 'v'], ['verify']],
    [['slipway', 'up', '--st'], ['--state-dir']],
    [['slipway', 'up', '--output', 'j'], ['json']],
    [['slipway', 'completion', 'f'], ['fish']],
  ])('bash completes %j', (words, expected) => {
    const set = `COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _slipway; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const result = spawnSync('bash', ['-c', `${completionScript('bash')}\n${set}`], { encoding: 'utf8' });
    expect(result.stdout.trim().split('\n')).toEqual(expected);
  });

  it('fish completes', (context) => {
    if (!installed('fish')) return context.skip('fish is not installed');
    const result = spawnSync('fish', ['-c', `${completionScript('fish')}\ncomplete -C 'slipway journal v'; complete -C 'slipway toolc'`], {
      encoding: 'utf8',
    });
    expect(result.stdout.split('\n').map((line) => line.split('\t')[0])).toEqual(expect.arrayContaining(['verify', 'toolchain']));
  });
});
