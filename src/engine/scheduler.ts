/** Runs the nodes of a graph, each after what it names, a bounded number at a time. Knows no steps. */
import { type GraphNode, reverseEdges } from './graph.ts';

export interface ScheduleOptions {
  /** At most so many at a time; at least 1. */
  readonly parallel: number;
  /** Once aborted nothing more is started; what runs is waited for. */
  readonly signal: AbortSignal;
  /** Resolves to false when the node failed: what depends on it is skipped, the rest goes on. */
  readonly run: (id: string) => Promise<boolean>;
  /** Told once for each node that is skipped, with the failed node it depends on. */
  readonly onSkip?: (id: string, failed: string) => void;
}

export interface ScheduleResult {
  readonly skipped: readonly string[];
  /** Not started because the signal was aborted. */
  readonly left: readonly string[];
}

/** The graph must have no circle. @throws what `run` throws, after everything that runs has ended */
export async function schedule(nodes: readonly GraphNode[], options: ScheduleOptions): Promise<ScheduleResult> {
  const dependents = reverseEdges(nodes);
  const open = new Map(nodes.map((node) => [node.id, node.after.length]));
  const ready = nodes.filter((node) => node.after.length === 0).map((node) => node.id);
  const running = new Map<string, Promise<Settled>>();
  const skipped = new Set<string>();
  let crash: { readonly thrown: unknown } | undefined;

  const finish = (id: string, ok: boolean): void => {
    for (const next of dependents.get(id) ?? []) {
      if (!ok) skip(next, id);
      else release(next);
    }
  };
  const release = (id: string): void => {
    const rest = (open.get(id) ?? 0) - 1;
    open.set(id, rest);
    if (rest === 0 && !skipped.has(id)) ready.push(id);
  };
  const skip = (first: string, failed: string): void => {
    const queue = [first];
    for (const id of queue) {
      if (skipped.has(id)) continue;
      skipped.add(id);
      options.onSkip?.(id, failed);
      queue.push(...(dependents.get(id) ?? []));
    }
  };

  const startReady = (): void => {
    while (ready.length > 0 && running.size < options.parallel && !options.signal.aborted) {
      const id = ready.shift() as string;
      open.delete(id);
      running.set(id, settle(id, options.run));
    }
  };

  for (;;) {
    if (!crash && !options.signal.aborted) startReady();
    if (running.size === 0) break;
    const settled = await Promise.race(running.values());
    running.delete(settled.id);
    if (settled.crash) crash ??= settled.crash;
    else finish(settled.id, settled.ok);
  }
  if (crash) throw crash.thrown;
  return { skipped: [...skipped], left: [...open.keys()].filter((id) => !skipped.has(id)) };
}

interface Settled {
  readonly id: string;
  readonly ok: boolean;
  readonly crash?: { readonly thrown: unknown };
}

async function settle(id: string, run: (id: string) => Promise<boolean>): Promise<Settled> {
  try {
    return { id, ok: await run(id) };
  } catch (thrown) {
    return { id, ok: false, crash: { thrown } };
  }
}
