/**
 * The step that makes sure which cluster a kubeconfig leads to, be it a document of the project or the bootstrap cluster of one. The record keeps where the kubeconfig is (never its content), so that
 * `down` finds the cluster without the project file, and the cluster's uid, so that nobody works on another one by accident.
 */
import { followKubeconfigPath, type Reference, resolveKubeconfig } from '../config/references.ts';
import type { ResolvedGitops } from '../config/resolved-gitops.ts';
import type { ExistingCluster } from '../config/resolved.ts';
import { digestOf } from '../core/digest.ts';
import { isSlipwayError, SlipwayError, type SourcePosition } from '../core/errors.ts';
import { type Change, defineStep, type Outputs, type Step, type StepContext, type StepId, type StepRecord } from '../engine/step.ts';
import type { KubeClient } from '../kube/types.ts';
import type { KubeconfigSource, ProvisionerContext } from './provisioner.ts';

/** What is needed of a cluster that is already there. */
export type ReachableCluster = Pick<ExistingCluster, 'name' | 'subject' | 'at' | 'existing' | 'gitops'>;

export const reachStepId = (cluster: string): StepId => `existing/reach-cluster/${cluster}`;

/** Undefined while another document of the project has still to give the kubeconfig. */
type Observed = Reached | undefined;

interface Reached {
  readonly server: string;
  /** uid of namespace kube-system: the nearest thing to an identity that a cluster has (KEP-2149). */
  readonly uid: string;
  readonly known: string | undefined;
  /** The record still says where the kubeconfig is. */
  readonly isFound: boolean;
}

export function reachClusterStep(cluster: ReachableCluster, context: ProvisionerContext): Step {
  return defineStep<Observed>({
    id: reachStepId(cluster.name),
    title: `reach the existing cluster ${cluster.name}`,
    subject: cluster.subject,
    needs: [],
    observe: ({ record, signal }) => observe(cluster, context, { record, signal }),
    change: (observed) => reachChange(cluster, observed),
    intent: () => Promise.resolve({ choices: location(cluster, context) }),
    apply: ({ observed, intent }) => {
      if (!observed) throw new SlipwayError('SLW-BUG-001', `the way to ${cluster.name} is not known`);
      return Promise.resolve({ ...intent.choices, server: observed.server, uid: observed.uid });
    },
  });
}

async function observe(
  cluster: ReachableCluster,
  context: ProvisionerContext,
  { record, signal }: Pick<StepContext, 'record' | 'signal'>,
): Promise<Observed> {
  const client = await connectIfKnown(cluster, context);
  if (!client) return undefined;
  if (cluster.gitops && !isLoopback(client.server)) refusePaths(cluster, cluster.gitops);
  const uid = await uidOf(client, signal);
  const known = record?.outputs['uid'];
  requireSame(cluster, { known, uid, server: client.server });
  const wanted: Outputs = { ...location(cluster, context), server: client.server, uid };
  const isFound = record !== undefined && digestOf(record.outputs) === digestOf(wanted);
  return { server: client.server, uid, known: typeof known === 'string' ? known : undefined, isFound };
}

function reachChange({ existing }: ReachableCluster, observed: Observed): Change {
  if (!observed) {
    const giver = existing.kubeconfig.kind === 'output' ? existing.kubeconfig.target : 'another document';
    return { kind: 'deferred', summary: `use the cluster that ${giver} gives`, announces: { Cluster: 1 } };
  }
  const { server, known, isFound } = observed;
  if (known === undefined) return { kind: 'create', summary: `use the cluster at ${server}; nothing in it is changed by this` };
  return isFound
    ? { kind: 'none', summary: `the cluster at ${server}` }
    : { kind: 'update', summary: `reach the same cluster at ${server} another way` };
}

/** Folders are served on this machine's loopback address, which only clusters on this machine can fetch from. */
function refusePaths(cluster: ReachableCluster, gitops: ResolvedGitops): void {
  for (const { name, source, at } of gitops.repositories) {
    const address = source.type === 'git' ? source.address : undefined;
    if (address?.kind !== 'path') continue;
    const message = `repository ${name} is the path ${address.path}, which cluster ${cluster.name} on another machine cannot fetch`;
    throw new SlipwayError('SLW-EXI-001', message, { at, object: cluster.subject });
  }
}

const isLoopback = (server: string): boolean => /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(new URL(server).hostname);

/** Undefined while another document of the project has still to give the kubeconfig. */
export async function connectIfKnown(cluster: ReachableCluster, context: ProvisionerContext): Promise<KubeClient | undefined> {
  try {
    return await context.connect(await reach(cluster, context));
  } catch (error) {
    if (isSlipwayError(error) && error.code === 'SLW-CFG-042') return undefined;
    throw error;
  }
}

async function uidOf(client: KubeClient, signal: AbortSignal): Promise<string> {
  const namespace = await client.get({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' }, signal);
  return namespace?.metadata.uid ?? '';
}

interface Seen {
  readonly known: unknown;
  readonly uid: string;
  readonly server: string;
}

function requireSame({ subject, at }: { readonly subject: string; readonly at?: SourcePosition }, { known, uid, server }: Seen): void {
  if (typeof known !== 'string' || known === uid) return;
  throw new SlipwayError('SLW-EXI-002', `the kubeconfig of ${subject} leads to another cluster than before (${server})`, {
    object: subject,
    ...(at && { at }),
  });
}

/** The cluster of a record, proven to be the same one. @throws SLW-EXI-002 when it is not; SLW-CFG-032, SLW-CFG-033, SLW-KUB when there is no way to it */
export async function connectToSame(
  record: StepRecord,
  { context, signal }: { readonly context: ProvisionerContext; readonly signal: AbortSignal },
): Promise<KubeClient | undefined> {
  const source = await reachFromRecord(record, context);
  if (!source) return undefined;
  const client = await context.connect(source);
  requireSame(record, { known: record.outputs['uid'], uid: await uidOf(client, signal), server: client.server });
  return client;
}

/** Where the kubeconfig is, as plain data without any secret. */
function location(cluster: ReachableCluster, context: ProvisionerContext): Outputs {
  const reference = followKubeconfigPath(context.host, cluster.existing.kubeconfig);
  const where: Outputs =
    reference.kind === 'env'
      ? { env: reference.name }
      : reference.kind === 'file'
        ? { file: reference.path }
        : { target: reference.target, output: reference.output };
  return { ...where, ...(cluster.existing.context !== undefined && { context: cluster.existing.context }) };
}

export async function reach(cluster: ReachableCluster, context: ProvisionerContext): Promise<KubeconfigSource> {
  return resolve(cluster.existing.kubeconfig, cluster.existing.context, context);
}

async function resolve(reference: Reference, name: string | undefined, context: ProvisionerContext): Promise<KubeconfigSource> {
  const { text, path } = await resolveKubeconfig(context.host, followOutput(reference, context), {
    redactor: context.redactor,
    outputs: context.outputs,
  });
  return { text, ...(path !== undefined && { path }), ...(name !== undefined && { context: name }) };
}

/** What another cluster gives is the path of its kubeconfig. */
function followOutput(reference: Reference, context: ProvisionerContext): Reference {
  const text = reference.kind === 'output' ? context.outputs(reference.target, reference.output) : undefined;
  if (reference.kind !== 'output' || text === undefined || /[\n{]/.test(text)) return reference;
  const { target: _target, output: _output, ...place } = reference;
  return { ...place, kind: 'file', path: text };
}

/** From the journal alone. @throws SLW-CFG-032, SLW-CFG-033 when the kubeconfig is not where it was */
export async function reachFromRecord(record: StepRecord, context: ProvisionerContext): Promise<KubeconfigSource | undefined> {
  const { env, file, target, output, context: name } = { ...record.intent.choices, ...record.outputs };
  const place = { at: { file: 'journal', line: 1, col: 1 }, subject: record.subject, field: 'kubeconfig', secret: true };
  const chosen = typeof name === 'string' ? name : undefined;
  if (typeof env === 'string') return resolve({ ...place, kind: 'env', name: env }, chosen, context);
  if (typeof file === 'string') return resolve({ ...place, kind: 'file', path: file }, chosen, context);
  if (typeof target === 'string' && typeof output === 'string')
    return resolve({ ...place, kind: 'output', target, output }, chosen, context);
  return undefined;
}
