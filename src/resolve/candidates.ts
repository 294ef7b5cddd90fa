/**
 * The catalog as the resolver sees it: in one order whatever order it came in, and found by what is provided.
 *
 * A package is known by its place in that order. Places are sorted by full name, then newest first, so that comparing two
 * places of one full name compares their versions.
 *
 * @see https://www.debian.org/doc/debian-policy/ch-relationships.html#virtual-packages-provides
 * @module
 */

import type { Platform } from "../oci/platform.js";
import { architectureOf } from "../package/architecture.js";
import type { Requirement, VersionRange } from "../package/capability.js";
import type { Package, PackageMetadata } from "../package/package.js";
import { type Budget, spend } from "./budget.js";
import { compareBytewise } from "./bytewise.js";
import { addTo } from "./multimap.js";
import type { ResolveOptions } from "./resolution.js";

/** Steps that the comparison of two versions counts for. */
const COMPARISON_STEPS = 50;

/** One line of a package's `provides`. */
interface Offer {
  readonly id: number;
  readonly version: string | undefined;
}

/** The catalog in order, whatever the platform. */
export interface Candidates {
  readonly packages: readonly Package[];
  /** The number of each package's full name. Numbers are in the order of names. */
  readonly families: Int32Array;
  /** Which packages provide the type and name, whatever the version. */
  offered(requirement: Requirement): readonly number[];
  /** Which packages meet the requirement, those that are wanted more first; of the platform if one is given. */
  meeting(requirement: Requirement, platform?: Platform): readonly number[];
  /** Which packages have the name: `package::/ns::name`, `/ns::name`, or `name` in any namespace. */
  named(name: string, platform?: Platform): readonly number[];
}

type CompareVersions = ResolveOptions["compareVersions"];

function keyOf({ type, name }: { readonly type: string; readonly name: string }): string {
  return `${type}:${name}`;
}

/** Does the package run there? One that names no architecture or system runs on any. */
export function runsOn({ architecture, os }: PackageMetadata, platform: Platform): boolean {
  return (
    (architecture === undefined || architecture === platform.architecture) && (os === undefined || os === platform.os)
  );
}

/** Is it the package that has the required name, rather than one that only provides it? */
export function isNamesake(pkg: PackageMetadata, requirement: Requirement): boolean {
  return requirement.type === "package" && pkg.name === requirement.name;
}

/** Is `version` within the range? A capability without version is in none (Debian policy 7.5). */
export function inRange(
  range: VersionRange,
  version: string | undefined,
  compare: (a: string, b: string) => number,
): boolean {
  if (version === undefined) return false;
  const order = compare(version, range.version);
  if (range.operator === "=") return order === 0;
  if (order === 0) return range.operator === "<=" || range.operator === ">=";
  return order < 0 ? range.operator.startsWith("<") : range.operator.startsWith(">");
}

/** A requirement for an architecture is met by a package of it, and by one that runs on any. */
export function hasArchitecture({ architecture }: PackageMetadata, { architecture: wanted }: Requirement): boolean {
  if (wanted === undefined || wanted === "any" || architecture === undefined) return true;
  return architecture === (architectureOf(wanted) ?? wanted);
}

/** Full name, then newest first. What is left is settled by text, so that the order of the input never matters. */
export function comparePackages(left: Package, right: Package, compareVersions: CompareVersions): number {
  const byName = compareBytewise(left.fqn, right.fqn) || compareBytewise(left.ecosystem, right.ecosystem);
  if (byName !== 0) return byName;
  const [old, young] = [left.version, right.version];
  if (old === undefined || young === undefined) {
    if (old !== young) return old === undefined ? 1 : -1;
  } else {
    const order = compareVersions(left.ecosystem, young, old);
    if (order !== 0) return order;
    if (old !== young) return compareBytewise(young, old);
  }
  return (
    compareBytewise(right.architecture ?? "", left.architecture ?? "") ||
    compareBytewise(left.manifest.digest, right.manifest.digest)
  );
}

/** In order, and the same package from two catalogs once. */
function sortPackages(catalog: readonly Package[], compareVersions: CompareVersions): readonly Package[] {
  const sorted = [...catalog].sort((left, right) => comparePackages(left, right, compareVersions));
  return sorted.filter((pkg, index) => {
    const before = sorted[index - 1];
    return before?.manifest.digest !== pkg.manifest.digest || before.fqn !== pkg.fqn;
  });
}

function numberFamilies(packages: readonly Package[]): Int32Array {
  const families = new Int32Array(packages.length);
  let family = -1;
  for (const [id, pkg] of packages.entries()) {
    if (pkg.fqn !== packages[id - 1]?.fqn) family++;
    families[id] = family;
  }
  return families;
}

function indexOffers(packages: readonly Package[]): ReadonlyMap<string, readonly Offer[]> {
  const offers = new Map<string, Offer[]>();
  for (const [id, pkg] of packages.entries()) {
    for (const capability of pkg.provides) addTo(offers, keyOf(capability), { id, version: capability.version });
  }
  return offers;
}

function indexNames(packages: readonly Package[]): ReadonlyMap<string, readonly number[]> {
  const names = new Map<string, number[]>();
  for (const [id, { fqn, name }] of packages.entries()) {
    addTo(names, fqn, id);
    if (name !== fqn) addTo(names, name, id);
  }
  return names;
}

/** Namesakes first, then by the preference of the newest version, then by full name, then newest first. */
function byPreference(packages: readonly Package[], families: Int32Array, requirement: Requirement) {
  const preferences = new Map<number, number>();
  const rankOf = (id: number) => preferences.get(families[id] as number) ?? Number.POSITIVE_INFINITY;
  return (ids: readonly number[]): readonly number[] => {
    const inOrder = [...new Set(ids)].sort((left, right) => left - right);
    const namesakes = new Set<number>();
    for (const id of inOrder) {
      const pkg = packages[id] as Package;
      const family = families[id] as number;
      if (!preferences.has(family)) preferences.set(family, pkg.preference ?? Number.POSITIVE_INFINITY);
      if (isNamesake(pkg, requirement)) namesakes.add(id);
    }
    const away = (id: number) => Number(!namesakes.has(id));
    // Infinities are compared, not subtracted: their difference is no number.
    const compareRanks = (left: number, right: number) =>
      rankOf(left) === rankOf(right) ? 0 : rankOf(left) < rankOf(right) ? -1 : 1;
    return inOrder.sort((left, right) => away(left) - away(right) || compareRanks(left, right) || left - right);
  };
}

/** Puts a catalog in order. Costs n log n comparisons; `meeting` remembers its answers. */
export function createCandidates(catalog: readonly Package[], options: ResolveOptions, budget: Budget): Candidates {
  const packages = sortPackages(catalog, options.compareVersions);
  const families = numberFamilies(packages);
  const offers = indexOffers(packages);
  const names = indexNames(packages);
  const met = new Map<string, readonly number[]>();
  const onPlatform = (id: number, platform: Platform | undefined) =>
    platform === undefined || runsOn(packages[id] as Package, platform);
  const meets = ({ id, version }: Offer, requirement: Requirement): boolean => {
    const pkg = packages[id] as Package;
    if (!hasArchitecture(pkg, requirement)) return false;
    if (requirement.range === undefined) return true;
    spend(budget, COMPARISON_STEPS);
    return inRange(requirement.range, version, (left, right) => options.compareVersions(pkg.ecosystem, left, right));
  };
  const search = (requirement: Requirement, platform: Platform | undefined): readonly number[] => {
    const found = offers.get(keyOf(requirement)) ?? [];
    spend(budget, found.length);
    const ids = found
      .filter((offer) => onPlatform(offer.id, platform) && meets(offer, requirement))
      .map(({ id }) => id);
    return ids.length < 2 ? ids : byPreference(packages, families, requirement)(ids);
  };
  return {
    packages,
    families,
    offered: (requirement) => [...new Set((offers.get(keyOf(requirement)) ?? []).map(({ id }) => id))],
    meeting(requirement, platform) {
      const { type, name, range, architecture } = requirement;
      const where = platform && [platform.os, platform.architecture];
      const key = JSON.stringify([type, name, range?.operator, range?.version, architecture, where]);
      const known = met.get(key);
      if (known) return known;
      const ids = search(requirement, platform);
      met.set(key, ids);
      return ids;
    },
    named: (name, platform) =>
      (names.get(name.startsWith("/") ? `package::${name}` : name) ?? []).filter((id) => onPlatform(id, platform)),
  };
}
