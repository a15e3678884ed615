/** Circles in a directed graph. */

/** From each node to those it needs; needs that are no node are ignored. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/** One circle for each back edge of a depth-first walk; empty exactly when the graph has no circle. Each begins at its first node in the walk. */
export function findCycles(graph: Graph): readonly (readonly string[])[] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  for (const start of graph.keys()) walkFrom(start, { graph, done, cycles });
  return cycles;
}

interface Walk {
  readonly graph: Graph;
  readonly done: Set<string>;
  readonly cycles: string[][];
}

// Iterative: a chain of thousands of needs must not exhaust the call stack.
function walkFrom(start: string, { graph, done, cycles }: Walk): void {
  const trail: { readonly node: string; next: number }[] = [];
  const place = new Map<string, number>();
  const enter = (node: string) => {
    place.set(node, trail.length);
    trail.push({ node, next: 0 });
  };
  if (!done.has(start)) enter(start);
  for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
    const need = graph.get(top.node)?.[top.next++];
    if (need === undefined) {
      done.add(top.node);
      place.delete(top.node);
      trail.pop();
      continue;
    }
    const from = place.get(need);
    if (from !== undefined) cycles.push(trail.slice(from).map(({ node }) => node));
    else if (graph.has(need) && !done.has(need)) enter(need);
  }
}
