/** The step that puts the Flux components on a cluster, and its undo, which takes off again only what it put there. */
import type { Json } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import {
  type ApplyContext,
  type Change,
  type ChangeDetail,
  defineStep,
  type Intent,
  type Step,
  type StepContext,
  type StepRecord,
} from '../engine/step.ts';
import { applyObjects } from '../kube/apply.ts';
import { type DeleteOptions, deleteObjects } from '../kube/delete.ts';
import { diffObjects, type ObjectDiff } from '../kube/diff.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef, refOf } from '../kube/types.ts';
import { componentObjects, type FluxComponents, loadComponents } from './components.ts';
import { isOurs } from '../kube/ownership.ts';
import { FLUX_NAMESPACE, HELM_API, KUSTOMIZE_API, SOURCE_API } from './source.ts';
import { type FluxStepsOptions, fluxStepIds, REMOVE_COMPONENTS } from './step-options.ts';

interface Observed {
  readonly components: FluxComponents;
  /** Undefined while there is no cluster to ask. */
  readonly diffs: readonly ObjectDiff[] | undefined;
  /** A Flux that somebody else installed. */
  readonly isForeign: boolean;
  /** Objects that stood there before ours, and must survive us. */
  readonly keep: readonly string[];
}

export function installComponentsStep(options: FluxStepsOptions): Step {
  return defineStep<Observed>({
    id: fluxStepIds(options.clusterName).install,
    title: `install Flux on ${options.clusterName}`,
    subject: options.subject,
    needs: options.needs,
    observe: (context) => observe(context, options),
    change: (observed) => installChange(observed),
    intent: (observed, _change, { record }) => Promise.resolve(installIntent(observed, options, record)),
    apply: (context) => apply(context, options),
  });
}

async function observe(context: StepContext, options: FluxStepsOptions): Promise<Observed> {
  const components = await loadComponents(context.host);
  const client = await options.connect(context);
  if (client === undefined) return { components, diffs: undefined, isForeign: false, keep: [] };
  const { signal } = context;
  if (await isForeignFlux(client, options.owner, signal)) return { components, diffs: [], isForeign: true, keep: [] };
  const objects = componentObjects(components, options.owner);
  const diffs = (await isNamespaceEnding(client, signal))
    ? await diffBesideNamespace(client, objects, signal)
    : await diffObjects(client, objects, { force: true, signal });
  const touched = diffs.filter(({ action }) => action === 'update');
  const standing = await Promise.all(touched.map(({ ref }) => client.get(ref, signal)));
  const keep = standing
    .filter((object): object is KubeObject => object !== undefined && !isOurs(object, options.owner))
    .map((object) => formatRef(refOf(object)));
  return { components, diffs, isForeign: false, keep };
}

const CONTROLLERS = ['source-controller', 'kustomize-controller', 'helm-controller'];
const ANY_CONTROLLER = `app.kubernetes.io/part-of=flux,app.kubernetes.io/component in (${CONTROLLERS.join(',')})`;
const NAMESPACE: ObjectRef = { apiVersion: 'v1', kind: 'Namespace', name: FLUX_NAMESPACE };
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };

/** Whether others run Flux here. @throws SLW-FLX-009 when it is too old, or in a namespace where we would have to run a second one */
async function isForeignFlux(client: KubeClient, owner: string, signal: AbortSignal): Promise<boolean> {
  const [named, labelled] = await Promise.all([
    Promise.all(CONTROLLERS.map((name) => client.get({ ...DEPLOYMENT, namespace: FLUX_NAMESPACE, name }, signal))),
    client.list(DEPLOYMENT, { labelSelector: ANY_CONTROLLER, signal }),
  ]);
  const foreign = [...named, ...labelled.items].filter((object): object is KubeObject => object !== undefined && !isOurs(object, owner));
  if (foreign.length === 0) return false;
  const elsewhere = foreign.find(({ metadata }) => metadata.namespace !== FLUX_NAMESPACE)?.metadata.namespace;
  if (elsewhere !== undefined)
    throw new SlipwayError(
      'SLW-FLX-009',
      `a Flux runs on ${client.server} in namespace ${elsewhere}, and Slipway uses one only in ${FLUX_NAMESPACE}`,
    );
  await requireServed(client, signal);
  return true;
}

/** @throws SLW-FLX-009 when a foreign Flux is too old for our objects. */
async function requireServed(client: KubeClient, signal: AbortSignal): Promise<void> {
  const kinds = [
    { apiVersion: SOURCE_API, kind: 'GitRepository' },
    { apiVersion: KUSTOMIZE_API, kind: 'Kustomization' },
    { apiVersion: HELM_API, kind: 'HelmRelease' },
  ];
  for (const kind of kinds) {
    if (!(await client.serves(kind, signal)))
      throw new SlipwayError('SLW-FLX-009', `the Flux on ${client.server} does not serve ${kind.kind} in ${kind.apiVersion}`);
  }
}

function installChange({ components, diffs, isForeign }: Observed): Change {
  if (diffs === undefined)
    return { kind: 'deferred', summary: `install Flux ${components.version}`, announces: countKinds(components.objects) };
  if (isForeign) return { kind: 'none', summary: 'Flux is there, installed by others' };
  const details = diffs.filter(({ action }) => action !== 'none').map(toDetail);
  if (details.length === 0) return { kind: 'none', summary: `Flux ${components.version} is installed` };
  const isNew = diffs.every(({ action }) => action === 'create');
  return {
    kind: isNew ? 'create' : 'update',
    summary: `${isNew ? 'install' : 'correct'} Flux ${components.version}: ${details.length} object${details.length === 1 ? '' : 's'}`,
    details,
  };
}

export function toDetail({ ref, action, fields }: ObjectDiff): ChangeDetail {
  const kind = action === 'create' ? 'create' : action === 'replace' ? 'replace' : 'update';
  return { object: formatRef(ref), kind, ...(fields.length > 0 && { reason: fields.join(', ') }) };
}

export function countKinds(objects: readonly { readonly kind: string }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of objects) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function installIntent(observed: Observed, options: FluxStepsOptions, record: StepRecord | undefined): Intent {
  if (options.undo === 'cluster' || observed.isForeign) return {};
  const before = (record?.intent.undo?.data ?? {}) as { readonly keep?: readonly string[] };
  const keep = [...new Set([...(before.keep ?? []), ...observed.keep])];
  const data: Json = { cluster: options.clusterName, owner: options.owner, keep };
  return { undo: { handler: REMOVE_COMPONENTS, title: `remove Flux from ${options.clusterName}, leaving workloads`, data } };
}

async function apply(context: ApplyContext<Observed>, options: FluxStepsOptions): Promise<{ version: string }> {
  const client = await options.connect(context);
  if (client === undefined) throw new SlipwayError('SLW-BUG-001', `no API server to install Flux on ${options.clusterName}`);
  const objects = componentObjects(context.observed.components, options.owner);
  await awaitEndOfNamespace(client, context);
  await applyObjects(client, objects, {
    host: context.host,
    force: true,
    signal: context.signal,
    onObject: (_applied, done, total) => context.report({ type: 'progress', message: 'apply Flux components', done, total }),
  });
  return { version: context.observed.components.version };
}

/** A `down` that was killed may leave the namespace on its way out: what stands in it goes along, and comes with the next one. */
async function diffBesideNamespace(
  client: KubeClient,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<readonly ObjectDiff[]> {
  const within = objects.filter(({ kind, metadata }) => kind === 'Namespace' || metadata.namespace === FLUX_NAMESPACE);
  const beside = await diffObjects(
    client,
    objects.filter((object) => !within.includes(object)),
    { force: true, signal },
  );
  return [...within.map((object): ObjectDiff => ({ ref: refOf(object), action: 'create', fields: [] })), ...beside];
}

export async function isNamespaceEnding(client: KubeClient, signal: AbortSignal): Promise<boolean> {
  const namespace = await client.get(NAMESPACE, signal);
  return namespace?.metadata.deletionTimestamp !== undefined;
}

async function awaitEndOfNamespace(client: KubeClient, { host, signal, timeoutMs, report }: StepContext): Promise<void> {
  if (!(await isNamespaceEnding(client, signal))) return;
  const onBlocked: DeleteOptions['onBlocked'] = ([first]) =>
    first && report({ type: 'waiting', object: formatRef(first.ref), reason: 'Terminating', message: first.reason, boundMs: timeoutMs });
  await deleteObjects(client, [NAMESPACE], { host, signal, timeoutMs, onBlocked });
}
