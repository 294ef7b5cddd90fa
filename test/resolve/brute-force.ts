/**
 * Small random catalogs, and every solution there is, found by trying.
 *
 * @module
 */

import fc from "fast-check";
import type { PackageRequest, Requirement } from "../../src/package/capability.js";
import type { Ecosystem, Package } from "../../src/package/package.js";
import { compareNaturalVersions } from "../../src/package/version.js";
import { ask, make, OPTIONS } from "./make.js";

/** Every circle is accepted here: these tests are about which packages are chosen. */
export const options = { ...OPTIONS, acceptsCycles: () => true };

/** Names of packages. */
const REALS = ["a", "b", "c", "d"];
const range = fc.constantFrom("", "", " (= 1)", " (>= 2)", " (<< 2)");
const requirement = fc.oneof(
  fc.tuple(fc.constantFrom(...REALS, "v", "gone"), range).map(([name, bound]) => name + bound),
  fc.constantFrom("runtime=v", "runtime=w"),
);
const dependency = fc.array(requirement, { minLength: 1, maxLength: 2 }).map((parts) => parts.join(" | "));

/** Catalogs of two to eight packages. */
export const catalogOf = (ecosystem: Ecosystem): fc.Arbitrary<readonly Package[]> =>
  fc
    .uniqueArray(
      fc.record({
        label: fc.tuple(fc.constantFrom(...REALS), fc.constantFrom("1", "2")).map((parts) => parts.join(" ")),
        provides: fc.subarray(["package=v", "package=v (= 1)", "package=w (= 2)", "runtime=v", "runtime=w"], {
          maxLength: 2,
        }),
        needs: fc.array(dependency, { maxLength: 2 }),
        conflicts: fc.array(requirement, { maxLength: 1 }),
        preference: fc.constantFrom(1, 2),
      }),
      { minLength: 2, maxLength: 8, selector: ({ label }) => label },
    )
    .map((sketches) => sketches.map(({ label, ...sketch }) => make(label, { ecosystem, namespace: "/n", ...sketch })));

/** One to three requests. */
export const requests = fc
  .array(fc.oneof(requirement, fc.constantFrom(...REALS.map((name) => `=${name}`))), { minLength: 1, maxLength: 3 })
  .map((texts) => ask(...texts));

/** By the book, with no thought for speed. */
function meets(pkg: Package, { type, name, range: bound }: Requirement): boolean {
  return pkg.provides.some((offer) => {
    if (offer.type !== type || offer.name !== name) return false;
    if (bound === undefined) return true;
    if (offer.version === undefined) return false;
    const order = compareNaturalVersions(offer.version, bound.version);
    return { "<<": order < 0, "<=": order <= 0, "=": order === 0, ">=": order >= 0, ">>": order > 0 }[bound.operator];
  });
}

const isMet = (request: PackageRequest, pkg: Package) =>
  request.kind === "name" ? pkg.name === request.name : meets(pkg, request.requirement);

/** Is every request and dependency met, and does nothing exclude anything? */
export function isSolution(asked: readonly PackageRequest[], chosen: readonly Package[]): boolean {
  const fqns = new Set(chosen.map(({ fqn }) => fqn));
  return (
    fqns.size === chosen.length &&
    asked.every((request) => chosen.some((pkg) => isMet(request, pkg))) &&
    chosen.every(
      (pkg) =>
        pkg.dependencies.every(({ anyOf }) => anyOf.some((want) => chosen.some((other) => meets(other, want)))) &&
        pkg.conflicts.flat().every((want) => !chosen.some((other) => other !== pkg && meets(other, want))),
    )
  );
}

/** Every solution there is. */
export function solve(asked: readonly PackageRequest[], catalog: readonly Package[]): readonly (readonly Package[])[] {
  const subsets = Array.from({ length: 2 ** catalog.length }, (_, bits) =>
    catalog.filter((_pkg, at) => bits & (1 << at)),
  );
  return subsets.filter((subset) => isSolution(asked, subset));
}
