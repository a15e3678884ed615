/**
 * Infrastructure `local` of Cluster API: real control planes without machines, as processes of this machine. Owns LocalCluster and
 * LocalControlPlane objects and the folders of their clusters; knows no project. There is no daemon: it works while somebody calls it.
 * Invariants: identity is in the object before anything is started; what is paused is left alone; only the object that adopted the
 * processes last may end them.
 */
import { createLatch } from '../../control-plane/runtime/latch.ts';
import { asSlipwayError, isAbort, SlipwayError } from '../../core/errors.ts';
import { formatRef, type GroupKind, type KubeObject, refOf } from '../../kube/types.ts';
import { CLUSTER, LOCAL_CLUSTER, LOCAL_CONTROL_PLANE } from '../words.ts';
import {
  asCluster,
  asLocalControlPlane,
  isDeleting,
  localClusterRef,
  type LocalControlPlaneObject,
  objectKey,
  ownerClusterRef,
} from './objects.ts';
import { stoppedComponents } from './raise.ts';
import { type Outcome, type ReconcileContext, reconcileControlPlane } from './reconcile.ts';
import { ensureLocalControlPlanes } from './standing.ts';

/** `clustersDir` is absolute; each control plane lives in the folder of its Cluster's name. `timeoutMs` bounds each process's start, and `converge` as a whole. */
export type LocalInfrastructureOptions = Omit<ReconcileContext, 'signal'>;

export interface LocalInfrastructure {
  /**
   * Works until every LocalControlPlane is ready, paused or gone.
   * @throws SLW-CAP-301 to -309 an object is refused, SLW-CAP-303 not within the bound, SLW-LOC a process does not start
   */
  converge(signal: AbortSignal): Promise<void>;
  /** The same for ever, until the signal aborts; failures become findings and conditions, and are tried again. */
  watch(signal: AbortSignal): Promise<void>;
}

export function createLocalInfrastructure(options: LocalInfrastructureOptions): LocalInfrastructure {
  return new Reconciler(options);
}

const CHECK_MS = 1_000;
const RETRY_MS = 5_000;
/** Certificates become due, Secrets are edited: seen without an event. */
const LOOK_AGAIN_MS = 30_000;

interface Seen {
  readonly outcome: Outcome;
  /** The versions of everything it was made from. */
  readonly stamp: string;
  readonly atMs: number;
}

const KINDS: readonly GroupKind[] = [LOCAL_CONTROL_PLANE, LOCAL_CLUSTER, CLUSTER];

class Reconciler implements LocalInfrastructure {
  readonly #options: LocalInfrastructureOptions;
  /** By kind, then by namespace and name. */
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #synced = new Set<string>();
  readonly #seen = new Map<string, Seen>();
  readonly #tasks = new Map<string, Promise<void>>();
  /** Failures that were reported, so that a trial every few seconds does not repeat them. */
  readonly #told = new Map<string, string>();
  readonly #latch = createLatch();
  #failure: SlipwayError | undefined;

  constructor(options: LocalInfrastructureOptions) {
    this.#options = options;
  }

  async converge(signal: AbortSignal): Promise<void> {
    const { host, timeoutMs } = this.#options;
    const bound = host.clock.timeout(timeoutMs);
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

  async #work(signal: AbortSignal, { isDone, failFast }: { readonly isDone: () => boolean; readonly failFast: boolean }): Promise<void> {
    signal.throwIfAborted();
    const stop = new AbortController();
    const inner = AbortSignal.any([signal, stop.signal]);
    this.#failure = undefined;
    this.#seen.clear();
    this.#synced.clear();
    const followers = KINDS.map((kind) => this.#follow(kind, inner));
    const stopChecks = this.#options.host.clock.every(CHECK_MS, () => this.#latch.open());
    try {
      const lost = Promise.race(followers);
      lost.catch(() => undefined);
      for (;;) {
        if (this.#synced.size === KINDS.length) await this.#pass(inner);
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

  async #follow(kind: GroupKind, signal: AbortSignal): Promise<void> {
    for await (const event of this.#options.client.watch(kind, { signal })) {
      if (event.type === 'disconnected') continue;
      const known = this.#known(kind);
      if (event.type === 'synced') {
        known.clear();
        for (const item of event.items) known.set(objectKey(item), item);
        this.#synced.add(kind.kind);
      } else if (event.type === 'deleted') known.delete(objectKey(event.object));
      else known.set(objectKey(event.object), event.object);
      this.#latch.open();
    }
  }

  #known({ kind }: GroupKind): Map<string, KubeObject> {
    const known = this.#objects.get(kind) ?? new Map<string, KubeObject>();
    this.#objects.set(kind, known);
    return known;
  }

  #controlPlanes(): readonly LocalControlPlaneObject[] {
    return [...this.#known(LOCAL_CONTROL_PLANE).values()].map(asLocalControlPlane);
  }

  async #pass(signal: AbortSignal): Promise<void> {
    for (const controlPlane of this.#controlPlanes()) {
      const key = objectKey(controlPlane);
      if (this.#tasks.has(key)) continue;
      const isDead = await this.#isDead(controlPlane);
      if (isDead || !this.#isCurrent(controlPlane)) this.#begin(controlPlane, { isDead, signal });
    }
  }

  #isCurrent(controlPlane: LocalControlPlaneObject): boolean {
    const seen = this.#seen.get(objectKey(controlPlane));
    const isRecent = seen !== undefined && this.#options.host.clock.monotonic() - seen.atMs < LOOK_AGAIN_MS;
    return isRecent && seen.stamp === this.#stamp(controlPlane);
  }

  async #isDead({ metadata, spec }: LocalControlPlaneObject): Promise<boolean> {
    const seen = this.#seen.get(`${metadata.namespace ?? ''}/${metadata.name}`);
    if (seen?.outcome.state !== 'ready' || spec.clusterID === undefined) return false;
    return (await stoppedComponents(this.#options.host, spec.clusterID)).length > 0;
  }

  /** What core writes about a Cluster in its status is nothing that we act on. */
  #stamp(controlPlane: LocalControlPlaneObject): string {
    const { namespace = '', resourceVersion } = controlPlane.metadata;
    const owner = ownerClusterRef(controlPlane);
    const cluster = owner && this.#known(CLUSTER).get(`${namespace}/${owner.name}`);
    const ref = cluster && localClusterRef(asCluster(cluster));
    const localCluster = ref && this.#known(LOCAL_CLUSTER).get(`${namespace}/${ref.name}`);
    const { uid, generation, deletionTimestamp } = cluster?.metadata ?? {};
    return [resourceVersion, uid, generation, deletionTimestamp, localCluster?.metadata.resourceVersion].join(' ');
  }

  /** A failed task rests a while as a finding; `converge` ends with it, `watch` tries again. */
  #begin(controlPlane: LocalControlPlaneObject, { isDead, signal }: { readonly isDead: boolean; readonly signal: AbortSignal }): void {
    const key = objectKey(controlPlane);
    const stamp = this.#stamp(controlPlane);
    const { host } = this.#options;
    const work = async (): Promise<void> => {
      if (isDead) await this.#restart(controlPlane, signal);
      const outcome = await reconcileControlPlane(refOf(controlPlane), { ...this.#options, signal });
      this.#seen.set(key, { outcome, stamp, atMs: host.clock.monotonic() });
      this.#told.delete(key);
    };
    const task = work()
      .catch((error: unknown) => this.#rest(key, error, signal))
      .finally(() => {
        this.#tasks.delete(key);
        this.#latch.open();
      });
    this.#tasks.set(key, task);
  }

  /** From the folder alone: the API server that holds the object may be the one that died. */
  async #restart(controlPlane: LocalControlPlaneObject, signal: AbortSignal): Promise<void> {
    const { host, ...options } = this.#options;
    const name = ownerClusterRef(controlPlane)?.name;
    if (name !== undefined && !isDeleting(controlPlane)) await ensureLocalControlPlanes(host, { ...options, names: [name], signal });
  }

  async #rest(key: string, error: unknown, signal: AbortSignal): Promise<void> {
    this.#seen.delete(key);
    if (signal.aborted) return;
    const failure = asSlipwayError(error);
    const { host, report } = this.#options;
    if (failure.code === 'SLW-KUB-008') return host.clock.sleep(CONFLICT_PAUSE_MS, signal).catch(() => undefined);
    if (this.#told.get(key) !== failure.message)
      report({ type: 'finding', level: 'warning', code: failure.code, message: failure.message });
    this.#told.set(key, failure.message);
    this.#failure = failure;
    this.#latch.open();
    await host.clock.sleep(RETRY_MS, signal).catch(() => undefined);
  }

  #isSettled(): boolean {
    if (this.#synced.size < KINDS.length || this.#tasks.size > 0) return false;
    return this.#controlPlanes().every((controlPlane) => this.#isCurrent(controlPlane) && this.#isAtRest(controlPlane));
  }

  #isAtRest(controlPlane: LocalControlPlaneObject): boolean {
    const state = this.#seen.get(objectKey(controlPlane))?.outcome.state;
    return state === 'ready' || state === 'paused';
  }

  #unsettledError(): SlipwayError {
    const seconds = Math.round(this.#options.timeoutMs / 1000);
    const late = this.#controlPlanes().find((controlPlane) => !this.#isAtRest(controlPlane));
    if (!late) return new SlipwayError('SLW-CAP-303', `the control planes of infrastructure local are not known after ${seconds}s`);
    const outcome = this.#seen.get(objectKey(late))?.outcome;
    const reason = outcome && 'reason' in outcome ? outcome.reason : 'its processes are being started';
    const object = formatRef(refOf(late));
    return new SlipwayError('SLW-CAP-303', `${object} is not ready after ${seconds}s: ${reason}`, { object });
  }
}

const CONFLICT_PAUSE_MS = 50;
