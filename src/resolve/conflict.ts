/**
 * Which two packages stand in each other's way.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Package } from "../package/package.js";
import { type Chains, traceChains } from "./chains.js";
import { findClash, type Pair } from "./exclusions.js";
import { formatChain, formatPackage } from "./label.js";
import { keepNeeded } from "./needed.js";
import type { Problem } from "./problem.js";
import { search } from "./search.js";

/** Pairs that are tried; a failure with more reasons than these is told by the last of them. */
const MAX_PAIRS = 32;

interface Reason {
  readonly pair: Pair;
  readonly chains: Chains;
}

/**
 * Finds two packages that everything hangs on: solve with no exclusion at all, forbid the first two packages that exclude
 * each other, and so on until nothing is left. Without the last pair there was still a way.
 */
function findReason(problem: Problem): Reason | undefined {
  const rules = new Map<number, number[]>();
  let reason: Reason | undefined;
  for (let count = 0; count < MAX_PAIRS; count++) {
    const found = search(problem, { rules });
    if (found === undefined) break;
    const kept = keepNeeded(problem, found.chosen);
    const chains = traceChains(problem, ({ members }) => members.filter((id) => kept.has(id)));
    const pair = findClash(problem, chains.order);
    if (pair === undefined) break;
    reason = { pair, chains };
    const [left, right] = pair;
    rules.set(left, [...(rules.get(left) ?? []), right]);
    rules.set(right, [...(rules.get(right) ?? []), left]);
  }
  return reason;
}

/** The error for requirements that exclude each other, once nothing is missing. */
export function conflictError(problem: Problem): LadingError<"CONFLICT"> {
  const reason = findReason(problem);
  if (reason === undefined) throw new Error("requests that cannot be met without a reason");
  const { pair, chains } = reason;
  const [left, right] = pair.map((id) => problem.candidates.packages[id] as Package) as [Package, Package];
  const [leftChain, rightChain] = pair.map(chains.chainTo) as [readonly string[], readonly string[]];
  const names = [formatPackage(left), formatPackage(right)];
  const [what, remedy] =
    left.fqn === right.fqn
      ? ["both are wanted, expected one version", "ask for what agrees on a version"]
      : ["they exclude each other, expected at most one", "leave out what asks for one of them"];
  return new LadingError(
    "CONFLICT",
    `Cannot resolve "${names[0]}" together with "${names[1]}": ${what} (${formatChain(leftChain)}; ${formatChain(rightChain)}); ${remedy}`,
    { packages: names, chain: leftChain },
  );
}
