/**
 * Guesses that somebody has to make.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Package } from "../package/package.js";
import { type Choice, isGuess } from "./agenda.js";
import { compareBytewise } from "./bytewise.js";
import type { Chains } from "./chains.js";
import { clean, formatChain, formatList, formatWant } from "./label.js";
import type { Problem, Want } from "./problem.js";
import { type Found, search } from "./search.js";

/** The defaults of the policy that disagree, and the rule that would settle it. */
function policyHint({ candidates, policy, platform }: Problem, want: Want, names: readonly string[]): string {
  const { request, anyOf } = want;
  const requirement = request?.kind === "name" ? undefined : anyOf[0];
  const ids = requirement ? candidates.meeting(requirement, platform) : want.members;
  const defaults = want.preferred.size > 1 ? (policy?.defaults(requirement, ids) ?? []) : [];
  const disagree = defaults.length > 0 ? ` (defaults of policy: ${formatList(defaults)})` : "";
  const claim = `{ package.default ${JSON.stringify(clean(names[0] ?? ""))} }`;
  const dependency = requirement && JSON.stringify(clean(`${requirement.type}.${requirement.name}`));
  const rule = dependency === undefined ? claim : `if (dependency equals ${dependency}) ${claim}`;
  return `${disagree}, or in a policy: ${policy?.job ?? "job::/"} { ${rule} }`;
}

function ambiguous(problem: Problem, { want, rivals }: Choice, chains: Chains): LadingError<"AMBIGUOUS"> {
  const { candidates } = problem;
  const names = rivals.map((id) => (candidates.packages[id] as Package).fqn).sort(compareBytewise);
  const shown = names.map((name) => clean(name.replace(/^package::/, "")));
  const requirement = formatWant(want);
  const chain = chains.chainOf(want);
  const provide = want.request?.kind === "name" ? "are all called so" : "all provide it";
  return new LadingError(
    "AMBIGUOUS",
    `Cannot choose a package for "${requirement}": ${formatList(shown)} ${provide}, wanted by ${formatChain(chain)}, expected one; name one of them in the recipe's packages${policyHint(problem, want, names)}`,
    { requirement, candidates: names, chain },
  );
}

/** Can another name than the one that was guessed be chosen, with all that was chosen before it as it is? */
function isOpen(problem: Problem, guess: Choice, before: readonly number[]): boolean {
  const { families } = problem.candidates;
  const own = families[guess.id] as number;
  const rivals = new Set(guess.rivals.map((id) => families[id] as number));
  rivals.delete(own);
  const exclude = problem.versions.get(own) ?? [];
  const others = [...rivals].flatMap((family) => problem.versions.get(family) ?? []);
  return others
    .filter((id) => guess.want.groups.some((group) => group.includes(id)))
    .some((id) => search(problem, { include: [...before, id], exclude }) !== undefined);
}

/**
 * Checks that nothing was guessed: where several names were possible, all but one of them must lead nowhere.
 *
 * @throws {LadingError} `AMBIGUOUS` for the first guess that could have gone another way.
 */
export function checkGuesses(problem: Problem, { choices }: Found, kept: ReadonlySet<number>, chains: Chains): void {
  const before: number[] = [];
  for (const choice of choices) {
    if (!kept.has(choice.id)) continue;
    if (isGuess(choice) && isOpen(problem, choice, before)) throw ambiguous(problem, choice, chains);
    before.push(choice.id);
  }
}
