/** `slipway pivot run`: moves the objects, or goes on where an earlier run was stopped, from any machine. */
import { actOnPivot } from '../../../project/pivot.ts';
import type { CommandRun } from '../../context.ts';
import { createPivotConsent } from '../../pivot-consent.ts';
import { pivotRequest, type PivotRunFlags } from '../../pivot-flags.ts';
import { finishPivot } from '../../pivot-outcome.ts';

const run: CommandRun<PivotRunFlags> = async (session, flags) => {
  const confirm = createPivotConsent(session, flags);
  return finishPivot(session, 'run', await actOnPivot('run', { ...pivotRequest(session, flags), confirm }));
};

export default run;
