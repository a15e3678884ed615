/** `slipway schema`: the JSON Schema of the project file. */
import { projectSchema } from '../../config/schema.ts';
import type { CommandRun } from '../context.ts';
import type { GlobalFlags } from '../flags.ts';

const run: CommandRun<GlobalFlags> = (session) => {
  const schema = projectSchema();
  session.result('schema', schema, [JSON.stringify(schema, null, 2)]);
  return Promise.resolve(0);
};

export default run;
