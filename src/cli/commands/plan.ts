/** `slipway plan`: what `up` would do, on stdout. */
import { resolve } from 'node:path';
import { exits } from '../../core/exits.ts';
import { planProject } from '../../project/plan.ts';
import type { CommandRun } from '../context.ts';
import type { ProjectFlags } from '../flags.ts';
import { hasChanges, planLines } from '../render/plan-text.ts';
import { operationOptions } from '../session.ts';

export interface PlanFlags extends ProjectFlags {
  readonly out?: string;
  readonly detailedExitcode: boolean;
}

const run: CommandRun<PlanFlags> = async (session, flags) => {
  const out = flags.out === undefined ? undefined : resolve(session.host.env.cwd, flags.out);
  const plan = await planProject({ ...operationOptions(session, flags), ...(out !== undefined && { out }) });
  const saved = out === undefined ? [] : [`Saved to ${flags.out ?? out}; run exactly this with: slipway up ${flags.out ?? out}`];
  session.result('plan', plan, [...planLines(plan, session.paint), ...saved]);
  return flags.detailedExitcode && hasChanges(plan) ? exits.changesPending : exits.done;
};

export default run;
