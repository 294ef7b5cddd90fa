/**
 * Files that a build was given instead of a recipe: which packages there are to choose from, and what lies on what.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { formatPlatform } from "../oci/platform.js";
import type { StoredTarball } from "../package/bare-tarball.js";
import { describePackage } from "../package/catalog.js";
import type { Package } from "../package/package.js";
import type { Resolution } from "../resolve/resolution.js";
import type { Content } from "./content.js";

/** What a file that was named became. */
export type Named =
  | { readonly path: string; readonly kind: "package"; readonly package: Package }
  | { readonly path: string; readonly kind: "tarball"; readonly tarball: StoredTarball };

/** The packages to choose from: those that were named instead of others of the same name, then the store's. */
export function catalogOf(named: readonly Named[], stored: readonly Package[]): readonly Package[] {
  const own = new Map<string, Package>();
  for (const each of named) {
    if (each.kind !== "package") continue;
    const { package: pkg } = each;
    // For several platforms, one package is named for each architecture.
    const key = `${pkg.fqn} ${pkg.architecture ?? ""}`;
    const other = own.get(key);
    own.set(key, pkg);
    if (other === undefined || other.manifest.digest === pkg.manifest.digest) continue;
    const names = [describePackage(other), describePackage(pkg)];
    const message = `Cannot build from "${each.path}": ${names[0]} is named too, and an image holds one of them; leave one out`;
    throw new LadingError("CONFLICT", message, { packages: names, chain: [] });
  }
  const names = new Set([...own.values()].map(({ fqn }) => fqn));
  return [...own.values(), ...stored.filter(({ fqn }) => !names.has(fqn))];
}

/** A package of another platform would be left out in silence. */
export function checkUsed(named: readonly Named[], resolutions: readonly Resolution[]): void {
  const used = new Set(resolutions.flatMap(({ packages }) => packages.map((each) => each.package.manifest.digest)));
  for (const each of named) {
    if (each.kind !== "package" || used.has(each.package.manifest.digest)) continue;
    const { architecture = "any architecture" } = each.package;
    const built = resolutions.map(({ platform }) => formatPlatform(platform)).join(", ");
    const message = `Cannot build from "${each.path}": it is for ${architecture}, expected a package for ${built}; leave it out, or build for its platform too`;
    throw new LadingError("CONFLICT", message, { packages: [describePackage(each.package)], chain: [] });
  }
}

/** Packages in the order of the resolution; a tarball right above the packages that were named before it. */
export function placeContents(named: readonly Named[], resolution: Resolution): readonly Content[] {
  const order = new Map(resolution.packages.map(({ package: pkg }, index) => [pkg.manifest.digest, index]));
  const placed = resolution.packages.map((each, index) => ({
    at: index,
    content: { kind: "package", package: each.package } as Content,
  }));
  let above = -1;
  for (const each of named) {
    if (each.kind === "package") above = Math.max(above, order.get(each.package.manifest.digest) ?? above);
    else
      placed.push({
        at: above + 0.5,
        content: { kind: "tarball", name: each.tarball.name, layer: each.tarball.layer },
      });
  }
  return placed.sort((a, b) => a.at - b.at).map(({ content }) => content);
}
