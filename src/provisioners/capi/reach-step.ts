/** The step that gets the kubeconfig of a cluster from where Cluster API keeps it. Never in outputs: they say where it lies, 0600. */
import { dirname } from 'node:path';
import { kubeconfigSecretName } from '../../capi/words.ts';
import { clusterLayout } from '../../control-plane/cluster-layout.ts';
import { readCluster, serverUrl } from '../../control-plane/local-cluster.ts';
import { SlipwayError } from '../../core/errors.ts';
import { type Change, defineStep, type Outputs, type Step, type StepContext, type StepId } from '../../engine/step.ts';
import type { Host } from '../../host/host.ts';
import { readKubeconfig } from '../../kube/kubeconfig.ts';
import { textAt } from '../../kube/readiness-state.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { attendanceOf } from './attendance.ts';
import { awaitReachable } from './await-cluster.ts';
import { type Family, findHome, guideOfStep } from './home.ts';
import type { Way } from './way.ts';

export interface ReachOptions {
  readonly id: StepId;
  readonly cluster: string;
  readonly namespace: string;
  readonly subject: string;
  readonly needs: readonly StepId[];
  readonly context: ProvisionerContext;
  readonly family: Family;
  readonly way: Way;
}

interface Observed {
  /** What is to be written, or undefined: not known yet, or the folder has it. Only a digest leaves the step. */
  readonly isCurrent: boolean | undefined;
  readonly recorded: Outputs | undefined;
  readonly wanted: Outputs | undefined;
}

/** Outputs: `kubeconfig`, a path; `server`. */
export function reachStep(options: ReachOptions): Step {
  return defineStep<Observed>({
    id: options.id,
    title: `get the kubeconfig of ${options.cluster}`,
    subject: options.subject,
    needs: options.needs,
    observe: (step) => observe(step, options),
    change: (observed) => reachChange(options.cluster, observed),
    apply: (step) => apply(step, options),
  });
}

async function observe(step: StepContext, options: ReachOptions): Promise<Observed> {
  const { host, record } = step;
  const wanted = await reached(host, options.way);
  const recorded = record?.outputs;
  if (options.way.kind !== 'file') return { wanted, recorded, isCurrent: wanted && true };
  const home = await findHome(options.family, guideOfStep(step, options.context));
  const secret = home && (await secretText(home.client, options, step.signal));
  if (secret === undefined) return { wanted, recorded, isCurrent: wanted && true };
  return { wanted, recorded, isCurrent: (await host.files.readText(options.way.path)) === secret };
}

function reachChange(cluster: string, { isCurrent, recorded, wanted }: Observed): Change {
  if (!wanted) return { kind: recorded ? 'update' : 'create', summary: `wait for the API server of ${cluster} and get its kubeconfig` };
  if (!isCurrent) return { kind: 'update', summary: `get the renewed kubeconfig of ${cluster}` };
  const isKnown = recorded?.['server'] === wanted['server'] && recorded?.['kubeconfig'] === wanted['kubeconfig'];
  return isKnown
    ? { kind: 'none', summary: `${cluster} is at ${String(wanted['server'])}` }
    : { kind: recorded ? 'update' : 'create', summary: `${cluster} is at ${String(wanted['server'])}` };
}

async function apply(step: StepContext, options: ReachOptions): Promise<Outputs> {
  const { cluster, namespace, context, way } = options;
  const home = await findHome(options.family, guideOfStep(step, context));
  if (home && !home.isMoving) {
    const wait = { client: home.client, cluster: { namespace, name: cluster }, attendant: step };
    await attendanceOf(home.place, context).during(step, home.client, () => awaitReachable(wait));
    if (way.kind === 'file') await store(step, way.path, await secretText(home.client, options, step.signal));
  }
  const found = await reached(step.host, way);
  if (!found) throw new SlipwayError('SLW-CAP-403', `there is no kubeconfig of ${cluster}`, { object: `Cluster/${namespace}/${cluster}` });
  return found;
}

async function store({ host }: StepContext, path: string, text: string | undefined): Promise<void> {
  if (text === undefined || (await host.files.readText(path)) === text) return;
  await host.files.mkdir(dirname(path));
  await host.files.chmod(dirname(path), 0o700);
  await host.files.writeAtomic(path, text, { mode: 0o600 });
}

async function secretText(client: KubeClient, { cluster, namespace }: ReachOptions, signal: AbortSignal): Promise<string | undefined> {
  const ref = { apiVersion: 'v1', kind: 'Secret', namespace, name: kubeconfigSecretName(cluster) };
  const secret = await client.get(ref, signal);
  const value = secret && textAt(secret, 'data', 'value');
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}

/** What is there on this machine already. */
async function reached(host: Host, way: Way): Promise<Outputs | undefined> {
  if (way.kind === 'folder') {
    const { kubeconfig } = clusterLayout(way.dir);
    const cluster = await readCluster(host, way.dir);
    return cluster && (await host.files.stat(kubeconfig)) ? { kubeconfig, server: serverUrl(cluster) } : undefined;
  }
  const text = way.kind === 'file' ? await host.files.readText(way.path) : undefined;
  return text === undefined || way.kind !== 'file'
    ? undefined
    : { kubeconfig: way.path, server: readKubeconfig(text).cluster.server.href.replace(/\/$/, '') };
}
