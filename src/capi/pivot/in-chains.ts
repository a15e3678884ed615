/** Runs chains of batches: batches of one chain one after the other, everything else at once, never more in flight than the pool says. */
import { mapPool, type PoolOptions } from '../../kube/pool.ts';
import type { Chain } from './order.ts';

/** @throws what the first failing tasks threw; nothing new starts after a failure */
export async function inChains<T>(chains: readonly Chain<T>[], options: PoolOptions, task: (item: T) => Promise<void>): Promise<void> {
  const slots = new Slots(options.parallel);
  const end = new AbortController();
  const signal = AbortSignal.any([options.signal, end.signal]);
  await mapPool(chains, { parallel: Math.max(chains.length, 1), signal: options.signal }, async (chain) => {
    for (const batch of chain) {
      if (end.signal.aborted) return;
      await mapPool(batch, { parallel: options.parallel, signal: options.signal }, async (item) => {
        const free = await slots.take();
        try {
          if (!signal.aborted) await task(item);
        } catch (error) {
          end.abort();
          throw error;
        } finally {
          free();
        }
      });
    }
  });
}

/** A counting semaphore, first come first served. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return () => {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    };
  }
}
