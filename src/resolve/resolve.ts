/**
 * `resolve`: from what is asked for to the packages of an image, in order.
 *
 * @module
 */

import type { PackageRequest } from "../package/capability.js";
import type { Package } from "../package/package.js";
import { checkGuesses } from "./ambiguity.js";
import { createBudget } from "./budget.js";
import { compareBytewise } from "./bytewise.js";
import { createCandidates } from "./candidates.js";
import { traceChains } from "./chains.js";
import { conflictError } from "./conflict.js";
import { formatPackage } from "./label.js";
import { missingError } from "./missing.js";
import { keepNeeded } from "./needed.js";
import { orderNodes } from "./order.js";
import { choosePlatform } from "./platform.js";
import { applyPolicy } from "./policy-apply.js";
import { createProblem, type Problem, sortRequests, type Want } from "./problem.js";
import type { Resolution, ResolveOptions } from "./resolution.js";
import { search } from "./search.js";

/** Name, then version, then what makes it unique, bytewise. */
function compareForOrder(left: Package, right: Package): number {
  return (
    compareBytewise(left.name, right.name) ||
    compareBytewise(left.version ?? "", right.version ?? "") ||
    compareBytewise(left.fqn, right.fqn)
  );
}

/** The chosen packages in layer order. */
function order(problem: Problem, kept: ReadonlySet<number>, { acceptsCycles }: ResolveOptions): readonly number[] {
  const packageOf = (id: number) => problem.candidates.packages[id] as Package;
  const ids = [...kept].sort((left, right) => compareForOrder(packageOf(left), packageOf(right)) || left - right);
  const places = new Map(ids.map((id, place) => [id, place]));
  const nodes = ids.map((id) => {
    const pkg = packageOf(id);
    const allStrict = !acceptsCycles(pkg.ecosystem);
    const needs = (problem.wantsOf[id] ?? []).map((number) => {
      const { members, strict } = problem.wants[number] as Want;
      return { anyOf: members.flatMap((member) => places.get(member) ?? []), strict: strict || allStrict };
    });
    return { label: formatPackage(pkg), needs };
  });
  return orderNodes(nodes).map((place) => ids[place] as number);
}

/**
 * Chooses the packages that meet every request, with all that they depend on, and puts them in layer order.
 *
 * A requirement is met by a package that provides its type and name; one with a range only by a provided version within it.
 * Packages of another platform do not take part. Of one full name at most one version is chosen, the newest that everything
 * else allows. Of alternatives the first that is possible is taken, unless another is in already. Where several names would
 * do, one that is in already is taken, else the package that has the required name. Else a dependency of a Debian package
 * takes the one with the lowest `preference`, then the first by name; any other dependency, and any request, is ambiguous.
 * A name in `settled` goes before all of that.
 *
 * A policy comes before all of that: what it retires, does not allow or locks out does not take part, and its defaults are
 * wanted more than anything else.
 *
 * The search is complete: it finds a solution when there is one. The order of `requests` and `catalog` makes no difference.
 * It is pure, takes n log n time for real catalogs, and stops at a fixed number of steps for hostile ones.
 *
 * @param requests What is asked for: capabilities, and names such as `package::/ns::name`, `/ns::name` or `name`.
 * @param catalog The packages to choose from.
 * @param options `platform` (what the packages say, else linux/amd64), the rules of ecosystems, and a policy (none).
 * @throws {LadingError} `MISSING` when something is provided by no package: all of it, each with the way that led there.
 * @throws {LadingError} `AMBIGUOUS` when several names would do and nothing settles which.
 * @throws {LadingError} `CONFLICT` when the packages that are required exclude each other, or are for different platforms.
 * @throws {LadingError} `CYCLE` when packages need each other in a circle that their ecosystem does not accept.
 * @throws {LadingError} `TOO_LARGE` when the search takes too many steps.
 *
 * @see https://www.debian.org/doc/debian-policy/ch-relationships.html
 */
export function resolve(
  requests: readonly PackageRequest[],
  catalog: readonly Package[],
  options: ResolveOptions,
): Resolution {
  const budget = createBudget();
  const candidates = createCandidates(catalog, options, budget);
  const sorted = sortRequests(requests);
  const platform = options.platform ?? choosePlatform(candidates, sorted, budget);
  const { policy, job = { namespace: "/" } } = options;
  const applied = policy && applyPolicy(policy, job, candidates.packages);
  const problem = createProblem(sorted, candidates, platform, budget, { policy: applied, settled: options.settled });
  const found = search(problem);
  if (found === undefined) throw missingError(problem) ?? conflictError(problem);
  const kept = keepNeeded(problem, found.chosen);
  const chains = traceChains(problem, ({ members }) => members.filter((id) => kept.has(id)));
  checkGuesses(problem, found, kept, chains);
  const packages = order(problem, kept, options).map((id) => ({
    package: candidates.packages[id] as Package,
    because: chains.chainTo(id),
  }));
  return { platform, packages };
}
