/** `slipway up`: observe, plan, confirm, run, verify. Running it again continues or finds nothing to do. */
import { isEmptyPlan } from '../engine/plan.ts';
import type { PlanData } from '../engine/plan-data.ts';
import { readPlanFile, requireSamePlan } from '../engine/plan-file.ts';
import { type RunOutcome, runUp } from '../engine/run.ts';
import type { Step } from '../engine/step.ts';
import { SLIPWAY_VERSION } from '../core/version.ts';
import type { OperationResult, UpOptions } from './operations.ts';
import { parallelOf, planEnvironment, timeoutOf } from './plan.ts';
import { planUp } from './steps.ts';
import { upSummary } from './summary.ts';
import { findProject, withWritable, type WritableWorkspace } from './workspace.ts';

/** @throws SlipwayErrors for an invalid project, SLW-STA-008 when another run has the lock, SLW-ENG-005 when a reviewed plan no longer fits */
export async function upProject(options: UpOptions): Promise<OperationResult> {
  const reviewed = options.planFile === undefined ? undefined : await readPlanFile(options.host, options.planFile);
  const place = await findProject(options);
  return withWritable('up', { place, options }, async (workspace) => {
    const { plan, steps } = await planUp(workspace, planEnvironment(workspace, options), options.only);
    if (reviewed) requireSamePlan(reviewed, plan);
    const agreed = isEmptyPlan(plan) || (await options.confirm({ plan, destroys: plan.destroys }));
    if (!agreed) return { status: 'cancelled', exit: 1, summary: [] };
    const outcome = await runUp(runOptions(workspace, options, { plan, steps }));
    return toResult(outcome, await upSummary(workspace, outcome, options.signal));
  });
}

interface Prepared {
  readonly plan: PlanData;
  readonly steps: readonly Step[];
}

export function runOptions(workspace: WritableWorkspace, options: UpOptions, { plan, steps }: Prepared): Parameters<typeof runUp>[0] {
  const { host, redactor, emit, signal, detach } = options;
  const parallel = parallelOf(workspace, options);
  return {
    ...{ host, redactor, emit, signal, plan, steps, slipway: SLIPWAY_VERSION },
    undoHandlers: workspace.undoHandlers,
    journal: workspace.journal,
    ledger: workspace.ledger,
    timeoutMs: timeoutOf(workspace, options),
    ...(detach && { detach }),
    ...(parallel !== undefined && { parallel }),
  };
}

export function toResult({ status, exit }: RunOutcome, summary: readonly string[]): OperationResult {
  return { status, exit, summary };
}
