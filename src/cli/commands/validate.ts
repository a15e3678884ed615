/** `slipway validate`: all errors of the project at once, before anything is touched. */
import { validateProject } from '../../project/validate.ts';
import type { CommandRun } from '../context.ts';
import type { WholeFlags } from '../flags.ts';
import { operationOptions } from '../session.ts';

const run: CommandRun<WholeFlags> = async (session, flags) => {
  const result = await validateProject(operationOptions(session, flags));
  const documents = result.documents.map(({ kind, name, file }) => `  ${kind}/${name}  ${file}`);
  session.result('validate', result, [`${result.project} is valid:`, ...documents]);
  return 0;
};

export default run;
