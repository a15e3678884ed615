/**
 * The local runtime: a kubelet's work for pods of known controllers, on one virtual Node, with processes of this host. It owns
 * pods' bindings and status and the processes registered for them, nothing else; every other pod stays Pending.
 * There is no daemon: it works while somebody calls it, and what it started lives on.
 */
import { SlipwayError, asSlipwayError, isAbort } from '../../core/errors.ts';
import { isoTime } from '../../engine/iso-time.ts';
import type { StepReport } from '../../engine/step.ts';
import type { Host } from '../../host/host.ts';
import { type GroupKind, type KubeClient, type KubeObject, refOf } from '../../kube/types.ts';
import { type BinaryName, type Pins, readPins } from '../../toolchain/catalogue.ts';
import { goArch } from '../../toolchain/go-environment.ts';
import { provideBinaries } from '../../toolchain/provide.ts';
import type { LocalCluster } from '../local-cluster.ts';
import { observeProcess } from '../processes.ts';
import { type BlockedPod, classifyPodSpec, findBlockedPods, type Verdict } from './classify.ts';
import { createLatch } from './latch.ts';
import { podComponent } from './pod-process.ts';
import { asDeployment, asPod, DEPLOYMENT, type Deployment, isRolledOut, type Pod, POD, podKey } from './pod.ts';
import { endPod, endPodProcess, podEntries, runPod, type RunPodOptions } from './run-pod.ts';
import { ensureVirtualNode, NODE_NAME, SIMULATED_MARK, SIMULATED_NODE, simulatedNode } from './virtual-node.ts';

export interface RuntimeOptions {
  readonly host: Host;
  readonly client: KubeClient;
  readonly cluster: LocalCluster;
  readonly toolchainDir?: string | undefined;
  /** `simulated`: pods that no process stands for are bound to the simulated Node. */
  readonly nodes?: 'none' | 'simulated';
  /** Bound of each process's start, and of `converge` as a whole. */
  readonly timeoutMs: number;
  readonly report: (report: StepReport) => void;
}

export interface Runtime {
  /**
   * Works until every Deployment of known controllers is rolled out and its processes serve.
   * @throws SLW-LOC-001 a process ended, SLW-LOC-003 not within the bound, SLW-TCH a binary cannot be provided
   */
  converge(signal: AbortSignal): Promise<void>;
  /** The same for ever, until the signal aborts; failures become findings and are tried again. */
  watch(signal: AbortSignal): Promise<void>;
  /** Pods that can never run here, as of the last look. */
  blockedPods(): readonly BlockedPod[];
}

export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  return new LocalRuntime(options, await readPins(options.host));
}

const CHECK_MS = 1_000;
const RETRY_MS = 5_000;

interface Followed<T extends KubeObject> {
  readonly kind: GroupKind;
  readonly known: Map<string, T>;
  readonly read: (object: KubeObject) => T;
}

class LocalRuntime implements Runtime {
  readonly #options: RuntimeOptions;
  readonly #pins: Pins;
  readonly #pods = new Map<string, Pod>();
  readonly #deployments = new Map<string, Deployment>();
  readonly #synced = new Set<string>();
  /** Work in flight by pod uid. */
  readonly #tasks = new Map<string, Promise<void>>();
  /** Pods whose processes were brought to what they should be since this runtime was made. */
  readonly #running = new Set<string>();
  readonly #paths = new Map<BinaryName, string>();
  #failure: SlipwayError | undefined;
  #latch = createLatch();

  constructor(options: RuntimeOptions, pins: Pins) {
    this.#options = options;
    this.#pins = pins;
  }

  blockedPods(): readonly BlockedPod[] {
    return this.#options.nodes === 'simulated' ? [] : findBlockedPods(this.#pins, [...this.#pods.values()]);
  }

  async converge(signal: AbortSignal): Promise<void> {
    const { host, timeoutMs } = this.#options;
    const bound = host.clock.timeout(timeoutMs);
    this.#failure = undefined;
    try {
      await this.#work(AbortSignal.any([signal, bound]), { isDone: () => this.#isSettled(), failFast: true });
    } catch (error) {
      signal.throwIfAborted();
      if (bound.aborted && isAbort(error)) throw this.#unsettledError();
      throw error;
    }
  }

  async watch(signal: AbortSignal): Promise<void> {
    try {
      await this.#work(signal, { isDone: () => false, failFast: false });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #work(signal: AbortSignal, { isDone, failFast }: { isDone: () => boolean; failFast: boolean }): Promise<void> {
    signal.throwIfAborted();
    const { host, client } = this.#options;
    const stop = new AbortController();
    const inner = AbortSignal.any([signal, stop.signal]);
    this.#running.clear();
    this.#synced.clear();
    const os = host.env.platform;
    await ensureVirtualNode(client, { os, arch: goArch(host), now: isoTime(host.clock.now()).replace(/\.\d+Z$/, 'Z') }, inner);
    if (this.#options.nodes === 'simulated') await client.apply(simulatedNode(), { signal: inner, force: true });
    const followers = [
      this.#follow({ kind: POD, known: this.#pods, read: asPod }, inner),
      this.#follow({ kind: DEPLOYMENT, known: this.#deployments, read: asDeployment }, inner),
    ];
    const stopChecks = host.clock.every(CHECK_MS, () => this.#latch.open());
    try {
      const lost = Promise.race(followers);
      lost.catch(() => undefined);
      for (;;) {
        await this.#pass(inner);
        if (isDone()) return;
        if (this.#failure && failFast) throw this.#failure;
        await Promise.race([this.#latch.wait(inner), lost]);
      }
    } finally {
      stopChecks();
      stop.abort();
      await Promise.allSettled([...followers, ...this.#tasks.values()]);
    }
  }

  async #follow<T extends KubeObject>({ kind, known, read }: Followed<T>, signal: AbortSignal): Promise<void> {
    for await (const event of this.#options.client.watch(kind, { signal })) {
      if (event.type === 'disconnected') continue;
      if (event.type === 'synced') {
        known.clear();
        for (const item of event.items) known.set(podKey(item), read(item));
        this.#synced.add(kind.kind);
      } else if (event.type === 'deleted') known.delete(podKey(event.object));
      else known.set(podKey(event.object), read(event.object));
      this.#latch.open();
    }
  }

  /** One look at everything known: starts what is to be done, waits for nothing but orphans. */
  async #pass(signal: AbortSignal): Promise<void> {
    if (!this.#synced.has(POD.kind)) return;
    for (const pod of this.#pods.values()) await this.#consider(pod, signal);
    await this.#endOrphans();
  }

  async #consider(pod: Pod, signal: AbortSignal): Promise<void> {
    const uid = pod.metadata.uid ?? '';
    if (this.#tasks.has(uid) || !this.#isOurs(pod)) return;
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (pod.spec.nodeName === NODE_NAME) this.#begin(uid, () => endPod({ ...this.#options, signal }, pod), signal);
      return;
    }
    const verdict = classifyPodSpec(this.#pins, pod.spec);
    if (!verdict.runs) return this.#simulate(pod, uid, signal);
    if (this.#running.has(uid) && (await this.#isAlive(pod))) return;
    this.#begin(uid, () => this.#run(pod, verdict, signal), signal);
  }

  /** The mark rides on the binding, so that no pod is ever seen on that Node without it. */
  #simulate(pod: Pod, uid: string, signal: AbortSignal): void {
    if (this.#options.nodes !== 'simulated' || pod.spec.nodeName !== undefined) return;
    const { name, namespace = 'default' } = pod.metadata;
    const metadata = { name, namespace, annotations: { [SIMULATED_MARK]: 'true' } };
    const target = { apiVersion: 'v1', kind: 'Node', name: SIMULATED_NODE };
    this.#begin(
      uid,
      async () =>
        void (await this.#options.client.postSubresource(
          refOf(pod),
          'binding',
          { apiVersion: 'v1', kind: 'Binding', metadata, target },
          signal,
        )),
      signal,
    );
  }

  #isOurs(pod: Pod): boolean {
    return pod.spec.nodeName === undefined || pod.spec.nodeName === NODE_NAME;
  }

  async #isAlive(pod: Pod): Promise<boolean> {
    const { host, cluster } = this.#options;
    const states = await Promise.all(
      pod.spec.containers.map((container) =>
        observeProcess(host, { clusterId: cluster.clusterId, component: podComponent(pod, container) }),
      ),
    );
    return states.every(({ state }) => state === 'running');
  }

  async #run(pod: Pod, verdict: Extract<Verdict, { runs: true }>, signal: AbortSignal): Promise<void> {
    await this.#provide(verdict.binaries, signal);
    const options: RunPodOptions = {
      ...this.#options,
      signal,
      binaryPath: (binary) => this.#paths.get(binary) ?? '',
      onWaiting: (component, message) => this.#options.report({ type: 'progress', message: `${component}: ${message}` }),
    };
    await runPod(options, pod, verdict.binaries);
    this.#running.add(pod.metadata.uid ?? '');
  }

  async #provide(binaries: readonly BinaryName[], signal: AbortSignal): Promise<void> {
    const unknown = binaries.filter((binary) => !this.#paths.has(binary));
    if (unknown.length === 0) return;
    const { host, toolchainDir, report } = this.#options;
    for (const { name, path } of await provideBinaries(host, unknown, { toolchainDir, signal, report })) this.#paths.set(name, path);
  }

  /** A failed task rests a while as a finding; `converge` ends with it, `watch` tries again. */
  #begin(uid: string, work: () => Promise<void>, signal: AbortSignal): void {
    const task = work()
      .catch(async (error: unknown) => {
        if (signal.aborted || isAbort(error)) return;
        const failure = asSlipwayError(error);
        this.#options.report({ type: 'finding', level: 'warning', code: failure.code, message: failure.message });
        this.#failure = failure;
        this.#latch.open();
        await this.#options.host.clock.sleep(RETRY_MS, signal).catch(() => undefined);
      })
      .finally(() => {
        this.#tasks.delete(uid);
        this.#latch.open();
      });
    this.#tasks.set(uid, task);
  }

  /** Processes whose pod is gone: deleted by force, or replaced while nobody looked. */
  async #endOrphans(): Promise<void> {
    const { host, cluster } = this.#options;
    const known = new Set([...this.#pods.values()].map((pod) => pod.metadata.uid ?? ''));
    const orphans = (await podEntries(host, cluster.clusterId)).filter(
      ({ labels }) => !known.has(labels['podUid'] ?? '') && !this.#tasks.has(labels['podUid'] ?? ''),
    );
    await Promise.all(orphans.map((entry) => endPodProcess(host, entry)));
  }

  #knownDeployments(): readonly Deployment[] {
    return [...this.#deployments.values()].filter(({ spec }) => classifyPodSpec(this.#pins, spec.template.spec).runs);
  }

  #isSettled(): boolean {
    if (!this.#synced.has(POD.kind) || !this.#synced.has(DEPLOYMENT.kind) || this.#tasks.size > 0) return false;
    const waiting = [...this.#pods.values()].some(
      (pod) => this.#isOurs(pod) && classifyPodSpec(this.#pins, pod.spec).runs && !this.#running.has(pod.metadata.uid ?? ''),
    );
    return !waiting && this.#knownDeployments().every(isRolledOut);
  }

  #unsettledError(): SlipwayError {
    const seconds = Math.round(this.#options.timeoutMs / 1000);
    const late = this.#knownDeployments()
      .filter((deployment) => !isRolledOut(deployment))
      .map((deployment) => `Deployment/${podKey(deployment)}`);
    return new SlipwayError('SLW-LOC-003', `${late.join(', ') || 'the local runtime'} is not ready after ${seconds}s`, {
      ...(late[0] !== undefined && { object: late[0] }),
    });
  }
}
