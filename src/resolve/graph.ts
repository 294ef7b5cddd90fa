/**
 * A resolution as a graph: who needs whom.
 *
 * @module
 */

import type { PackageRequest } from "../package/capability.js";
import { createBudget } from "./budget.js";
import { createCandidates } from "./candidates.js";
import { formatPackage } from "./label.js";
import { createProblem, RECIPE, sortRequests } from "./problem.js";
import type { Resolution, ResolveOptions } from "./resolution.js";

/** An arrow from who needs to what is needed, by places in {@link ResolutionGraph.nodes}; -1 is the recipe. */
export type GraphEdge = readonly [from: number, to: number];

/** Who needs whom. Plain data; the same resolution gives the same graph. */
export interface ResolutionGraph {
  /** `jq 1.6`, in layer order. */
  readonly nodes: readonly string[];
  /**
   * Sorted. What a longer way says already is left out, so that a graph of Debian packages is not an arrow to `libc6` from
   * each; what the recipe asks for, and what closes a circle, always stands.
   */
  readonly edges: readonly GraphEdge[];
}

/** Every arrow, each once and sorted. */
function allEdges(
  requests: readonly PackageRequest[],
  { platform, packages }: Resolution,
  options: ResolveOptions,
): readonly GraphEdge[] {
  const budget = createBudget();
  const chosen = packages.map((each) => each.package);
  const candidates = createCandidates(chosen, options, budget);
  const problem = createProblem(sortRequests(requests), candidates, platform, budget);
  const places = new Map(chosen.map(({ manifest, fqn }, place) => [`${fqn} ${manifest.digest}`, place]));
  const placeOf = candidates.packages.map(({ manifest, fqn }) => places.get(`${fqn} ${manifest.digest}`) ?? 0);
  const found = new Map<string, GraphEdge>();
  for (const { owner, members } of problem.wants) {
    const [first] = members;
    if (first === undefined) continue;
    const edge = [owner === RECIPE ? -1 : (placeOf[owner] ?? 0), placeOf[first] ?? 0] as const;
    found.set(edge.join(" "), edge);
  }
  return [...found.values()].sort(([from, to], [otherFrom, otherTo]) => from - otherFrom || to - otherTo);
}

/** Leaves out an arrow to what another arrow of the same package leads to. */
function withoutImplied(edges: readonly GraphEdge[], count: number): readonly GraphEdge[] {
  const words = Math.ceil(count / 32);
  const down: number[][] = Array.from({ length: count }, () => []);
  // Layers lie in the order of dependencies: an arrow upwards closes a circle, and no way is taken through it.
  for (const [from, to] of edges) if (to < from) down[from]?.push(to);
  const reached: Uint32Array[] = [];
  for (const targets of down) {
    const bits = new Uint32Array(words);
    for (const to of targets) {
      for (const [at, word] of (reached[to] ?? []).entries()) bits[at] = (bits[at] ?? 0) | word;
    }
    const own = new Uint32Array(bits);
    for (const to of targets) own[to >> 5] = (own[to >> 5] ?? 0) | (1 << (to & 31));
    reached.push(own);
    // What the others reach stays in `down` only as long as it is new.
    const direct = targets.filter((to) => (((bits[to >> 5] ?? 0) >>> (to & 31)) & 1) === 0);
    targets.splice(0, targets.length, ...direct);
  }
  return edges.filter(([from, to]) => to >= from || down[from]?.includes(to) !== false);
}

/**
 * Who needs whom in a resolution.
 *
 * @param requests What was asked for.
 * @param options Those that the resolution was made with.
 */
export function graphResolution(
  requests: readonly PackageRequest[],
  resolution: Resolution,
  options: ResolveOptions,
): ResolutionGraph {
  const nodes = resolution.packages.map((each) => formatPackage(each.package));
  return { nodes, edges: withoutImplied(allEdges(requests, resolution, options), nodes.length) };
}

/** A text in which Mermaid finds nothing to take for its own: everything unusual by its code point. */
function escapeMermaid(text: string): string {
  return text.replace(/[^\p{L}\p{N} .:+~/@_=-]/gu, (character) => `#${character.codePointAt(0)};`);
}

/**
 * A graph as Mermaid text, as a README takes it between fences.
 *
 * @see https://mermaid.js.org/syntax/flowchart.html
 */
export function formatMermaid({ nodes, edges }: ResolutionGraph): string {
  const name = (place: number) => (place < 0 ? "recipe" : `p${place}`);
  return [
    "flowchart LR",
    "  recipe([recipe])",
    ...nodes.map((label, place) => `  ${name(place)}["${escapeMermaid(label)}"]`),
    ...edges.map(([from, to]) => `  ${name(from)} --> ${name(to)}`),
    "",
  ].join("\n");
}
