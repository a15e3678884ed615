/**
 * The test bed by hand: `node test/support/aws-bed-main.ts [--port P] [--file ACCOUNT.json] [--divide N] [--region R]` prints the
 * environment for a shell and runs until it is ended; SIGUSR1 prints what is in the account.
 */
import { parseArgs } from 'node:util';
import { createAwsBed } from './aws-bed.ts';

const { values } = parseArgs({
  options: { port: { type: 'string' }, file: { type: 'string' }, divide: { type: 'string' }, region: { type: 'string' } },
});
const bed = await createAwsBed({
  ...(values.port !== undefined && { port: Number(values.port) }),
  ...(values.file !== undefined && { file: values.file }),
  ...(values.divide !== undefined && { timesDividedBy: Number(values.divide) }),
  ...(values.region !== undefined && { region: values.region }),
});
for (const [name, value] of Object.entries(bed.env)) console.log(`export ${name}='${value}'`);
process.on('SIGUSR1', () => {
  for (const { type, id, origin } of bed.account()) console.error(`${type} ${id} ${origin}`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void bed.close());
