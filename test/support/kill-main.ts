/**
 * The product's main with a decorated journal that ends its own process with SIGKILL right before or right after the commit of one
 * record: `SLIPWAY_TEST_KILL="before|after TYPE [STEP]"`. The product knows nothing of it.
 */
import { Journal } from '../../src/engine/journal/journal.ts';

const [side, type, step = ''] = (process.env['SLIPWAY_TEST_KILL'] ?? '').split(' ');
const append = Journal.prototype.append;

Journal.prototype.append = async function decorated(entries) {
  const hit = entries.some((entry) => entry.type === type && (entry.step ?? '') === step);
  if (hit && side === 'before') process.kill(process.pid, 'SIGKILL');
  const rows = await append.call(this, entries);
  if (hit) process.kill(process.pid, 'SIGKILL');
  return rows;
};

await import('../../src/cli/main.ts');
