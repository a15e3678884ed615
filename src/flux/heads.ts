/** What is at the head of each declared source now, and the pokes that make Flux look. */
import { digestOf } from '../core/digest.ts';
import { isSlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { textAt } from '../kube/readiness-state.ts';
import { readinessOf } from '../kube/readiness.ts';
import { type KubeClient, type KubeObject, type ObjectRef, refOf } from '../kube/types.ts';
import { commitOf, type Heads } from './units.ts';
import { keyOf, type World } from './world.ts';

const REQUESTED_AT = 'reconcile.fluxcd.io/requestedAt';
const RESET_AT = 'reconcile.fluxcd.io/resetAt';

export interface FollowedSource {
  readonly ref: ObjectRef;
  /** Reads the commit at the head. Absent: what Flux fetches after we asked it to is the head. */
  readonly head?: (signal: AbortSignal) => Promise<string>;
}

/** Asks controllers to reconcile, once for each object and purpose, and knows whether they did. */
export class Pokes {
  readonly #client: KubeClient;
  readonly #id: string;
  readonly #asked = new Map<string, number>();
  #count = 0;

  constructor(host: Host, client: KubeClient) {
    this.#client = client;
    this.#id = `${host.clock.now()}-${host.random.uuid().slice(0, 8)}`;
  }

  /** Annotates the object unless that was done for this purpose already. True: it was asked now. */
  async ask(object: KubeObject, purpose: string, signal: AbortSignal): Promise<boolean> {
    const key = `${keyOf(refOf(object))} ${purpose}`;
    if (this.#asked.has(key)) return false;
    this.#asked.set(key, ++this.#count);
    const token = `${this.#id}-${this.#count}`;
    // helm-controller gives up after its retries; resetAt with the same value lets it try once more.
    const annotations = { [REQUESTED_AT]: token, ...(object.kind === 'HelmRelease' && { [RESET_AT]: token }) };
    await this.#client.mergePatch(refOf(object), { metadata: { annotations } }, { signal }).catch(ignoreMissing);
    return true;
  }

  /** Its controller has finished a reconciliation that was asked for with this purpose, or a later one. */
  isHandled(object: KubeObject, purpose: string): boolean {
    const asked = this.#asked.get(`${keyOf(refOf(object))} ${purpose}`);
    const handled = textAt(object, 'status', 'lastHandledReconcileAt') ?? '';
    return asked !== undefined && handled.startsWith(`${this.#id}-`) && Number(handled.slice(this.#id.length + 1)) >= asked;
  }
}

/** Deleted in between: the next look at the world says so. */
function ignoreMissing(error: unknown): void {
  if (!isSlipwayError(error) || error.code !== 'SLW-KUB-006') throw error;
}

/** Heads of the declared sources; a head that moves while we wait is followed. */
export class HeadBoard {
  readonly #heads = new Map<string, string>();
  readonly #sources: readonly FollowedSource[];
  readonly #pokes: Pokes;

  constructor(sources: readonly FollowedSource[], pokes: Pokes) {
    this.#sources = sources;
    this.#pokes = pokes;
  }

  get heads(): Heads {
    return this.#heads;
  }

  /** One word that changes when any head does: pokes are repeated for a new one. */
  get epoch(): string {
    return digestOf(Object.fromEntries(this.#heads)).slice(0, 12);
  }

  /** All heads are known: what the world says about units can be judged. */
  get isComplete(): boolean {
    return this.#sources.every(({ ref }) => this.#heads.has(keyOf(ref)));
  }

  async readAll(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#sources.map((source) => this.#read(source, signal)));
  }

  /** Asks sources that are behind to fetch; takes over what they found; reads a head again when a fetch did not bring it. */
  async advance(world: World, signal: AbortSignal): Promise<void> {
    for (const source of this.#sources) {
      const object = world.get(source.ref);
      if (object !== undefined) await this.#advanceOne(source, object, signal);
    }
  }

  async #advanceOne(source: FollowedSource, object: KubeObject, signal: AbortSignal): Promise<void> {
    const key = keyOf(source.ref);
    const revision = textAt(object, 'status', 'artifact', 'revision');
    const isReady = readinessOf(object).state === 'ready';
    const head = this.#heads.get(key);
    if (head !== undefined && isReady && revision !== undefined && commitOf(revision) === head) return;
    const mark = head ?? 'unknown';
    if (!this.#pokes.isHandled(object, mark)) return void (await this.#pokes.ask(object, mark, signal));
    if (!isReady) return;
    if (source.head) await this.#read(source, signal);
    else if (revision !== undefined) this.#heads.set(key, commitOf(revision));
  }

  async #read(source: FollowedSource, signal: AbortSignal): Promise<void> {
    if (source.head) this.#heads.set(keyOf(source.ref), commitOf(await source.head(signal)));
  }
}
