/** Go code of ours by its own tools: formatted, vetted, tested with the environment that the toolchain builds with. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createNodeHost } from '../../src/host/node.ts';
import { goEnvironment } from '../../src/toolchain/go-environment.ts';

const run = promisify(execFile);

/** `folder` is that of the module, `path` below it: `.` or `./in-memory`. */
export function itKeepsItsWordInGo(folder: string, path: string): void {
  const env = goEnvironment(createNodeHost());
  it.each([
    ['is formatted', 'gofmt', ['-l', path], ''],
    ['is found sound', 'go', ['vet', '-mod=readonly', path], ''],
    ['passes its tests', 'go', ['test', '-mod=readonly', '-trimpath', path], 'ok'],
  ])('%s', async (_, command, args, words) => {
    const { stdout } = await run(command, args, { cwd: folder, env });
    expect(stdout.split(/\s/)[0]).toBe(words);
  });
}
