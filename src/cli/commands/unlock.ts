/** `slipway unlock --confirm OWNER`: frees the lock of an owner that is gone for good. */
import { SlipwayError } from '../../core/errors.ts';
import { unlockProject } from '../../project/unlock.ts';
import type { CommandRun } from '../context.ts';
import type { WholeFlags } from '../flags.ts';
import { operationOptions } from '../session.ts';

export interface UnlockFlags extends WholeFlags {
  readonly confirm?: string;
}

const run: CommandRun<UnlockFlags> = async (session, flags) => {
  if (flags.confirm === undefined) {
    throw new SlipwayError('SLW-CLI-004', 'unlocking wants the name of the owner that is gone', {
      fix: 'add --confirm OWNER with the owner that the lock error names',
    });
  }
  const { owner } = await unlockProject({ ...operationOptions(session, flags), confirm: flags.confirm });
  session.result('unlock', { owner: owner ?? null }, [owner === undefined ? 'Nobody holds the lock.' : `The lock of ${owner} is freed.`]);
  return 0;
};

export default run;
