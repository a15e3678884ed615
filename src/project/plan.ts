/** `slipway plan`: what `up` would do. Reads the world, locks and writes nothing but the plan file asked for. */
import type { PlanData } from '../engine/plan-data.ts';
import { writePlanFile } from '../engine/plan-file.ts';
import type { PlanEnvironment } from '../engine/plan.ts';
import type { StepId, StepReport } from '../engine/step.ts';
import type { OperationOptions, PlanOptions } from './operations.ts';
import { planUp } from './steps.ts';
import { findProject, isoNow, type Workspace, withReadable } from './workspace.ts';

const DEFAULT_TIMEOUT_MS = 10 * 60_000;

export async function planProject(options: PlanOptions): Promise<PlanData> {
  const place = await findProject(options);
  return withReadable(place, options, async (workspace) => {
    const { plan } = await planUp(workspace, planEnvironment(workspace, options), options.only);
    if (options.out !== undefined) await writePlanFile(options.host, options.out, plan);
    return plan;
  });
}

/** Bound of each wait: the flag, else the project's default, else ten minutes. */
export function timeoutOf({ place }: Workspace, options: OperationOptions): number {
  return options.timeoutMs ?? place.loaded?.defaults.timeoutMs ?? DEFAULT_TIMEOUT_MS;
}

export function parallelOf({ place }: Workspace, options: OperationOptions): number | undefined {
  return options.parallel ?? place.loaded?.defaults.parallel;
}

export function planEnvironment(workspace: Workspace, options: OperationOptions): PlanEnvironment {
  const parallel = parallelOf(workspace, options);
  return {
    host: options.host,
    signal: options.signal,
    timeoutMs: timeoutOf(workspace, options),
    ledger: workspace.ledger,
    report: (step, report) => showFinding(options, step, report),
    ...(parallel !== undefined && { parallel }),
  };
}

/** While planning only findings matter; progress would flicker by. */
function showFinding(options: OperationOptions, step: StepId, report: StepReport): void {
  if (report.type === 'finding') options.emit({ ...report, type: 'step.finding', step, time: isoNow(options) });
}
