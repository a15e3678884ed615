/** A process that appends rows to the journal in argv as fast as it can and says the number of each once it is durable. */
import { writeSync } from 'node:fs';
import { Redactor } from '../../src/core/redaction.ts';
import { Journal } from '../../src/engine/journal/journal.ts';
import { createNodeHost } from '../../src/host/node.ts';

const journal = await Journal.open(createNodeHost(), process.argv[2] ?? '', new Redactor());
for (;;) {
  const rows = await journal.append([
    { time: 't', run: 'r', type: 'x', body: { filler: 'x'.repeat(500) } },
    { time: 't', run: 'r', type: 'y', body: {} },
  ]);
  writeSync(1, `${rows.at(-1)?.seq}\n`);
}
