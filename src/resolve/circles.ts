/**
 * Circles: sets of nodes each of which can be reached from each other (strongly connected components).
 *
 * @see https://doi.org/10.1137/0201010 (Tarjan's algorithm), here without recursion
 * @module
 */

interface Frame {
  readonly node: number;
  next: number;
}

/**
 * The number of each node's component. A component has a smaller number than those that lead to it.
 *
 * @param edges For each node, where it leads.
 */
export function numberCircles(edges: readonly (readonly number[])[]): Int32Array {
  const found = new Int32Array(edges.length).fill(-1);
  const entered = new Int32Array(edges.length).fill(-1);
  const lowest = new Int32Array(edges.length);
  const path: number[] = [];
  const frames: Frame[] = [];
  let clock = 0;
  let count = 0;
  const enter = (node: number) => {
    entered[node] = clock;
    lowest[node] = clock++;
    path.push(node);
    frames.push({ node, next: 0 });
  };
  const lower = (node: number, value: number) => {
    if (value < (lowest[node] as number)) lowest[node] = value;
  };
  const leave = (node: number) => {
    frames.pop();
    const parent = frames.at(-1);
    if (parent) lower(parent.node, lowest[node] as number);
    if (lowest[node] !== entered[node]) return;
    let member: number | undefined;
    do {
      member = path.pop();
      if (member !== undefined) found[member] = count;
    } while (member !== node && member !== undefined);
    count++;
  };
  for (let start = 0; start < edges.length; start++) {
    if (entered[start] === -1) enter(start);
    for (let frame = frames.at(-1); frame; frame = frames.at(-1)) {
      const to = edges[frame.node]?.[frame.next++];
      if (to === undefined) leave(frame.node);
      else if (entered[to] === -1) enter(to);
      else if (found[to] === -1) lower(frame.node, entered[to] as number);
    }
  }
  return found;
}
