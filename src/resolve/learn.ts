/**
 * Learning from a clash: the clause that says what must not be tried again.
 *
 * @see https://doi.org/10.1109/12.769433 (conflict analysis, first unique implication point)
 * @module
 */

import type { Assignment } from "./assignment.js";
import type { Clash, Clauses } from "./clauses.js";

/** The literals that made `literal` true, each of them false. */
function causesOf(assignment: Assignment, clauses: Clauses, literal: number): readonly number[] {
  const reason = assignment.reasons[literal >> 1] as number;
  if (reason <= -2) return [2 * (-2 - reason) + 1];
  return (clauses.list[reason] ?? []).filter((other) => other !== literal);
}

/** What was learned, and the level at which it says something. */
export interface Lesson {
  /** The first literal becomes true at that level; the second is of that level. */
  readonly literals: number[];
  readonly level: number;
}

/**
 * Walks back from the clash to the one literal of the last choice's level that it goes through.
 *
 * The clause follows from the problem alone, so that it never rules out a solution.
 */
export function learn(assignment: Assignment, clauses: Clauses, clash: Clash): Lesson {
  const { levels, trail } = assignment;
  const current = assignment.choices.length;
  const seen = new Set<number>();
  const earlier: number[] = [];
  let open = 0;
  let at = trail.length;
  let causes = clash;
  let turning = 0;
  do {
    for (const literal of causes) {
      const id = literal >> 1;
      const level = levels[id] as number;
      if (seen.has(id) || level === 0) continue;
      seen.add(id);
      if (level === current) open++;
      else earlier.push(literal);
    }
    do turning = trail[--at] as number;
    while (!seen.has(turning >> 1));
    open--;
    causes = open > 0 ? causesOf(assignment, clauses, turning) : [];
  } while (open > 0);
  const levelOf = (literal: number) => levels[literal >> 1] as number;
  earlier.sort((left, right) => levelOf(right) - levelOf(left) || left - right);
  return { literals: [turning ^ 1, ...earlier], level: earlier[0] === undefined ? 0 : levelOf(earlier[0]) };
}
