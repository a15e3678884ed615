/** `slipway pivot retire`: ends a pivot: the source is given up for good. */
import { actOnPivot } from '../../../project/pivot.ts';
import type { CommandRun } from '../../context.ts';
import { createPivotConsent } from '../../pivot-consent.ts';
import { pivotRequest, type PivotRetireFlags } from '../../pivot-flags.ts';
import { finishPivot } from '../../pivot-outcome.ts';

const run: CommandRun<PivotRetireFlags> = async (session, flags) => {
  const confirm = createPivotConsent(session, flags);
  return finishPivot(session, 'retire', await actOnPivot('retire', { ...pivotRequest(session, flags), confirm }));
};

export default run;
