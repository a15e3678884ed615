import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createNodeHost } from '../../src/host/node.ts';
import { goEnvironment } from '../../src/toolchain/go-environment.ts';
import { REPOSITORY } from '../support/slipway.ts';

const run = promisify(execFile);
const cwd = join(REPOSITORY, 'toolchain', 'vpn-agent');
const env = goEnvironment(createNodeHost());

describe('the agent of VPN hosts', () => {
  it.each([
    ['is formatted', 'gofmt', ['-l', '.'], ''],
    ['is found sound', 'go', ['vet', '-mod=readonly', '.'], ''],
    ['passes its tests', 'go', ['test', '-mod=readonly', '-trimpath', '.'], 'ok'],
  ])('%s', async (_, command, args, words) => {
    const { stdout } = await run(command, args, { cwd, env });
    expect(stdout.split(/\s/)[0]).toBe(words);
  });
});
