/** `slipway pivot rollback`: gives everything back to the source, as it was. */
import { actOnPivot } from '../../../project/pivot.ts';
import type { CommandRun } from '../../context.ts';
import { createPivotConsent } from '../../pivot-consent.ts';
import { pivotRequest, type PivotRollbackFlags } from '../../pivot-flags.ts';
import { finishPivot } from '../../pivot-outcome.ts';

const run: CommandRun<PivotRollbackFlags> = async (session, flags) => {
  const confirm = createPivotConsent(session, flags);
  return finishPivot(session, 'rollback', await actOnPivot('rollback', { ...pivotRequest(session, flags), confirm }));
};

export default run;
