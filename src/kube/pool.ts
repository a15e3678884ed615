/** Bounded concurrency that ends cleanly: after a failure nothing new starts, and all failures of what ran are reported. */
import { isAbort, isSlipwayError, SlipwayErrors } from '../core/errors.ts';

export interface PoolOptions {
  readonly parallel: number;
  readonly signal: AbortSignal;
}

/** Results in the order of the items. @throws the one error, or SlipwayErrors when several tasks failed */
export async function mapPool<T, R>(items: readonly T[], options: PoolOptions, task: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const failures = new Map<number, unknown>();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.size === 0) {
      options.signal.throwIfAborted();
      const index = next++;
      await task(items[index] as T).then(
        (result) => (results[index] = result),
        (error: unknown) => failures.set(index, error),
      );
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.parallel, items.length) }, worker));
  if (failures.size > 0) throw summary([...failures].sort(([a], [b]) => a - b).map(([, failure]) => failure));
  return results;
}

function summary(failures: readonly unknown[]): unknown {
  const strange = failures.find((failure) => isAbort(failure) || !isSlipwayError(failure));
  if (strange !== undefined || failures.length === 1) return strange ?? failures[0];
  return new SlipwayErrors(failures.filter(isSlipwayError));
}
