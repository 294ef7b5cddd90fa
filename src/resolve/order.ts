/**
 * The order of layers.
 *
 * Dependencies come before dependents; where that leaves a choice, the name decides, then the version, both bytewise.
 *
 * Packages may need each other in a circle, as some of Debian's do (`libc6` needs `libgcc-s1`, which needs `libc6`). A circle
 * is broken like this: its packages stay together, after all that the circle needs and before all that needs it. Inside,
 * a package comes when one package for each of its dependencies is placed. When no package can come in that way, the one that is
 * first by name comes, as long as what it strictly depends on (`Pre-Depends`) is placed; its other dependencies then follow
 * it. Files are the same in any order, since nothing runs while an image is assembled, so this only decides which layer lies
 * on top. There is no way out, and an error that shows the circle, where strict dependencies alone form one. In an ecosystem
 * that does not accept circles, every dependency is strict.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { numberCircles } from "./circles.js";
import { createHeap } from "./heap.js";
import { formatChain } from "./label.js";
import { addTo } from "./multimap.js";

/** A dependency: one of these nodes has to come first. */
export interface Need {
  readonly anyOf: readonly number[];
  /** Has it to come first even in a circle? */
  readonly strict: boolean;
}

/** Something that has its place in the order. */
export interface Node {
  /** What messages call it. */
  readonly label: string;
  readonly needs: readonly Need[];
}

/** Packages of a circle that a message shows. */
const SHOWN = 12;

/** Walks from open need to open need until it comes back; starts with the smallest number. */
function findCircle(nodes: readonly Node[], start: number, isOpen: (need: Need) => boolean): readonly number[] {
  const places = new Map<number, number>();
  let at: number | undefined = start;
  while (at !== undefined && !places.has(at)) {
    places.set(at, places.size);
    at = nodes[at]?.needs.find(isOpen)?.anyOf[0];
  }
  const circle = [...places.keys()].slice(at === undefined ? 0 : places.get(at));
  let first = 0;
  for (const [index, node] of circle.entries()) if (node < (circle[first] as number)) first = index;
  return [...circle.slice(first), ...circle.slice(0, first)];
}

function refuse(nodes: readonly Node[], circle: readonly number[]): LadingError<"CYCLE"> {
  const labels = circle.map((node) => nodes[node]?.label ?? "");
  const cycle = [...labels, ...labels.slice(0, 1)];
  const left = labels.length - SHOWN;
  const shown = left > 0 ? [...labels.slice(0, SHOWN), `… ${left} more …`, ...labels.slice(0, 1)] : cycle;
  return new LadingError(
    "CYCLE",
    `Cannot order "${cycle[0]}": it needs itself first, ${formatChain(shown)}, expected dependencies without a circle; take one of them out of its package`,
    { cycle },
  );
}

interface Count {
  /** Needs that are still open. */
  all: number;
  /** Those of them that are strict. */
  strict: number;
}

/** What is open in one circle. */
function openNeeds(nodes: readonly Node[], circle: readonly number[], placed: ReadonlySet<number>) {
  const counts = new Map<number, Count>();
  const open = new Set<Need>();
  const waiting = new Map<number, { readonly node: number; readonly need: Need }[]>();
  for (const node of circle) {
    const needs = (nodes[node]?.needs ?? []).filter(({ anyOf }) => !anyOf.some((other) => placed.has(other)));
    counts.set(node, { all: needs.length, strict: needs.filter(({ strict }) => strict).length });
    for (const need of needs) {
      open.add(need);
      for (const other of need.anyOf) addTo(waiting, other, { node, need });
    }
  }
  return { counts, open, waiting };
}

/** Places the nodes of one circle. `placed` holds what came before. */
function placeCircle(nodes: readonly Node[], circle: readonly number[], placed: Set<number>): void {
  const { counts, open, waiting } = openNeeds(nodes, circle, placed);
  const ready = createHeap();
  const possible = createHeap();
  const offer = (node: number) => {
    const count = counts.get(node);
    if (count?.all === 0) ready.push(node);
    else if (count?.strict === 0) possible.push(node);
  };
  for (const node of circle) offer(node);
  for (let left = circle.length; left > 0; ) {
    const node = ready.pop() ?? possible.pop();
    if (node === undefined) {
      const start = circle.find((member) => !placed.has(member)) ?? 0;
      throw refuse(
        nodes,
        findCircle(nodes, start, (need) => need.strict && open.has(need)),
      );
    }
    if (placed.has(node)) continue;
    placed.add(node);
    left--;
    for (const { node: dependent, need } of waiting.get(node) ?? []) {
      const count = counts.get(dependent);
      if (!open.delete(need) || count === undefined) continue;
      count.all--;
      if (need.strict) count.strict--;
      if (!placed.has(dependent)) offer(dependent);
    }
  }
}

/** The nodes of each circle, and which circles wait for which. Most circles are of one node. */
function condense(nodes: readonly Node[]) {
  const edges = nodes.map(({ needs }) => needs.flatMap(({ anyOf }) => anyOf));
  const circleOf = numberCircles(edges);
  const circles = new Map<number, number[]>();
  for (const [node, circle] of circleOf.entries()) addTo(circles, circle, node);
  const dependents = new Map<number, Set<number>>();
  const counts = new Map<number, number>();
  for (const [node, targets] of edges.entries()) {
    const from = circleOf[node] as number;
    for (const target of targets) {
      const to = circleOf[target] as number;
      const known = dependents.get(to) ?? new Set();
      dependents.set(to, known);
      if (to === from || known.has(from)) continue;
      known.add(from);
      counts.set(from, (counts.get(from) ?? 0) + 1);
    }
  }
  return { circleOf, circles, dependents, counts };
}

/**
 * Puts nodes in order. Among those that may come next the one with the smallest number comes.
 *
 * @returns The numbers of all nodes.
 * @throws {LadingError} `CYCLE` when strict needs go in a circle.
 */
export function orderNodes(nodes: readonly Node[]): readonly number[] {
  const { circleOf, circles, dependents, counts } = condense(nodes);
  // A circle stands in the heap for its first node.
  const ready = createHeap();
  const offer = (circle: number) => ready.push(circles.get(circle)?.[0] as number);
  for (const circle of circles.keys()) if (!counts.has(circle)) offer(circle);
  const placed = new Set<number>();
  for (let first = ready.pop(); first !== undefined; first = ready.pop()) {
    const circle = circleOf[first] as number;
    placeCircle(nodes, circles.get(circle) ?? [], placed);
    for (const dependent of dependents.get(circle) ?? []) {
      const count = (counts.get(dependent) ?? 0) - 1;
      counts.set(dependent, count);
      if (count === 0) offer(dependent);
    }
  }
  return [...placed];
}
