/** Runs and ends the processes of one pod, and tells the API server what a kubelet would. */
import { isSlipwayError, type SlipwayError, asSlipwayError } from '../../core/errors.ts';
import { isoTime } from '../../engine/iso-time.ts';
import { refOf } from '../../kube/types.ts';
import type { Host } from '../../host/host.ts';
import type { BinaryName } from '../../toolchain/catalogue.ts';
import { listEntries, type ProcessEntry } from '../process-registry.ts';
import { ensureProcess, observeProcess, stopProcess } from '../processes.ts';
import { type Container, type Pod } from './pod.ts';
import { podComponent, POD_PREFIX, type PodProcessOptions, prepareContainer } from './pod-process.ts';
import { type ContainerFacts, podStatus, saysSo } from './pod-status.ts';
import { NODE_NAME } from './virtual-node.ts';

export interface RunPodOptions extends PodProcessOptions {
  readonly timeoutMs: number;
  readonly binaryPath: (binary: BinaryName) => string;
  readonly onWaiting: (component: string, reason: string) => void;
}

const PORT_ATTEMPTS = 5;

/** Binds the pod, makes its processes run and serve, writes its status. Safe to call again. @throws SLW-LOC-001, -002, -003 */
export async function runPod(options: RunPodOptions, pod: Pod, binaries: readonly BinaryName[]): Promise<void> {
  const { client, signal } = options;
  if (pod.spec.nodeName === undefined) {
    const { name, namespace = 'default' } = pod.metadata;
    await client.postSubresource(
      refOf(pod),
      'binding',
      { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target: { apiVersion: 'v1', kind: 'Node', name: NODE_NAME } },
      signal,
    );
  }
  const results = await Promise.all(
    pod.spec.containers.map((container, index) => runContainer(options, pod, { container, binary: binaries[index] ?? 'etcd' })),
  );
  const failure = results.find((result) => result !== undefined);
  await writeStatus(options, pod, failure);
  if (failure) throw failure;
}

async function runContainer(
  options: RunPodOptions,
  pod: Pod,
  { container, binary }: { container: Container; binary: BinaryName },
): Promise<SlipwayError | undefined> {
  const { host, cluster, signal, timeoutMs } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      const { spec, ready } = await prepareContainer(options, pod, { container, binary, path: options.binaryPath(binary) });
      const onWaiting = (reason: string): void => options.onWaiting(spec.component, reason);
      await ensureProcess(host, spec, {
        clusterId: cluster.clusterId,
        signal,
        timeoutMs,
        onWaiting,
        ready,
      });
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      const taken = isSlipwayError(error) && error.code === 'SLW-LOC-002';
      if (!taken || attempt === PORT_ATTEMPTS) return asSlipwayError(error);
    }
  }
}

async function writeStatus(options: RunPodOptions, pod: Pod, failure: SlipwayError | undefined): Promise<void> {
  const { host, client, signal } = options;
  const containers = await Promise.all(pod.spec.containers.map((container) => containerFacts(options, pod, { container, failure })));
  if (saysSo(pod, containers)) return;
  await client.mergePatch(refOf(pod), { status: podStatus(containers, seconds(host.clock.now())) }, { subresource: 'status', signal });
}

async function containerFacts(
  { host, cluster }: RunPodOptions,
  pod: Pod,
  { container, failure }: { container: Container; failure: SlipwayError | undefined },
): Promise<ContainerFacts> {
  const { entry, identity, state } = await observeProcess(host, { clusterId: cluster.clusterId, component: podComponent(pod, container) });
  const { name, image } = container;
  return {
    name,
    image,
    ready: state === 'running' && failure === undefined,
    pid: identity?.pid ?? 0,
    startedAt: seconds(entry?.startedAt ?? host.clock.now()),
    restartCount: entry?.restarts ?? 0,
    ...(failure && { reason: failure.message }),
  };
}

/** The API's times have no fraction. */
const seconds = (ms: number): string => isoTime(ms).replace(/\.\d+Z$/, 'Z');

/** Registered processes of pods, optionally of one pod. */
export async function podEntries(host: Host, clusterId: string, podUid?: string): Promise<readonly ProcessEntry[]> {
  const entries = await listEntries(host, clusterId);
  return entries.filter(
    ({ component, labels }) => component.startsWith(POD_PREFIX) && (podUid === undefined || labels['podUid'] === podUid),
  );
}

/** Ends the process and removes its private folder. */
export async function endPodProcess(host: Host, entry: ProcessEntry): Promise<void> {
  const dir = entry.labels['dir'];
  await stopProcess(host, entry);
  if (dir !== undefined && dir.startsWith(entry.clusterDir)) await host.files.remove(dir);
}

/** What a kubelet does with a pod that is being deleted. */
export async function endPod({ host, client, cluster, signal }: PodProcessOptions, pod: Pod): Promise<void> {
  const uid = pod.metadata.uid ?? '';
  await Promise.all((await podEntries(host, cluster.clusterId, uid)).map((entry) => endPodProcess(host, entry)));
  await client.delete(refOf(pod), { gracePeriodSeconds: 0, uid, signal });
}
