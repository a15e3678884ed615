/** Faults that a test places: which calls they meet, and how often. What a fault does is the wire's business. */
import type { AwsCall, Fault, FaultEffect, PlacedFault } from '../aws-bed.ts';

interface Placed {
  readonly fault: Fault;
  seen: number;
  hits: number;
  released: boolean;
  readonly meet: () => void;
  readonly waiting: (() => void)[];
}

export interface Hit {
  readonly effect: FaultEffect;
  readonly ms: number;
  /** Resolves when a held call may go on. */
  held(): Promise<void>;
}

export interface Met {
  readonly operation: AwsCall['operation'];
  readonly type: string;
  readonly action: string;
  /** Everything that says what it is about: id, name, body. */
  readonly about: string;
}

export class Faults {
  readonly #placed = new Set<Placed>();

  place(fault: Fault): PlacedFault {
    const { promise: met, resolve: meet } = Promise.withResolvers<void>();
    const placed: Placed = { fault, seen: 0, hits: 0, released: false, meet, waiting: [] };
    this.#placed.add(placed);
    const release = (): void => {
      placed.released = true;
      this.#placed.delete(placed);
      for (const go of placed.waiting.splice(0)) go();
    };
    return { hits: () => placed.hits, met, release };
  }

  clear(): void {
    for (const placed of this.#placed) {
      placed.released = true;
      for (const go of placed.waiting.splice(0)) go();
    }
    this.#placed.clear();
  }

  /** The first fault that this call meets; counts it. */
  meet(call: Met): Hit | undefined {
    for (const placed of this.#placed) {
      if (!matches(placed.fault, call)) continue;
      placed.seen += 1;
      const first = placed.fault.nth ?? 1;
      if (placed.seen < first || placed.seen >= first + (placed.fault.times ?? 1)) continue;
      placed.hits += 1;
      placed.meet();
      return { effect: placed.fault.effect, ms: placed.fault.ms ?? 0, held: () => hold(placed) };
    }
    return undefined;
  }
}

function hold(placed: Placed): Promise<void> {
  if (placed.released) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  placed.waiting.push(resolve);
  return promise;
}

function matches(fault: Fault, call: Met): boolean {
  if (fault.operation !== undefined && fault.operation !== call.operation) return false;
  if (fault.type !== undefined && fault.type !== call.type) return false;
  if (fault.action !== undefined && fault.action !== call.action) return false;
  return fault.about === undefined || call.about.includes(fault.about);
}
