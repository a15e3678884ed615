import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/support/virtual-host.ts';
import { Redactor } from '../../core/redaction.ts';
import { createNodeHost } from '../../host/node.ts';
import { Journal } from './journal.ts';

const WRITER = fileURLToPath(new URL('../../../test/support/journal-writer.ts', import.meta.url));

/** The last row that the writer called durable before it was killed, after at least `atLeast` of them. */
async function writeAndKill(path: string, atLeast: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let last = 0;
  let heard = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line);
    if (++heard === atLeast) child.kill('SIGKILL');
  }
  expect((await ended)[1]).toBe('SIGKILL');
  return last;
}

it('a writer that is killed again and again loses no row that it called durable, and leaves no half batch', async () => {
  const path = join(temporaryFolder(), 'journal.db');
  for (const atLeast of [1, 7, 120]) {
    const last = await writeAndKill(path, atLeast);
    const reader = await Journal.openReadOnly(createNodeHost(), path);
    const verdict = reader?.verify();
    reader?.close();
    expect(verdict).toMatchObject({ intact: true });
    expect(verdict?.rows).toBeGreaterThanOrEqual(last);
    expect((verdict?.rows ?? 1) % 2).toBe(0);
  }
  const next = await Journal.open(createNodeHost(), path, new Redactor());
  expect(next.verify().intact).toBe(true);
  next.close();
});
