/** Applies a set of objects: phase after phase, many requests in flight, definitions established before what they define. */
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { neverAborted } from './abort.ts';
import { followObjects } from './follow.ts';
import { inPhases } from './phases.ts';
import { mapPool } from './pool.ts';
import { formatRef, type KubeClient, type KubeObject, refOf } from './types.ts';
import { waitReady } from './wait.ts';

/** Far below the 600 that an API server takes at once; enough that a network in between costs little. */
export const DEFAULT_PARALLEL = 64;
/** The API server establishes a definition within milliseconds; this is for one that is overloaded. */
const ESTABLISHED_BOUND_MS = 60_000;

/** Finalizers take their time; who waits for the object explains one that takes longer. */
const LEAVING_BOUND_MS = 30_000;

export interface ApplyOptions {
  readonly host: Host;
  /** Default `slipway`. */
  readonly fieldManager?: string;
  /** Take over fields that others own. Default false: a conflict is an error that names the owner. */
  readonly force?: boolean;
  /** Requests in flight; default 64. */
  readonly parallel?: number;
  readonly signal?: AbortSignal;
  /** Called after each object. */
  readonly onObject?: (applied: AppliedObject, done: number, total: number) => void;
}

export interface AppliedObject {
  /** As the server holds it now. */
  readonly object: KubeObject;
  /** Whether it came into being by this apply. */
  readonly created: boolean;
}

/**
 * Safe to call again after any failure. Results are in the order of the objects.
 * @throws SLW-KUB-032 the same object twice, SLW-KUB-007 a conflict, and what the server says; SlipwayErrors for several
 */
export async function applyObjects(
  client: KubeClient,
  objects: readonly KubeObject[],
  options: ApplyOptions,
): Promise<readonly AppliedObject[]> {
  requireUnique(objects);
  const signal = options.signal ?? neverAborted();
  const applied = new Map<KubeObject, AppliedObject>();
  for (const phase of inPhases(objects)) {
    await mapPool(phase, { parallel: options.parallel ?? DEFAULT_PARALLEL, signal }, async (object) => {
      const result = await applyLasting(client, object, { ...options, signal });
      applied.set(object, result);
      options.onObject?.(result, applied.size, objects.length);
    });
    await waitEstablished(client, phase, { ...options, signal });
  }
  return objects.flatMap((object) => applied.get(object) ?? []);
}

type Applying = ApplyOptions & { readonly signal: AbortSignal };

/** Again when the object was on its way out: what is applied to it goes along. One that stays there is left to whoever waits for it. */
async function applyLasting(
  client: KubeClient,
  object: KubeObject,
  { host, fieldManager, force, signal }: Applying,
): Promise<AppliedObject> {
  const apply = (): Promise<AppliedObject> =>
    client.applyTracked(object, { signal, ...(fieldManager !== undefined && { fieldManager }), ...(force !== undefined && { force }) });
  const applied = await apply();
  const { deletionTimestamp, uid } = applied.object.metadata;
  if (deletionTimestamp === undefined) return applied;
  let isGone = false;
  await followObjects(client, [refOf(object)], {
    signal: AbortSignal.any([signal, host.clock.timeout(LEAVING_BOUND_MS)]),
    onState: (_ref, found) => void (isGone = found?.metadata.uid !== uid),
    isDone: () => isGone,
  });
  signal.throwIfAborted();
  return isGone ? apply() : applied;
}

async function waitEstablished(client: KubeClient, phase: readonly KubeObject[], options: Applying): Promise<void> {
  const definitions = phase.filter((object) => object.kind === 'CustomResourceDefinition').map(refOf);
  if (definitions.length > 0)
    await waitReady(client, definitions, { host: options.host, timeoutMs: ESTABLISHED_BOUND_MS, signal: options.signal });
}

/** @throws SLW-KUB-032 */
export function requireUnique(objects: readonly KubeObject[]): void {
  const seen = new Set<string>();
  for (const object of objects) {
    const key = `${object.apiVersion}/${formatRef(refOf(object))}`;
    if (seen.has(key))
      throw new SlipwayError('SLW-KUB-032', `${formatRef(refOf(object))} is given twice`, { object: formatRef(refOf(object)) });
    seen.add(key);
  }
}
