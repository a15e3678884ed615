/** The one way by which the pivot writes: numbers and names each write, tells it before and after, repeats what may be repeated. */
import { isSlipwayError, type SlipwayError } from '../../core/errors.ts';
import { backoffDelayMs, type BackoffPolicy } from '../../core/retry.ts';
import { type KubeObject, type ObjectRef, refOf } from '../../kube/types.ts';
import type { PivotEnd, PivotOptions, PivotWrite } from './options.ts';

/** Beyond the client's own attempts: a webhook that restarts, a server that elects. One flaky object never costs more than this. */
const BACKOFF: BackoffPolicy = { baseMs: 200, capMs: 3_000, attempts: 6 };
/** The server cannot be asked again at once, but may answer later. */
const PASSING = new Set(['SLW-KUB-001', 'SLW-KUB-002', 'SLW-KUB-013', 'SLW-KUB-014', 'SLW-KUB-016']);

export type End = 'source' | 'target';

export class PivotWrites {
  readonly #options: PivotOptions;
  #ordinal = 0;

  constructor(options: PivotOptions) {
    this.#options = options;
  }

  /** Whether anything was written by this call. */
  get count(): number {
    return this.#ordinal;
  }

  /** Not repeated by itself: whoever creates must tell its own object from another's. */
  create(end: End, object: KubeObject, purpose: string): Promise<KubeObject> {
    return this.#told({ end, verb: 'create', ref: refOf(object), purpose }, ({ client }, signal) => client.create(object, { signal }));
  }

  /** Guarded by the resourceVersion of the object when it has one; not repeated. */
  update(end: End, object: KubeObject, purpose: string): Promise<KubeObject> {
    return this.#told({ end, verb: 'update', ref: refOf(object), purpose }, ({ client }, signal) => client.update(object, { signal }));
  }

  /** Merge patch; repeated while failures pass. */
  patch(
    at: { readonly end: End; readonly ref: ObjectRef },
    patch: unknown,
    { purpose, subresource }: { readonly purpose: string; readonly subresource?: string },
  ): Promise<KubeObject> {
    const { ref } = at;
    return this.#told({ ...at, verb: 'patch', purpose }, ({ client }, signal) =>
      this.retrying(() => client.mergePatch(ref, patch, { signal, ...(subresource !== undefined && { subresource }) })),
    );
  }

  /** False when it was not there. */
  delete(end: End, object: KubeObject, purpose: string): Promise<boolean> {
    const { uid, resourceVersion } = object.metadata;
    const guard = { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) };
    return this.#told({ end, verb: 'delete', ref: refOf(object), purpose }, ({ client }, signal) =>
      this.retrying(() => client.delete(refOf(object), { signal, ...guard })),
    );
  }

  /** Runs an act again while its failure may pass by waiting, within the bound of a wait. */
  async retrying<T>(act: () => Promise<T>): Promise<T> {
    const { host, signal, timeoutMs } = this.#options;
    const begun = host.clock.monotonic();
    for (let attempt = 1; ; attempt++) {
      try {
        return await act();
      } catch (error) {
        const isLate = host.clock.monotonic() - begun >= timeoutMs;
        if (!isPassing(error) || attempt >= BACKOFF.attempts || isLate) throw error;
        await host.clock.sleep(backoffDelayMs(BACKOFF, attempt, host.random.number()), signal);
      }
    }
  }

  async #told<T>(write: Omit<PivotWrite, 'ordinal'>, act: (end: PivotEnd, signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, onWrite } = this.#options;
    signal.throwIfAborted();
    const told: PivotWrite = { ordinal: ++this.#ordinal, ...write };
    await onWrite?.(told, 'before');
    const result = await act(this.#options[write.end], signal);
    await onWrite?.(told, 'after');
    return result;
  }
}

export function isPassing(error: unknown): error is SlipwayError {
  return isSlipwayError(error) && PASSING.has(error.code);
}
