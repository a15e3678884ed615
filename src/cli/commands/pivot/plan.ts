/** `slipway pivot plan`: every object of both clusters' Cluster API with what would become of it, and why. Writes nothing. */
import { exits } from '../../../core/exits.ts';
import { planProjectPivot } from '../../../project/pivot.ts';
import type { CommandRun } from '../../context.ts';
import { pivotRequest, type PivotSelectionFlags } from '../../pivot-flags.ts';
import { pivotPlanLines } from '../../render/pivot-text.ts';

const run: CommandRun<PivotSelectionFlags> = async (session, flags) => {
  const plan = await planProjectPivot(pivotRequest(session, flags));
  session.result('pivot-plan', plan, pivotPlanLines(plan, { paint: session.paint, verbose: flags.verbose }));
  return plan.refusals.length > 0 ? exits.failed : exits.done;
};

export default run;
