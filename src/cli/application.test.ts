import { generateHelpTextForAllCommands, text_en } from '@stricli/core';
import { describe, expect, it } from 'vitest';
import { SlipwayError } from '../core/errors.ts';
import { createApplication, parseCommandLine } from './application.ts';
import type { ProjectFlags } from './flags.ts';

async function errorOf(line: string): Promise<SlipwayError> {
  const parsed = await parseCommandLine(line.split(' '));
  if (parsed.kind !== 'error' || !(parsed.error instanceof SlipwayError)) throw new Error(`no coded error: ${JSON.stringify(parsed)}`);
  return parsed.error;
}

describe('help', () => {
  it('of everything is as it was', () => {
    const pages = generateHelpTextForAllCommands(createApplication(text_en) as never).map(([route, text]) => `$ ${route} --help\n${text}`);
    expect(pages.join('\n')).toMatchSnapshot();
  });

  it('of the whole lists the commands and hides the resident helpers', async () => {
    const parsed = await parseCommandLine(['--help']);
    expect(parsed).toMatchObject({ kind: 'help' });
    expect(JSON.stringify(parsed)).not.toMatch(/slipway serve/);
    expect(parsed.kind === 'help' && parsed.text).toMatchSnapshot();
  });
});

describe('a command line that cannot be read', () => {
  it.each([
    ['upp', 'SLW-CLI-001', 'there is no command "upp"', 'did you mean `up`?'],
    ['journal sow', 'SLW-CLI-001', 'there is no command "sow"', 'did you mean `show`?'],
    ['up --yess', 'SLW-CLI-002', 'there is no flag --yess', 'did you mean --yes?'],
    ['plan --detail-exitcode', 'SLW-CLI-002', 'there is no flag --detail-exitcode', 'did you mean --detailed-exitcode?'],
    ['plan --detailedExitcod', 'SLW-CLI-002', 'there is no flag --detailedExitcod', 'did you mean --detailed-exitcode?'],
    ['up -q', 'SLW-CLI-002', 'there is no flag -q', 'see slipway up --help'],
    ['up --output jsn', 'SLW-CLI-002', '--output: "jsn" is none of tty, plain, json', 'did you mean json?'],
    ['up --output', 'SLW-CLI-002', '--output needs a value', 'see slipway up --help'],
    ['up --parallel 0', 'SLW-CLI-002', '--parallel: "0" is no number from 1 to 10000', 'see slipway up --help'],
    ['up --timeout 5', 'SLW-CLI-002', '--timeout: "5" is no duration; write 90s, 5m or 1h30m', 'see slipway up --help'],
    ['up --only demo', 'SLW-CLI-002', '--only: "demo" is no KIND/NAME such as Cluster/demo', 'see slipway up --help'],
    ['logs demo --only Cluster/demo', 'SLW-CLI-002', 'there is no flag --only', 'see slipway logs --help'],
    ['up a b', 'SLW-CLI-002', '"b" is one argument too many', 'see slipway up --help'],
    ['logs', 'SLW-CLI-002', 'the argument CLUSTER is missing', 'see slipway logs --help'],
    ['toolchain list x', 'SLW-CLI-002', '"x" is one argument too many', 'see slipway toolchain list --help'],
  ])('%s', async (line, code, message, fix) => {
    expect(await errorOf(line)).toMatchObject({ code, message, fix, exit: 64 });
  });
});

describe('a command line that can be read', () => {
  it('becomes an invocation with its flags', async () => {
    const parsed = await parseCommandLine(
      'up plan.json -f some/dir --only Cluster/a --only Cluster/b --parallel 3 --timeout 1m30s --yes --no-color -v --state-dir s'.split(
        ' ',
      ),
    );
    expect(parsed).toMatchObject({ kind: 'invocation', invocation: { command: 'up' } });
    const flags = parsed.kind === 'invocation' ? (parsed.invocation.flags as ProjectFlags) : undefined;
    expect(flags).toMatchObject({
      file: 'some/dir',
      only: ['Cluster/a', 'Cluster/b'],
      parallel: 3,
      timeout: 90_000,
      yes: true,
      noColor: true,
      verbose: true,
      stateDir: 's',
    });
  });

  it('has the project here by default, and -f of logs follows', async () => {
    const [plan, logs] = await Promise.all([parseCommandLine(['plan']), parseCommandLine(['logs', 'demo', '-f'])]);
    expect(plan.kind === 'invocation' && plan.invocation.flags).toMatchObject({ file: '.' });
    expect(logs.kind === 'invocation' && logs.invocation.flags).toMatchObject({ file: '.', follow: true, tail: 100 });
  });
});
