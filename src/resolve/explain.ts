/**
 * `explain`: why a package was chosen, and why others were not.
 *
 * @module
 */

import { formatRequirement, type Requirement } from "../package/capability.js";
import type { Package } from "../package/package.js";
import { parseRequirement } from "../package/requirement.js";
import { createBudget } from "./budget.js";
import { type Candidates, createCandidates, hasArchitecture, inRange, isNamesake, runsOn } from "./candidates.js";
import { clean, formatChain, formatList, formatPackage } from "./label.js";
import { applyPolicy } from "./policy-apply.js";
import type { Resolution, ResolvedPackage, ResolveOptions } from "./resolution.js";

/** What is looked at while one requirement is explained. */
interface View {
  readonly requirement: Requirement;
  /** The requirement as messages show it. */
  readonly text: string;
  readonly resolution: Resolution;
  readonly candidates: Candidates;
  readonly options: ResolveOptions;
  /** The packages of the resolution that meet the requirement. */
  readonly winners: readonly ResolvedPackage[];
}

/** Does it meet the requirement, or is it the package of that full or short name? */
function isMeant(pkg: Package, requirement: Requirement, options: ResolveOptions): boolean {
  const { type, name, range, architecture } = requirement;
  if (provides(pkg, requirement, options)) return true;
  if (type !== "package" || range !== undefined || architecture !== undefined) return false;
  return [pkg.name, pkg.fqn, pkg.fqn.replace(/^package::/, "")].includes(name);
}

function provides(pkg: Package, requirement: Requirement, { compareVersions }: ResolveOptions): boolean {
  const { type, name, range } = requirement;
  if (!hasArchitecture(pkg, requirement)) return false;
  const compare = (left: string, right: string) => compareVersions(pkg.ecosystem, left, right);
  return pkg.provides.some(
    (offer) =>
      offer.type === type && offer.name === name && (range === undefined || inRange(range, offer.version, compare)),
  );
}

/** The chosen package that would not go with `pkg`, and why. */
function obstacle({ resolution, options }: View, pkg: Package): string | undefined {
  for (const { package: other } of resolution.packages) {
    if (other.fqn === pkg.fqn) continue;
    const excludes = (left: Package, right: Package) =>
      left.conflicts.flat().some((requirement) => provides(right, requirement, options));
    if (excludes(pkg, other) || excludes(other, pkg)) return `it conflicts with ${formatPackage(other)}`;
    // What the version that was chosen meets, and this one would not.
    const chosen = resolution.packages.find((one) => one.package.fqn === pkg.fqn)?.package;
    const needed = other.dependencies
      .flatMap(({ anyOf }) => anyOf)
      .find((want) => chosen && provides(chosen, want, options) && !provides(pkg, want, options));
    if (needed) return `${formatPackage(other)} needs ${clean(formatRequirement(needed))}`;
  }
  return undefined;
}

/** The first dependency of `pkg` that nothing in the catalog meets. */
function lack({ candidates, resolution }: View, pkg: Package): string | undefined {
  const isMet = (requirement: Requirement) => candidates.meeting(requirement, resolution.platform).length > 0;
  const lacking = pkg.dependencies.find(({ anyOf }) => anyOf.length > 0 && !anyOf.some(isMet));
  return lacking && `it needs ${clean(lacking.anyOf.map(formatRequirement).join(" | "))}, which no package provides`;
}

/** Why another version than this one of the same package was chosen. */
function whyNotVersion(view: View, pkg: Package, chosen: Package): string {
  if (pkg.version === chosen.version) return "it is the same version again";
  const { compareVersions } = view.options;
  const older =
    pkg.version === undefined ||
    (chosen.version !== undefined && compareVersions(pkg.ecosystem, pkg.version, chosen.version) <= 0);
  if (older) return `it is older than ${clean(chosen.version ?? "")}`;
  return obstacle(view, pkg) ?? lack(view, pkg) ?? "what it needs does not go with the rest";
}

/** Why policy left a package out. */
function refusal({ candidates, requirement, resolution, options }: View, pkg: Package): string | undefined {
  const { policy, job = { namespace: "/" } } = options;
  if (policy === undefined) return undefined;
  const applied = applyPolicy(policy, job, candidates.packages);
  return applied.refusal(
    requirement,
    candidates.meeting(requirement, resolution.platform),
    candidates.packages.indexOf(pkg),
  );
}

/** Why a package was not chosen. */
function whyNot(view: View, pkg: Package): string {
  const { requirement, resolution, options, winners } = view;
  if (!runsOn(pkg, resolution.platform)) {
    return `it is for ${clean([pkg.os, pkg.architecture].filter((part) => part !== undefined).join("/"))}`;
  }
  if (!isMeant(pkg, requirement, options)) {
    return requirement.range
      ? `it is not ${clean(`${requirement.range.operator} ${requirement.range.version}`)}`
      : "it is for another architecture";
  }
  const refused = refusal(view, pkg);
  if (refused !== undefined) return refused;
  const same = resolution.packages.find((one) => one.package.fqn === pkg.fqn)?.package;
  if (same) return whyNotVersion(view, pkg, same);
  const reason = obstacle(view, pkg) ?? lack(view, pkg);
  if (reason !== undefined) return reason;
  const [winner] = winners;
  if (winner === undefined) return "nothing asked for it";
  const label = labelOf(view, winner.package);
  if (isNamesake(winner.package, requirement) && !isNamesake(pkg, requirement)) return `${label} has that very name`;
  const rank = (one: Package) => one.preference ?? Number.POSITIVE_INFINITY;
  return rank(winner.package) < rank(pkg) ? `${label} is preferred` : `${label} is enough`;
}

/** `jq 1.6`, or `/acme::jq 1.6` where another package has the same name. */
function labelOf({ candidates }: View, pkg: Package): string {
  const others = candidates.named(pkg.name).some((id) => candidates.packages[id]?.fqn !== pkg.fqn);
  return formatPackage(others ? { ...pkg, name: pkg.fqn.replace(/^package::/, "") } : pkg);
}

function describeWinner(view: View, { package: pkg, because }: ResolvedPackage): string {
  const { requirement, text, options } = view;
  const indirect = provides(pkg, requirement, options) && !isNamesake(pkg, requirement);
  return `${labelOf(view, pkg)}${indirect ? `, which provides ${text},` : ""} was chosen: ${formatChain(because)}.`;
}

/** The packages that were to choose from and were not chosen, in order. */
function losersOf({ requirement, candidates, winners }: View): readonly Package[] {
  const keyOf = (pkg: Package) => `${pkg.fqn} ${pkg.manifest.digest}`;
  const chosen = new Set(winners.map((winner) => keyOf(winner.package)));
  const named = requirement.type === "package" ? candidates.named(requirement.name) : [];
  const ids = [...new Set([...candidates.offered(requirement), ...named])].sort((left, right) => left - right);
  return ids.map((id) => candidates.packages[id] as Package).filter((pkg) => !chosen.has(keyOf(pkg)));
}

/** A full or short name stays whole; anything else is a requirement's text. */
function read(text: string): Requirement {
  return /^(package::)?\//.test(text) ? { type: "package", name: text } : parseRequirement(text);
}

/**
 * Says which package was chosen for a requirement, which way led to it, and why no other candidate was: one sentence for
 * each package that was chosen, and one for the rest.
 *
 * @param requirement What is asked about: read, or as text (`runtime=node`, `jq (>= 1.6)`, or a package's name).
 * @param catalog The packages that were to choose from.
 * @param options Those that the resolution was made with.
 * @throws {LadingError} `SYNTAX` for a text that is no requirement.
 */
export function explain(
  resolution: Resolution,
  catalog: readonly Package[],
  requirement: Requirement | string,
  options: ResolveOptions,
): string {
  const wanted = typeof requirement === "string" ? read(requirement) : requirement;
  const view: View = {
    requirement: wanted,
    text: clean(formatRequirement(wanted)),
    resolution,
    candidates: createCandidates(catalog, options, createBudget()),
    options,
    winners: resolution.packages.filter((one) => isMeant(one.package, wanted, options)),
  };
  const losers = losersOf(view);
  const won = view.winners.map((winner) => describeWinner(view, winner));
  if (won.length === 0) won.push(`Nothing that was chosen provides ${view.text}.`);
  if (losers.length === 0)
    return `${won.join(" ")} No ${view.winners.length > 0 ? "other " : ""}package of the catalog does.`;
  const shown = losers.slice(0, 10).map((pkg) => `${labelOf(view, pkg)} (${whyNot(view, pkg)})`);
  return `${won.join(" ")} Not chosen: ${formatList([...shown, ...losers.slice(10).map((pkg) => labelOf(view, pkg))])}.`;
}
