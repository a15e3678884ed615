/** A process that takes the lock of the folder in argv, says so on stdout, and holds it until it is killed. */
import { acquireLock } from '../../src/engine/lock.ts';
import { createNodeHost } from '../../src/host/node.ts';

const folder = process.argv[2] ?? '';
try {
  await acquireLock(createNodeHost(), folder, 'up');
  process.stdout.write('held\n');
  setInterval(() => undefined, 60_000);
} catch (thrown) {
  process.stdout.write(`${(thrown as { code?: string }).code ?? String(thrown)}\n`);
}
