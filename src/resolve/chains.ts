/**
 * The shortest way from the recipe to each package.
 *
 * @module
 */

import type { Chain } from "../errors.js";
import type { Package } from "../package/package.js";
import { formatStep } from "./label.js";
import { type Problem, RECIPE, type Want } from "./problem.js";

/** Packages that a chain shows before and after what it leaves out. */
const SHOWN = 10;

interface Step {
  /** What it was found for. */
  readonly want: Want;
  /** 1 for what the recipe wants. */
  readonly depth: number;
  /** The chain's beginning: the recipe and up to ten packages. */
  readonly head: Chain;
}

/** Ways to packages, found breadth first. */
export interface Chains {
  /** All that was walked, nearest first. */
  readonly order: readonly number[];
  chainTo(id: number): Chain;
  /** The way to whoever has the want. */
  chainOf(want: Want): Chain;
}

/** The name of a package as a step, with what it was wanted for. */
function labelOf({ candidates }: Problem, id: number, want: Want): string {
  const pkg = candidates.packages[id] as Package;
  return formatStep(pkg, want.anyOf[want.groups.findIndex((group) => group.includes(id))]);
}

/**
 * Walks from the recipe to all that it leads to.
 *
 * @param follow Which members of a want to go on to.
 */
export function traceChains(problem: Problem, follow: (want: Want) => readonly number[]): Chains {
  const steps = new Map<number, Step>();
  const enter = (want: Want, { depth, head }: Pick<Step, "depth" | "head">) => {
    for (const id of follow(want)) {
      if (steps.has(id)) continue;
      // Beginnings are shared, so that all the chains in a row of ten thousand packages take little room.
      const shown = depth < SHOWN ? [...head, labelOf(problem, id, want)] : head;
      steps.set(id, { want, depth: depth + 1, head: shown });
    }
  };
  for (const root of problem.roots) enter(problem.wants[root] as Want, { depth: 0, head: ["recipe"] });
  // The map grows while it is walked.
  for (const [id, step] of steps) {
    for (const number of problem.wantsOf[id] ?? []) enter(problem.wants[number] as Want, step);
  }
  const chainTo = (id: number): Chain => {
    const tail: string[] = [];
    let at = id;
    let step = steps.get(at);
    while (step && step.depth > SHOWN && tail.length < SHOWN) {
      tail.push(labelOf(problem, at, step.want));
      at = step.want.owner;
      step = steps.get(at);
    }
    const left = (step?.depth ?? 0) - SHOWN;
    return [...(step?.head ?? ["recipe"]), ...(left > 0 ? [`… ${left} more …`] : []), ...tail.reverse()];
  };
  return {
    order: [...steps.keys()],
    chainTo,
    chainOf: ({ owner }) => (owner === RECIPE ? ["recipe"] : chainTo(owner)),
  };
}
