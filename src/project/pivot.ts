/**
 * `slipway pivot …`: moves Cluster API objects between any two clusters, on its own or inside a project. The transaction is in the clusters;
 * what is here is how the ends are found, who is asked, and what is kept in the journal of a project where there is one.
 */
import type { PivotOptions, PivotResult, PivotStatus } from '../capi/pivot/options.ts';
import { planPivot, pivotStatus, retirePivot, rollbackPivot, runPivot } from '../capi/pivot/pivot.ts';
import type { PivotPlan } from '../capi/pivot/plan.ts';
import { isAbort, isSlipwayError, SlipwayErrors } from '../core/errors.ts';
import { exits } from '../core/exits.ts';
import type { JournalWriter } from '../engine/journal/journal.ts';
import type { StepReport } from '../engine/step.ts';
import type { OperationOptions, OperationResult } from './operations.ts';
import { isClusterName, type OpenEnd, openEnd } from './pivot-ends.ts';
import { commandHooks } from './pivot-hooks.ts';
import { createPivotRecord, type PivotRecord } from './pivot-record.ts';
import type { ProjectPlace } from './place.ts';
import { findProjectOrState, withNoProject, withReadable, withWritable, type Workspace } from './workspace.ts';

/** What a person asks for. */
export interface PivotRequest extends OperationOptions {
  /** `KUBECONFIG`, `KUBECONFIG#CONTEXT`, or a cluster of the project. */
  readonly from: string;
  readonly to: string;
  readonly namespaces: readonly string[];
  readonly clusters: readonly string[];
  /** The source goes on living, with what does not move. Whoever chooses by name wants that too. */
  readonly keepSource: boolean;
  readonly acceptUnobservedPause: boolean;
  readonly hooksBefore: readonly string[];
  readonly hooksAfter: readonly string[];
}

export type PivotVerb = 'run' | 'rollback' | 'retire';

/** Asked once, before anything is done. */
export interface PivotConfirmRequest {
  readonly verb: PivotVerb;
  readonly source: string;
  readonly target: string;
  /** Of `run` that begins; undefined where something begun goes on. */
  readonly plan: PivotPlan | undefined;
  readonly status: PivotStatus;
  /** Names to be typed. */
  readonly destroys: readonly string[];
}

export type PivotConfirm = (request: PivotConfirmRequest) => Promise<boolean>;

export interface PivotActRequest extends PivotRequest {
  readonly confirm: PivotConfirm;
}

export interface PivotOutcome extends OperationResult {
  readonly pivot: PivotStatus;
}

/** The bound of each wait where none was given. */
const TIMEOUT_MS = 600_000;

/** Reads both clusters; writes nothing. @throws SLW-PIV-040, SLW-KUB-… */
export async function planProjectPivot(request: PivotRequest): Promise<PivotPlan> {
  return looking(request, (workspace) => withEnds(request, { workspace, journal: undefined }, async ({ options }) => planPivot(options)));
}

export async function projectPivotStatus(request: PivotRequest): Promise<PivotStatus> {
  return looking(request, (workspace) => withEnds(request, { workspace, journal: undefined }, async ({ options }) => pivotStatus(options)));
}

/** Under the lock of the project where there is one. */
export async function actOnPivot(verb: PivotVerb, request: PivotActRequest): Promise<PivotOutcome> {
  const place = await findPlace(request);
  const act = (workspace: Workspace, journal?: JournalWriter): Promise<PivotOutcome> =>
    withEnds(request, { workspace, journal }, (opened) => perform(verb, request, opened));
  if (!place) return withNoProject(request, (workspace) => act(workspace));
  return withWritable('pivot', { place, options: request }, (workspace) => act(workspace, workspace.journal));
}

async function looking<T>(request: PivotRequest, act: (workspace: Workspace) => Promise<T>): Promise<T> {
  const place = await findPlace(request);
  return place ? withReadable(place, request, act) : withNoProject(request, act);
}

/** Two kubeconfigs need no project; its state is used when it is there already, or was asked for. */
async function findPlace(request: PivotRequest): Promise<ProjectPlace | undefined> {
  const needed = request.stateDir !== undefined || [request.from, request.to].some(isClusterName);
  try {
    const place = await findProjectOrState({ ...request, emit: () => undefined });
    return needed || (await request.host.files.stat(place.stateDir)) ? place : undefined;
  } catch (thrown) {
    if (request.stateDir === undefined && (!needed || isMissing(thrown))) return undefined;
    throw thrown;
  }
}

/** No project here: then a word is a file, or an error of its own. */
const isMissing = (thrown: unknown): boolean => (thrown instanceof SlipwayErrors ? thrown.errors : [thrown]).every(isNoProject);

const isNoProject = (thrown: unknown): boolean => isSlipwayError(thrown) && thrown.code === 'SLW-CFG-001';

interface Opened {
  readonly source: OpenEnd;
  readonly target: OpenEnd;
  readonly options: PivotOptions;
  readonly record: PivotRecord;
}

interface Surroundings {
  readonly workspace: Workspace;
  readonly journal: JournalWriter | undefined;
}

async function withEnds<T>(request: PivotRequest, { workspace, journal }: Surroundings, act: (opened: Opened) => Promise<T>): Promise<T> {
  const { host, timeoutMs = TIMEOUT_MS } = request;
  const told: { record?: PivotRecord } = {};
  const report = (said: StepReport): void => told.record?.beside(said);
  const attendant = { host, signal: request.signal, timeoutMs, report };
  const source = await openEnd({ given: request.from, workspace, attendant });
  const target = await openEnd({ given: request.to, workspace, attendant });
  const names = distinctNames(source, target);
  const record = createPivotRecord({ options: request, name: `${names.source} to ${names.target}`, journal, timeoutMs });
  told.record = record;
  const onLine = (hook: string, line: string): void => report({ type: 'log', source: hook, line });
  const hooks = commandHooks({ before: request.hooksBefore, after: request.hooksAfter }, { host, ...names, timeoutMs, onLine });
  const options: PivotOptions = {
    host,
    source: { ...source.end, name: names.source },
    target: { ...target.end, name: names.target },
    ...(request.namespaces.length > 0 && { namespaces: request.namespaces }),
    ...(request.clusters.length > 0 && { clusters: request.clusters }),
    disposableSource: !(request.keepSource || request.namespaces.length > 0 || request.clusters.length > 0),
    acceptUnobservedPause: request.acceptUnobservedPause,
    hooks,
    signal: AbortSignal.any([request.signal, record.broken]),
    timeoutMs,
    report: record.report,
  };
  return act({ source, target, options, record });
}

/** Two files may both call their only context `admin`. */
function distinctNames(source: OpenEnd, target: OpenEnd): { readonly source: string; readonly target: string } {
  if (source.name !== target.name) return { source: source.name, target: target.name };
  return { source: `${source.name} at ${source.client.server}`, target: `${target.name} at ${target.client.server}` };
}

const VERBS: Readonly<Record<PivotVerb, (options: PivotOptions) => Promise<PivotResult>>> = {
  run: runPivot,
  rollback: rollbackPivot,
  retire: retirePivot,
};

async function perform(verb: PivotVerb, request: PivotActRequest, opened: Opened): Promise<PivotOutcome> {
  const { options } = opened;
  const status = await pivotStatus(options);
  const plan = verb === 'run' && BEGINS.has(status.stage) ? await planPivot(options) : undefined;
  const isFine = plan === undefined || plan.refusals.length === 0;
  if (isFine && needsConsent(verb, status) && !(await request.confirm(confirmRequest(verb, opened, { plan, status }))))
    return { status: 'cancelled', exit: 1, summary: [], pivot: status };
  const act = (): Promise<PivotOutcome> => carryOut(verb, request, { opened, digest: plan?.digest ?? status.runId ?? '' });
  // What is refused needs no attendance; the two ends may even be one cluster.
  return isFine ? attended(opened, act) : act();
}

/** Here `run` makes a plan of its own, rather than going on. */
const BEGINS = new Set<PivotStatus['stage']>(['none', 'retired']);

/** What is finished already asks nobody; neither does what cannot be done, which says so itself. */
function needsConsent(verb: PivotVerb, { stage, next }: PivotStatus): boolean {
  return (verb === 'run' && BEGINS.has(stage)) || next.includes(verb);
}

function confirmRequest(verb: PivotVerb, { options }: Opened, known: Pick<PivotConfirmRequest, 'plan' | 'status'>): PivotConfirmRequest {
  const [source, target] = [options.source.name, options.target.name];
  return { ...known, verb, source, target, destroys: verb === 'retire' ? [source] : [] };
}

function attended<T>({ source, target }: Opened, act: () => Promise<T>): Promise<T> {
  return source.during(() => target.during(act));
}

interface Carrying {
  readonly opened: Opened;
  readonly digest: string;
}

async function carryOut(verb: PivotVerb, request: PivotRequest, { opened, digest }: Carrying): Promise<PivotOutcome> {
  const { options, record } = opened;
  await record.started(digest);
  try {
    const { status, changed } = await VERBS[verb](options);
    await record.finished({ status: 'done', exit: 0, changed: changed ? 1 : 0 });
    return { status: 'done', exit: 0, summary: summaryOf(verb, options, { status, changed }), pivot: status };
  } catch (thrown) {
    await record.failed(thrown);
    const status = request.signal.aborted && isAbort(thrown) ? 'cancelled' : 'failed';
    await record.finished({ status, exit: exitOf(thrown), changed: 0 }).catch(() => undefined);
    throw thrown;
  }
}

function exitOf(thrown: unknown): number {
  return thrown instanceof SlipwayErrors || isSlipwayError(thrown) ? thrown.exit : exits.failed;
}

function summaryOf(
  verb: PivotVerb,
  { source, target }: PivotOptions,
  { status, changed }: Pick<PivotResult, 'status' | 'changed'>,
): readonly string[] {
  const count = status.objects === undefined ? '' : ` ${status.objects} objects`;
  const after = changed ? '' : ' already';
  if (verb === 'rollback') return [`${source.name} owns its Clusters again${after === '' ? '' : ' (it did already)'}`];
  if (verb === 'retire') return [`${source.name} is retired${after}; ${target.name} is the only owner`];
  return [
    `${target.name} owns${count} that were on ${source.name}${after === '' ? '' : ' (it did already)'}`,
    `${source.name} is frozen and kept for a rollback; end it with: slipway pivot retire`,
  ];
}
