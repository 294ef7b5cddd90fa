/**
 * Everything that is not there, so that somebody can fetch it all at once.
 *
 * @module
 */

import { type Chain, LadingError } from "../errors.js";
import type { Package } from "../package/package.js";
import { compareBytewise } from "./bytewise.js";
import { type Chains, traceChains } from "./chains.js";
import { clean, formatChain, formatList, formatPackage, formatWant } from "./label.js";
import { type Problem, RECIPE, type Want } from "./problem.js";
import { findImpossible } from "./search.js";

interface Missing {
  readonly requirement: string;
  readonly chain: Chain;
  readonly want: Want;
}

/** What would do, had policy not left it out: `jq 1.6, but prod.pol:3 retires it`. */
function leftOut({ candidates, platform, policy }: Problem, { request, anyOf }: Want): string | undefined {
  if (policy === undefined) return undefined;
  const requirement = request?.kind === "name" ? undefined : anyOf[0];
  const ids =
    request?.kind === "name"
      ? candidates.named(request.name, platform)
      : anyOf.flatMap((each) => candidates.meeting(each, platform));
  const found = ids.map((id) => {
    const label = clean((candidates.packages[id] as Package).fqn.replace(/^package::/, ""));
    return `${label}, but ${policy.refusal(requirement, ids, id) ?? "what it needs is missing"}`;
  });
  return found.length === 0 ? undefined : ` (found ${formatList(found, 3, "; ")})`;
}

/** What is there under that name, but does not do: `found jq 1.5`, `found only for arm64`. */
function nearMiss(problem: Problem, want: Want): string {
  const { candidates, platform } = problem;
  const refused = leftOut(problem, want);
  if (refused !== undefined) return refused;
  const ids =
    want.request?.kind === "name" ? candidates.named(want.request.name) : want.anyOf.flatMap(candidates.offered);
  const found = [...new Set(ids)].map((id) => candidates.packages[id] as Package);
  const here = found.filter(({ architecture }) => architecture === undefined || architecture === platform.architecture);
  if (found.length === 0) return "";
  if (here.length > 0) return ` (found ${formatList(here.map(formatPackage), 3)})`;
  return ` (found only for ${formatList([...new Set(found.map(({ architecture }) => clean(architecture ?? "")))], 3)})`;
}

/** Each missing requirement once, with the shortest way to it, in order. */
function collect(problem: Problem): readonly Missing[] {
  const impossible = findImpossible(problem);
  const isHopeless = ({ members }: Want) => members.every((id) => impossible.has(id));
  // Where there are candidates, none of them can be complete: what the most wanted one lacks is what is missing.
  const chains: Chains = traceChains(problem, (want) => (isHopeless(want) ? want.members.slice(0, 1) : []));
  const owners = [RECIPE, ...chains.order];
  const wants = owners
    .flatMap((owner) => (owner === RECIPE ? problem.roots : (problem.wantsOf[owner] ?? [])))
    .map((number) => problem.wants[number] as Want)
    .filter(({ members }) => members.length === 0);
  const missing = new Map<string, Missing>();
  for (const want of wants) {
    const requirement = formatWant(want);
    if (!missing.has(requirement)) missing.set(requirement, { requirement, chain: chains.chainOf(want), want });
  }
  return [...missing.values()].sort((left, right) => compareBytewise(left.requirement, right.requirement));
}

/** The error for what is missing, or undefined when nothing is: then packages exclude each other. */
export function missingError(problem: Problem): LadingError<"MISSING"> | undefined {
  const all = collect(problem);
  const [first] = all;
  if (first === undefined) return undefined;
  const { os, architecture } = problem.platform;
  const detail = { missing: all.map(({ requirement, chain }) => ({ requirement, chain })) };
  const remedy = `for ${os}/${architecture}; add packages that provide ${all.length > 1 ? "them" : "it"}, or change what is asked for`;
  if (all.length === 1) {
    const { requirement, chain, want } = first;
    const message = `Cannot resolve "${requirement}": no package provides it${nearMiss(problem, want)}, wanted by ${formatChain(chain)}, expected one ${remedy}`;
    return new LadingError("MISSING", message, detail);
  }
  const items = all.slice(0, 10).map(({ requirement, chain, want }) => {
    return `"${requirement}"${nearMiss(problem, want)} wanted by ${formatChain(chain)}`;
  });
  const list = formatList([...items, ...all.slice(10).map(({ requirement }) => requirement)]);
  const message = `Cannot resolve ${all.length} requirements: no package provides ${list}, expected one for each ${remedy}`;
  return new LadingError("MISSING", message, detail);
}
