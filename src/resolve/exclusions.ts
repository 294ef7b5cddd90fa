/**
 * Packages that cannot be together: two of one full name, and what `conflicts` says.
 *
 * They are not written out as clauses, since ten thousand packages that exclude each other would need fifty million.
 *
 * @module
 */

import { type Assignment, assign } from "./assignment.js";
import { spend } from "./budget.js";
import type { Clash } from "./clauses.js";
import type { Problem } from "./problem.js";

/** Two packages that exclude each other. */
export type Pair = readonly [number, number];

/** Which packages exclude each other: all that the problem says, or only these pairs. */
export type Rules = "all" | ReadonlyMap<number, readonly number[]>;

/** Lists of packages none of which can be with `id`; it may be in them itself. */
export function excludedBy(
  { candidates, versions, held, suffered }: Problem,
  id: number,
): readonly (readonly number[])[] {
  const same = versions.get(candidates.families[id] as number) ?? [];
  const holds = held.get(id) ?? [];
  const suffers = suffered.get(id) ?? [];
  return [same, ...holds.map(({ members }) => members), ...suffers.map(({ holders }) => holders)];
}

/** Follows up a package that came in: what it excludes goes out. */
export function followExclusions(
  problem: Problem,
  rules: Rules,
  assignment: Assignment,
  id: number,
): Clash | undefined {
  const lists = rules === "all" ? excludedBy(problem, id) : [rules.get(id) ?? []];
  for (const list of lists) {
    spend(problem.budget, list.length);
    for (const other of list) {
      const value = assignment.values[other];
      if (other === id || value === -1) continue;
      if (value === 1) return [2 * id + 1, 2 * other + 1];
      assign(assignment, 2 * other + 1, -2 - id);
    }
  }
  return undefined;
}

/** The first two packages, in the order given, that exclude each other. */
export function findClash(problem: Problem, ids: readonly number[]): Pair | undefined {
  const before = new Set<number>();
  for (const id of ids) {
    for (const list of excludedBy(problem, id)) {
      spend(problem.budget, list.length);
      const other = list.find((member) => member !== id && before.has(member));
      if (other !== undefined) return [other, id];
    }
    before.add(id);
  }
  return undefined;
}
