/** Order in a graph of named nodes. Pure. */

export interface GraphNode {
  readonly id: string;
  /** Ids that come first; ids that are no node are passed over. */
  readonly after: readonly string[];
}

interface Frame {
  readonly node: GraphNode;
  next: number;
}

/**
 * Every node after all that it names, otherwise in the given order. `onCycle` gets the ids of a circle, first and last equal; when it
 * returns, the edge that closes the circle is left out, also in the nodes returned.
 */
export function orderGraph(nodes: readonly GraphNode[], onCycle: (path: readonly string[]) => void): readonly GraphNode[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const state = new Map<string, 'open' | 'done'>();
  const order: GraphNode[] = [];
  const dropped = new Map<string, Set<string>>();

  const step = (stack: Frame[], frame: Frame): void => {
    const id = frame.node.after[frame.next++];
    if (id === undefined) {
      stack.pop();
      state.set(frame.node.id, 'done');
      order.push(withoutEdges(frame.node, dropped.get(frame.node.id), byId));
      return;
    }
    const child = byId.get(id);
    if (!child || state.get(id) === 'done') return;
    if (state.get(id) === undefined) return push(stack, child);
    onCycle(circle(stack, id));
    dropped.set(frame.node.id, (dropped.get(frame.node.id) ?? new Set()).add(id));
  };
  const push = (stack: Frame[], node: GraphNode): void => {
    state.set(node.id, 'open');
    stack.push({ node, next: 0 });
  };

  for (const node of nodes) {
    if (state.has(node.id)) continue;
    const stack: Frame[] = [];
    push(stack, node);
    for (let top = stack.at(-1); top; top = stack.at(-1)) step(stack, top);
  }
  return order;
}

function withoutEdges(node: GraphNode, dropped: ReadonlySet<string> | undefined, known: ReadonlyMap<string, GraphNode>): GraphNode {
  return { id: node.id, after: [...new Set(node.after)].filter((id) => known.has(id) && !dropped?.has(id)) };
}

function circle(stack: readonly Frame[], id: string): readonly string[] {
  const ids = stack.map((frame) => frame.node.id);
  return [...ids.slice(ids.indexOf(id)), id];
}

/** The start ids and everything reachable from them. */
export function reach(start: Iterable<string>, edges: (id: string) => readonly string[]): ReadonlySet<string> {
  const found = new Set(start);
  for (const id of found) for (const next of edges(id)) found.add(next);
  return found;
}

/** For each id those nodes that name it. */
export function reverseEdges(nodes: readonly GraphNode[]): ReadonlyMap<string, readonly string[]> {
  const reversed = new Map<string, string[]>();
  for (const node of nodes) {
    for (const id of new Set(node.after)) {
      const ids = reversed.get(id);
      if (ids) ids.push(node.id);
      else reversed.set(id, [node.id]);
    }
  }
  return reversed;
}
