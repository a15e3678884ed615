/** The step that tells Flux what to fetch and apply, and its proof: the GitOps wait. */
import type { Json } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import {
  type ApplyContext,
  type Change,
  type ChangeDetail,
  defineStep,
  type Intent,
  type Outputs,
  type Step,
  type StepContext,
} from '../engine/step.ts';
import { applyObjects } from '../kube/apply.ts';
import { deleteObjects } from '../kube/delete.ts';
import { diffObjects, type ObjectDiff } from '../kube/diff.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef, refOf } from '../kube/types.ts';
import { readDeployKey, wantsDeployKey } from './deploy-key.ts';
import { followGitops, type FollowResult } from './follow.ts';
import type { FollowedSource } from './heads.ts';
import { countKinds, isNamespaceEnding, toDetail } from './install-step.ts';
import { createLocator } from './locate.ts';
import { gitopsObjects } from './objects.ts';
import { isOurs, OWNER } from '../kube/ownership.ts';
import { resolveSources } from './resolve-sources.ts';
import { pathRepositories, servedHead } from './serve-step.ts';
import { FLUX_NAMESPACE, KUSTOMIZE_API, SOURCE_API, type sourceKind } from './source.ts';
import { type FluxStepsOptions, fluxStepIds, REMOVE_SOURCES } from './step-options.ts';

interface Observed {
  readonly desired: readonly KubeObject[] | undefined;
  /** Undefined while cluster, server port or a key is not known. */
  readonly diffs: readonly ObjectDiff[] | undefined;
  /** Ours on the cluster, and no longer wanted. */
  readonly surplus: readonly ObjectRef[];
  readonly wanted: Readonly<Record<string, number>>;
}

const OWN_KINDS = [
  { apiVersion: KUSTOMIZE_API, kind: 'Kustomization' },
  { apiVersion: SOURCE_API, kind: 'GitRepository' },
  { apiVersion: SOURCE_API, kind: 'OCIRepository' },
  { apiVersion: 'v1', kind: 'Secret' },
] as const;

export function applySourcesStep(options: FluxStepsOptions, needs: readonly string[]): Step {
  return defineStep<Observed>({
    id: fluxStepIds(options.clusterName).sources,
    title: `apply the repositories of ${options.clusterName}`,
    subject: options.subject,
    needs,
    observe: (context) => observe(context, options),
    change: (observed) => sourcesChange(observed),
    intent: () => Promise.resolve(sourcesIntent(options)),
    apply: (context) => apply(context, options),
    verify: async (context) => void (await verify(context, options)),
  });
}

async function observe(context: StepContext, options: FluxStepsOptions): Promise<Observed> {
  const wanted = expectedCounts(options);
  const { sources, isKnown } = await resolveSources(context.host, options);
  const draft = gitopsObjects(sources, options.owner);
  const desired = isKnown ? draft : undefined;
  const client = await options.connect(context);
  const unknown: Observed = { desired, diffs: undefined, surplus: [], wanted };
  if (client === undefined || !(await canHold(client, context.signal))) return unknown;
  const owned = await ownedObjects(client, options.owner, context.signal);
  // With nothing of ours there, all is created and counts say enough; what stands there and changes is to be seen before.
  if (!isKnown && owned.length === 0) return unknown;
  await requireOurs(client, draft, { owner: options.owner, signal: context.signal });
  const diffs = await diffObjects(client, draft, { force: true, signal: context.signal });
  const keys = new Set(draft.map((object) => formatRef(refOf(object))));
  return { desired, diffs, surplus: owned.map(refOf).filter((ref) => !keys.has(formatRef(ref))), wanted };
}

async function canHold(client: KubeClient, signal: AbortSignal): Promise<boolean> {
  return (await client.serves({ apiVersion: KUSTOMIZE_API, kind: 'Kustomization' }, signal)) && !(await isNamespaceEnding(client, signal));
}

/** Before the server's port or a key is known, kinds and counts are: what will be created is announced by them. */
function expectedCounts({ gitops }: FluxStepsOptions): Readonly<Record<string, number>> {
  const kinds = gitops.repositories.flatMap(({ source, kustomizations }) => {
    const isPath = source.type === 'git' && source.address.kind === 'path';
    const hasSecret = isPath || source.auth !== undefined || (source.type === 'git' && source.caBundle !== undefined);
    const ages = kustomizations.filter(({ ageKey }) => ageKey !== undefined).map(() => 'Secret');
    return [
      source.type === 'oci' ? 'OCIRepository' : 'GitRepository',
      ...(hasSecret ? ['Secret'] : []),
      ...ages,
      ...kustomizations.map(() => 'Kustomization'),
    ];
  });
  return countKinds(kinds.map((kind) => ({ kind })));
}

/** @throws SLW-FLX-010 when an object of that name is somebody else's. */
async function requireOurs(
  client: KubeClient,
  desired: readonly KubeObject[],
  { owner, signal }: { owner: string; signal: AbortSignal },
): Promise<void> {
  const live = await Promise.all(desired.map((object) => client.get(refOf(object), signal)));
  const foreign = live.find((object) => object !== undefined && !isOurs(object, owner));
  if (foreign === undefined) return;
  const name = formatRef(refOf(foreign));
  throw new SlipwayError('SLW-FLX-010', `${name} exists on ${client.server} and was not created by this project`, { object: name });
}

export async function ownedObjects(client: KubeClient, owner: string, signal: AbortSignal): Promise<readonly KubeObject[]> {
  const lists = await Promise.all(
    OWN_KINDS.map(async (kind) =>
      (await client.serves(kind, signal))
        ? (await client.list(kind, { namespace: FLUX_NAMESPACE, labelSelector: `${OWNER}=${owner}`, signal })).items
        : [],
    ),
  );
  return lists.flat();
}

function sourcesChange({ diffs, surplus, wanted }: Observed): Change {
  const total = Object.values(wanted).reduce((sum, count) => sum + count, 0);
  if (diffs === undefined)
    return total === 0
      ? { kind: 'none', summary: 'nothing to apply' }
      : { kind: 'deferred', summary: `apply ${total} objects to Flux`, announces: wanted };
  const removed: readonly ChangeDetail[] = surplus.map((ref) => ({
    object: formatRef(ref),
    kind: 'delete',
    reason: 'no longer in the project',
  }));
  const details = [...diffs.filter(({ action }) => action !== 'none').map(toDetail), ...removed];
  if (details.length === 0) return { kind: 'none', summary: 'sources and Kustomizations are applied' };
  const isNew = removed.length === 0 && diffs.every(({ action }) => action === 'create');
  return {
    kind: isNew ? 'create' : 'update',
    summary: `${isNew ? 'create' : 'change'} ${details.length} object${details.length === 1 ? '' : 's'} for Flux`,
    details,
  };
}

function sourcesIntent(options: FluxStepsOptions): Intent {
  if (options.undo === 'cluster') return {};
  const data: Json = { cluster: options.clusterName, owner: options.owner };
  return { undo: { handler: REMOVE_SOURCES, title: `remove sources and Kustomizations from ${options.clusterName}`, data } };
}

async function apply(context: ApplyContext<Observed>, options: FluxStepsOptions): Promise<Outputs> {
  const { host, signal, timeoutMs, observed } = context;
  const client = await options.connect(context);
  if (client === undefined || observed.desired === undefined)
    throw new SlipwayError('SLW-BUG-001', `the sources of ${options.clusterName} are not known yet`);
  await applyObjects(client, observed.desired, { host, force: true, signal });
  if (observed.surplus.length > 0) await removeSurplus(client, observed.surplus, { host, signal, timeoutMs });
  return { objects: observed.desired.map((object) => formatRef(refOf(object))) };
}

/** Kustomizations first: their finalizers still need source and Secret. */
async function removeSurplus(client: KubeClient, refs: readonly ObjectRef[], options: Parameters<typeof deleteObjects>[2]): Promise<void> {
  const units = refs.filter(({ kind }) => kind === 'Kustomization');
  await deleteObjects(client, units, options);
  await deleteObjects(
    client,
    refs.filter((ref) => !units.includes(ref)),
    options,
  );
}

/** Waits until the heads are applied everywhere; what it found is reported as a finding of the step. */
async function verify(context: StepContext, options: FluxStepsOptions): Promise<FollowResult | undefined> {
  const { host, signal, timeoutMs, report } = context;
  if (options.gitops.repositories.length === 0) return undefined;
  const client = await options.connect(context);
  if (client === undefined) throw new SlipwayError('SLW-BUG-001', `no API server to follow on ${options.clusterName}`);
  const result = await followGitops({
    ...{ host, client, signal, timeoutMs, report },
    declared: declaredNames(options),
    sources: followedSources(context, options),
    locate: createLocator(host, options),
    deployKeys: await deployKeys(context, options),
    ...(options.cannotRun && { cannotRun: options.cannotRun }),
  });
  for (const [source, revision] of Object.entries(result.revisions))
    report({ type: 'finding', level: 'info', message: `${options.clusterName}: applied revision ${revision} of ${source}` });
  return result;
}

export function declaredNames(options: Pick<FluxStepsOptions, 'gitops'>): readonly string[] {
  return options.gitops.repositories.flatMap(({ kustomizations }) =>
    kustomizations.filter(({ suspend }) => !suspend).map(({ name }) => name),
  );
}

export function declaredSources(options: Pick<FluxStepsOptions, 'gitops'>): readonly ObjectRef[] {
  return options.gitops.repositories.map(({ name, source }) => sourceRef(name, source.type === 'oci' ? 'OCIRepository' : 'GitRepository'));
}

function sourceRef(name: string, kind: ReturnType<typeof sourceKind>): ObjectRef {
  return { apiVersion: SOURCE_API, kind, namespace: FLUX_NAMESPACE, name };
}

/** Of served paths the head is read here; of remotes it is what Flux fetches when asked to. */
function followedSources({ host }: StepContext, options: FluxStepsOptions): readonly FollowedSource[] {
  const paths = new Map(pathRepositories(options).map((repository) => [repository.name, repository]));
  return declaredSources(options).map((ref) => {
    const path = paths.get(ref.name);
    return path ? { ref, head: (signal: AbortSignal) => servedHead({ host, signal }, options, path) } : { ref };
  });
}

async function deployKeys({ host }: StepContext, options: FluxStepsOptions): Promise<Readonly<Record<string, string>>> {
  const pairs = await Promise.all(
    wantsDeployKey(options.gitops).map(
      async (name) => [`GitRepository/${FLUX_NAMESPACE}/${name}`, (await readDeployKey(host, options.keyDir, name))?.publicKey] as const,
    ),
  );
  return Object.fromEntries(pairs.flatMap(([name, key]) => (key === undefined ? [] : [[name, key]])));
}
