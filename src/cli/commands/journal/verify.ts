/** `slipway journal verify`: recomputes the hash chain. */
import { SlipwayError } from '../../../core/errors.ts';
import { verifyJournal } from '../../../project/journal.ts';
import type { CommandRun } from '../../context.ts';
import type { WholeFlags } from '../../flags.ts';
import { operationOptions } from '../../session.ts';

const run: CommandRun<WholeFlags> = async (session, flags) => {
  const verdict = await verifyJournal(operationOptions(session, flags));
  if (!verdict.intact) throw new SlipwayError('SLW-CLI-009', verdict.message, { data: { ...verdict } });
  session.result('journal', verdict, [verdict.message]);
  return 0;
};

export default run;
