/**
 * Which of the packages that were found are needed.
 *
 * A package may have been chosen for a want that another one, chosen later, meets as well; it would only make the image
 * larger.
 *
 * @module
 */

import { spend } from "./budget.js";
import type { Problem, Want } from "./problem.js";

/**
 * The packages of `chosen` that are needed, in the order in which they are found to be.
 *
 * Wants that only one of them meets come first, since these leave no choice; what is open then takes the most wanted one.
 */
export function keepNeeded(problem: Problem, chosen: ReadonlySet<number>): ReadonlySet<number> {
  const kept = new Set<number>();
  const open: Want[] = [];
  const keep = (id: number | undefined) => {
    if (id !== undefined) kept.add(id);
  };
  const look = (numbers: readonly number[]) => {
    for (const number of numbers) {
      const want = problem.wants[number] as Want;
      spend(problem.budget, want.members.length);
      const able = want.members.filter((id) => chosen.has(id));
      if (able.length > 1) open.push(want);
      else keep(able[0]);
    }
  };
  look(problem.roots);
  const walk = kept.values();
  let next = 0;
  let settled = 0;
  for (;;) {
    // The set grows while it is walked; a walk that reached the end of a set stays there, so it is asked only for what is new.
    if (next < kept.size) {
      next++;
      look(problem.wantsOf[walk.next().value as number] ?? []);
      continue;
    }
    const want = open[settled++];
    if (want === undefined) return kept;
    if (!want.members.some((id) => kept.has(id))) keep(want.members.find((id) => chosen.has(id)));
  }
}
