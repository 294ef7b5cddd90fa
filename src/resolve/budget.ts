/**
 * A bound on work that is the same on every machine: steps are counted, not seconds.
 *
 * Choosing packages is NP-complete, so a hostile catalog could keep any complete search busy for ever. Real ones take a few
 * steps for each package.
 *
 * @module
 */

import { LadingError } from "../errors.js";

/** Steps that one resolution may take; a step is some ten nanoseconds, and may keep some bytes. */
const MAX_STEPS = 200_000_000;

/** What is left of the steps. */
export interface Budget {
  left: number;
}

export function createBudget(): Budget {
  return { left: MAX_STEPS };
}

/**
 * Takes steps off.
 *
 * @throws {LadingError} `TOO_LARGE` when none are left.
 */
export function spend(budget: Budget, steps: number): void {
  budget.left -= steps;
  if (budget.left >= 0) return;
  throw new LadingError(
    "TOO_LARGE",
    `Cannot resolve these packages: the search took more than ${MAX_STEPS} steps, expected fewer; ask for exact versions, or offer fewer packages`,
    { what: "search steps", limit: MAX_STEPS },
  );
}
