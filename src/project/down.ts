/**
 * `slipway down`: undoes what the ledger holds, also with a broken or missing project file and after a half-failed `up`.
 * Afterwards only the journal and generated identities remain; `forget` removes those as well.
 */
import { SLIPWAY_VERSION } from '../core/version.ts';
import type { PlanData } from '../engine/plan-data.ts';
import { isEmptyPlan, makePlan } from '../engine/plan.ts';
import { runDown } from '../engine/run.ts';
import type { DownOptions, OperationResult } from './operations.ts';
import type { ProjectPlace } from './place.ts';
import { parallelOf, planEnvironment, timeoutOf } from './plan.ts';
import { toResult } from './up.ts';
import { findProjectOrState, withWritable, type Workspace } from './workspace.ts';

export async function downProject(options: DownOptions): Promise<OperationResult> {
  const place = await findProjectOrState(options);
  const isRemote = place.loaded?.state.backend === 's3';
  if (!isRemote && (await options.host.files.stat(place.stateDir)) === undefined) return nothing(place);
  const result = await undoAll(place, options);
  if (!options.forget || result.status !== 'done') return result;
  await options.host.files.remove(place.stateDir);
  return { ...result, summary: [...result.summary, `forgot ${place.stateDir}`] };
}

const nothing = (place: ProjectPlace): OperationResult => ({ status: 'done', exit: 0, summary: [`nothing of ${place.name} is there`] });

/** @throws what a provisioner says of things that would be lost and are not this project's */
async function requireRemovable({ registry, context, ledger }: Workspace, plan: PlanData, signal: AbortSignal): Promise<void> {
  const going = new Set(plan.steps.map(({ step }) => step));
  for (const provisioner of registry.values()) await provisioner.requireRemovable?.({ records: ledger, going, signal }, context);
}

function undoAll(place: ProjectPlace, options: DownOptions): Promise<OperationResult> {
  return withWritable('down', { place, options }, async (workspace) => {
    const undoOptions = { prune: options.prune, forget: options.forget, down: true };
    const environment = { ...planEnvironment(workspace, options), undoOptions };
    const plan = await makePlan(
      { project: place.name, verb: 'down', steps: [], undoHandlers: workspace.undoHandlers, only: options.only },
      environment,
    );
    if (plan.steps.length === 0) return nothing(place);
    await requireRemovable(workspace, plan, options.signal);
    const agreed = isEmptyPlan(plan) || (await options.confirm({ plan, destroys: plan.destroys }));
    if (!agreed) return { status: 'cancelled', exit: 1, summary: [] };
    const { host, redactor, emit, signal, detach } = options;
    const parallel = parallelOf(workspace, options);
    const outcome = await runDown({
      ...{ host, redactor, emit, signal, plan, undoOptions, slipway: SLIPWAY_VERSION },
      undoHandlers: workspace.undoHandlers,
      journal: workspace.journal,
      ledger: workspace.ledger,
      timeoutMs: timeoutOf(workspace, options),
      ...(detach && { detach }),
      ...(parallel !== undefined && { parallel }),
    });
    return toResult(
      outcome,
      outcome.status === 'done'
        ? [`${options.only.length > 0 ? options.only.join(', ') : place.name} is down: ${outcome.changed} removed`]
        : [],
    );
  });
}
