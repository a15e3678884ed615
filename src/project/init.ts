/** `bootstrap init` and `cluster init`: everything that can be done before anything costs money: checks, the place of the state, work folders, a plan. */
import { SlipwayError } from '../core/errors.ts';
import { isEmptyPlan, makePlan } from '../engine/plan.ts';
import type { PlanData } from '../engine/plan-data.ts';
import { runUp } from '../engine/run.ts';
import type { OperationOptions, OperationResult, UpOptions } from './operations.ts';
import { planEnvironment } from './plan.ts';
import { planUp, stateSteps } from './steps.ts';
import { runOptions, toResult } from './up.ts';
import { findProject, findProjectOrState, withWritable, type WritableWorkspace } from './workspace.ts';

export interface InitResult {
  readonly result: OperationResult;
  /** What `update` would do; absent when it did not come to that. */
  readonly plan: PlanData | undefined;
}

/** Safe to run again: what is made is made once. */
export async function initProject(options: UpOptions): Promise<InitResult> {
  const place = await findProject(options);
  return withWritable('up', { place, options }, async (workspace) => {
    const result = await makePlaceOfState(workspace, options);
    if (result.status !== 'done') return { result, plan: undefined };
    const environment = planEnvironment(workspace, options);
    return { result, plan: (await planUp(workspace, environment, options.only)).plan };
  });
}

async function makePlaceOfState(workspace: WritableWorkspace, options: UpOptions): Promise<OperationResult> {
  const steps = await stateSteps(workspace, options.signal);
  if (steps.length === 0) return { status: 'done', exit: 0, summary: [] };
  const only = steps.map(({ subject }) => subject);
  const request = { project: workspace.place.name, verb: 'up', steps, undoHandlers: workspace.undoHandlers, only } as const;
  const plan = await makePlan(request, planEnvironment(workspace, options));
  const agreed = isEmptyPlan(plan) || (await options.confirm({ plan, destroys: plan.destroys }));
  if (!agreed) return { status: 'cancelled', exit: 1, summary: [] };
  return toResult(await runUp(runOptions(workspace, options, { plan, steps })), []);
}

/** Subjects of that kind; none when the project has no other, so that all of it is meant. @throws SLW-CLI-010 when it has none at all */
export async function selectKind(
  options: OperationOptions,
  kind: 'Network' | 'Cluster',
  { mayBeBroken = false }: { readonly mayBeBroken?: boolean } = {},
): Promise<readonly string[]> {
  const quiet = { ...options, emit: () => undefined };
  const place = await (mayBeBroken ? findProjectOrState(quiet) : findProject(quiet));
  if (!place.loaded) return [];
  const { networks, clusters, name, files } = place.loaded;
  const [own, others] = kind === 'Network' ? [networks, clusters] : [clusters, networks];
  if (own.length > 0) return others.length === 0 ? [] : own.map(({ subject }) => subject);
  throw new SlipwayError('SLW-CLI-010', `project ${name} holds no ${kind}`, { data: { files } });
}
