import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '..', 'cli', 'main.ts');

it('gives a reader that begins late every byte, although a pipe takes only 64 KiB at once', () => {
  const script = `"$0" --disable-warning=ExperimentalWarning "$1" schema | { read -r first; sleep 0.3; printf '%s\\n' "$first"; cat; }`;
  const { stdout } = spawnSync('sh', ['-c', script, process.execPath, MAIN], { encoding: 'utf8', maxBuffer: 2 ** 24 });
  expect(stdout.length).toBeGreaterThan(2 ** 17);
  expect(JSON.parse(stdout)).toMatchObject({ $schema: expect.stringContaining('draft-07') });
});
