/** All steps of a project: those of its documents, in the order that their outputs demand, the place of their state, their hooks. */
import { type PreparedState, prepareState } from '../cloud/state-steps.ts';
import type { ResolvedHook } from '../config/resolved-hooks.ts';
import { isSlipwayError, SlipwayError, SlipwayErrors } from '../core/errors.ts';
import type { PlanData } from '../engine/plan-data.ts';
import { makePlan, type PlanEnvironment, type PlanRequest } from '../engine/plan.ts';
import type { Step } from '../engine/step.ts';
import type { NetworkProvider } from '../networks/network.ts';
import { type HookedDocument, withHooks } from './hooks/hook-steps.ts';
import { requireHookPrograms } from './hooks/program.ts';
import { rememberObservations } from './hooks/two-passes.ts';
import type { WorkContext } from './work-context.ts';
import { provisionerOf, type Workspace } from './workspace.ts';

/** One document with its steps. */
interface Part {
  readonly subject: string;
  readonly name: string;
  readonly needs: readonly string[];
  readonly hooks: readonly ResolvedHook[];
  readonly steps: readonly Step[];
}

export interface PlannedProject {
  readonly steps: readonly Step[];
  readonly plan: PlanData;
}

/**
 * Steps and plan of `up`. Hooks run only around what changes, so with hooks the documents are planned first and the hooks with them
 * after that; nothing is observed twice.
 * @throws SlipwayErrors with the faults of all documents; whatever the observing steps throw
 */
export async function planUp(workspace: Workspace, environment: PlanEnvironment, only: readonly string[]): Promise<PlannedProject> {
  const { place, undoHandlers } = workspace;
  const request = (steps: readonly Step[]): PlanRequest => ({ project: place.name, verb: 'up', steps, undoHandlers, only });
  const parts = await projectParts(workspace, environment.signal);
  const bare = joined(parts.documents, parts.shared);
  if (parts.documents.every(({ hooks }) => hooks.length === 0)) return { steps: bare, plan: await makePlan(request(bare), environment) };
  await requireHookPrograms(
    workspace.context.host,
    parts.documents.flatMap(({ hooks }) => hooks),
  );
  const memory = rememberObservations();
  const first = await makePlan(request(bare.map(memory.remember)), environment);
  const steps = joined(
    parts.documents.map((part) => hooked(part, workspace, first)),
    parts.shared,
  );
  const plan = await makePlan(request(steps.map(memory.recall)), environment);
  return { steps, plan };
}

function hooked(part: Part, workspace: Workspace, plan: PlanData): Part {
  if (part.hooks.length === 0) return part;
  const document: HookedDocument = { ...part, ledger: workspace.ledger, plan };
  return { ...part, steps: withHooks(document, workspace.context) };
}

interface Parts {
  readonly documents: readonly Part[];
  /** Steps that belong to no document but the project. */
  readonly shared: readonly Step[];
}

/** Those that make the place of the state; none when it is a folder. */
export async function stateSteps(workspace: Workspace, signal: AbortSignal): Promise<readonly Step[]> {
  return (await preparedState(workspace, signal)).steps;
}

function preparedState({ place, context }: Workspace, signal: AbortSignal): Promise<PreparedState> {
  return prepareState(context, { project: place.name, signal });
}

async function projectParts(workspace: Workspace, signal: AbortSignal): Promise<Parts> {
  const { place } = workspace;
  const prepared = await preparedState(workspace, signal);
  const context: WorkContext = { ...workspace.context, stateBucket: prepared.bucket, stateNeeds: prepared.steps.map(({ id }) => id) };
  const makers = [
    ...(place.loaded?.networks ?? []).map((network) => ({
      document: network,
      make: () => Promise.resolve(networkOf(workspace, network.provider).steps(network, context)),
    })),
    ...(place.loaded?.clusters ?? []).map((cluster) => ({
      document: cluster,
      make: () => provisionerOf(workspace.registry, cluster.provisioner).steps(cluster, context),
    })),
  ];
  const results = await Promise.allSettled(makers.map(({ make }) => make()));
  throwAll(results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : [])));
  const documents = makers.map(({ document: { subject, name, needs, hooks } }, index) => {
    const result = results[index];
    return { subject, name, needs, hooks, steps: result?.status === 'fulfilled' ? result.value : [] };
  });
  return { documents, shared: prepared.steps };
}

function throwAll(errors: readonly unknown[]): void {
  const bug = errors.find((error) => !isSlipwayError(error) && !(error instanceof SlipwayErrors));
  if (bug !== undefined) throw bug;
  if (errors.length > 0)
    throw new SlipwayErrors(errors.flatMap((error) => (error instanceof SlipwayErrors ? error.errors : [error as SlipwayError])));
}

/** What takes outputs of another document begins when that one is done; everything, when the place of the state is there, which the journal shares. */
function joined(parts: readonly Part[], shared: readonly Step[]): readonly Step[] {
  const bySubject = new Map(parts.map((part) => [part.subject, part.steps]));
  const after = parts.flatMap(({ steps, needs }) => {
    const givers = [...shared, ...needs.flatMap((other) => bySubject.get(other) ?? [])].map(({ id }) => id);
    return givers.length === 0 ? steps : afterOutputs(steps, givers);
  });
  return [...shared, ...after];
}

/** Steps without a need inside their own document are its first. */
function afterOutputs(steps: readonly Step[], givers: readonly string[]): readonly Step[] {
  const own = new Set(steps.map(({ id }) => id));
  return steps.map((step) =>
    step.needs.some((need) => own.has(need)) ? step : { ...step, needs: [...new Set([...step.needs, ...givers])] },
  );
}

function networkOf({ networks }: Workspace, name: string): NetworkProvider {
  const provider = networks.get(name);
  if (!provider) throw new SlipwayError('SLW-CFG-020', `network provider ${name} is not available in this version`);
  return provider;
}
