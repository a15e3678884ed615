/** `slipway pivot status`: how far a pivot is, as the clusters themselves tell. */
import { exits } from '../../../core/exits.ts';
import { projectPivotStatus } from '../../../project/pivot.ts';
import type { CommandRun } from '../../context.ts';
import { type PivotFlags, pivotRequest } from '../../pivot-flags.ts';
import { pivotStatusLines } from '../../render/pivot-text.ts';

const run: CommandRun<PivotFlags> = async (session, flags) => {
  const status = await projectPivotStatus(pivotRequest(session, flags));
  session.result('pivot-status', status, pivotStatusLines(status, session.paint));
  return exits.done;
};

export default run;
