/** `slipway down`: take away what Slipway made, from the ledger; also with a broken project file. */
import { downProject } from '../../project/down.ts';
import { createConsent } from '../consent.ts';
import type { CommandRun } from '../context.ts';
import type { ConsentFlags, ProjectFlags } from '../flags.ts';
import { finishOperation } from '../outcome.ts';
import { operationOptions } from '../session.ts';

export interface DownFlags extends ProjectFlags, ConsentFlags {
  readonly prune: boolean;
  readonly forget: boolean;
  readonly to?: string;
}

const run: CommandRun<DownFlags> = async (session, flags) => {
  const consent = createConsent(session, flags);
  const result = await downProject({
    ...operationOptions(session, flags),
    prune: flags.prune,
    forget: flags.forget,
    ...(flags.to !== undefined && { newHome: flags.to }),
    confirm: consent.confirm,
  });
  return finishOperation(session, 'down', { result, consent });
};

export default run;
