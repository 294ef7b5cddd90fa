/**
 * Clauses: lists of literals of which one has to be true. Each is watched at two literals, so that a clause costs nothing
 * until one of these becomes false.
 *
 * @see https://dl.acm.org/doi/10.1145/378239.379017 (two watched literals)
 * @module
 */

import { type Assignment, assign, truthOf } from "./assignment.js";
import { type Budget, spend } from "./budget.js";

/** Literals that cannot all be false, and are. */
export type Clash = readonly number[];

export interface Clauses {
  /** The two watched literals come first. */
  readonly list: number[][];
  /** Numbers of the clauses that are watched at a literal. */
  readonly watches: Map<number, number[]>;
}

export function createClauses(): Clauses {
  return { list: [], watches: new Map() };
}

function watch({ watches }: Clauses, literal: number, clause: number): void {
  const list = watches.get(literal);
  if (list) list.push(clause);
  else watches.set(literal, [clause]);
}

/** Adds a clause of at least two literals, the first two of which are open or true, or about to be. Gives its number. */
export function addClause(clauses: Clauses, literals: number[]): number {
  const clause = clauses.list.push(literals) - 1;
  for (const literal of literals.slice(0, 2)) watch(clauses, literal, clause);
  return clause;
}

/** Finds another literal to watch in place of the second, which is false. */
function rewatch(clauses: Clauses, assignment: Assignment, clause: number, literals: number[]): boolean {
  for (let index = 2; index < literals.length; index++) {
    const literal = literals[index] as number;
    if (truthOf(assignment, literal) === -1) continue;
    literals[index] = literals[1] as number;
    literals[1] = literal;
    watch(clauses, literal, clause);
    return true;
  }
  return false;
}

/** Follows up a literal that became false: what is the last hope of its clause becomes true. */
export function followClauses(
  clauses: Clauses,
  assignment: Assignment,
  literal: number,
  budget: Budget,
): Clash | undefined {
  const watching = clauses.watches.get(literal);
  if (watching === undefined) return undefined;
  spend(budget, watching.length);
  let kept = 0;
  let clash: Clash | undefined;
  for (const clause of watching) {
    const literals = clauses.list[clause] as number[];
    if (clash === undefined) {
      if (literals[0] === literal) [literals[0], literals[1]] = [literals[1] as number, literal];
      const other = literals[0] as number;
      const value = truthOf(assignment, other);
      if (value !== 1) {
        spend(budget, literals.length);
        if (rewatch(clauses, assignment, clause, literals)) continue;
        if (value === -1) clash = literals;
        else assign(assignment, other, clause);
      }
    }
    watching[kept++] = clause;
  }
  watching.length = kept;
  return clash;
}
