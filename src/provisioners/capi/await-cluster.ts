/** Waiting for a cluster that Cluster API makes: bounded, explained by the deepest cause, its management cluster attended to meanwhile. */
import { explainCluster } from '../../capi/describe/describe.ts';
import type { ClusterRef } from '../../capi/describe/description.ts';
import { CLUSTER, CONTROL_PLANE_GROUP, CORE_GROUP, INFRASTRUCTURE_GROUP, kubeconfigSecretName, LOCAL_GROUP } from '../../capi/words.ts';
import { formatDuration } from '../../core/duration.ts';
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import { numberAt, progressing, type Readiness, ready, valueAt } from '../../kube/readiness-state.ts';
import { readinessOf } from '../../kube/readiness.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef } from '../../kube/types.ts';
import { waitReady, type WaitOptions } from '../../kube/wait.ts';
import type { Attendant } from './attendance.ts';

export interface AwaitOptions {
  readonly client: KubeClient;
  readonly cluster: ClusterRef;
  readonly attendant: Attendant;
}

/** How often the cause is looked for anew while nothing changes at the surface. */
const LOOK_MS = 3_000;

/** Until the API server of the cluster was up and its kubeconfig is there. @throws SLW-CAP-402 at the bound, with the cause */
export async function awaitReachable(options: AwaitOptions): Promise<void> {
  const { namespace, name } = options.cluster;
  const refs: readonly ObjectRef[] = [
    { ...CLUSTER, namespace, name },
    { apiVersion: 'v1', kind: 'Secret', namespace, name: kubeconfigSecretName(name) },
  ];
  await explained(options, refs, (object) => (object.kind === 'Cluster' ? reachable(object) : ready('Exists')));
}

/** Until everything of the definition is as it says, and the Cluster is Available. @throws SLW-CAP-402 at the bound, with the cause */
export async function awaitAvailable(options: AwaitOptions, definition: readonly ObjectRef[]): Promise<void> {
  await explained(options, definition.filter(isAwaited), settled);
}

const AWAITED_GROUPS = new Set([CORE_GROUP, CONTROL_PLANE_GROUP, INFRASTRUCTURE_GROUP, LOCAL_GROUP]);

function isAwaited({ apiVersion, kind }: ObjectRef): boolean {
  const [group = ''] = apiVersion.split('/');
  return AWAITED_GROUPS.has(group) && !kind.endsWith('Template') && kind !== 'MachineHealthCheck';
}

/** Since contract v1beta2; https://cluster-api.sigs.k8s.io/developer/core/controllers/cluster */
function reachable(cluster: KubeObject): Readiness {
  return valueAt(cluster, 'status', 'initialization', 'controlPlaneInitialized') === true
    ? ready('ControlPlaneInitialized')
    : progressing('ControlPlaneNotInitialized', 'its control plane is not there yet');
}

/** A change just written is not yet what conditions speak of. */
function settled(object: KubeObject): Readiness {
  const observed = numberAt(object, 'status', 'observedGeneration');
  if (observed !== undefined && observed < (object.metadata.generation ?? 0))
    return progressing('NotObserved', 'no controller has looked at the change yet');
  const wanted = numberAt(object, 'spec', 'replicas');
  const counts = ['replicas', 'readyReplicas', 'upToDateReplicas'].map((field) => numberAt(object, 'status', field));
  if (wanted !== undefined && counts.some((count) => count !== undefined && count !== wanted))
    return progressing('Scaling', `${counts[1] ?? 0} of ${wanted} machines are ready`);
  return readinessOf(object);
}

async function explained(
  options: AwaitOptions,
  refs: readonly ObjectRef[],
  readiness: NonNullable<WaitOptions['readiness']>,
): Promise<void> {
  const { client, attendant } = options;
  const { host, signal, timeoutMs } = attendant;
  const teller = new Teller(options);
  const stop = host.clock.every(LOOK_MS, () => teller.look());
  try {
    await waitReady(client, refs, { host, signal, timeoutMs, readiness, onBlocked: () => teller.look() });
  } catch (error) {
    if (!isSlipwayError(error) || !['SLW-KUB-040', 'SLW-KUB-041'].includes(error.code)) throw error;
    throw await withCause(options, error);
  } finally {
    stop();
    teller.end();
  }
}

/** Says what blocks, one look at a time, the same thing once. */
class Teller {
  readonly #options: AwaitOptions;
  readonly #stop = new AbortController();
  #looking = false;
  #told = '';

  constructor(options: AwaitOptions) {
    this.#options = options;
  }

  look(): void {
    if (this.#looking || this.#stop.signal.aborted) return;
    this.#looking = true;
    void this.#tell()
      .catch(() => undefined)
      .finally(() => (this.#looking = false));
  }

  end(): void {
    this.#stop.abort();
  }

  async #tell(): Promise<void> {
    const { client, cluster, attendant } = this.#options;
    const [cause] = await explainCluster(client, cluster, AbortSignal.any([attendant.signal, this.#stop.signal]));
    if (!cause || this.#stop.signal.aborted) return;
    const { object, reason, message } = cause;
    const told = `${object} ${reason} ${message}`;
    if (told === this.#told) return;
    this.#told = told;
    attendant.report({ type: 'waiting', object, reason, message, boundMs: attendant.timeoutMs });
  }
}

async function withCause({ client, cluster, attendant }: AwaitOptions, error: SlipwayError): Promise<SlipwayError> {
  const { host, timeoutMs } = attendant;
  const causes = await explainCluster(client, cluster, host.clock.timeout(LOOK_MS)).catch(() => []);
  const [cause] = causes;
  if (!cause) return error;
  const name = formatRef({ ...CLUSTER, ...cluster });
  const message = `${name} is not as defined after ${formatDuration(timeoutMs)}: ${cause.object}: ${cause.reason}, ${cause.message}`;
  return new SlipwayError('SLW-CAP-402', message, {
    object: cause.object,
    cause: error,
    data: { causes: causes.slice(0, 20).map(({ object, reason, message: text }) => ({ object, reason, message: text })) },
  });
}
