/**
 * Finding packages by a part of their names, of what they provide, or of their descriptions.
 *
 * @module
 */

import type { Package } from "./package.js";

/** What a person may look for in a package, most telling first. */
function textsOf({ name, fqn, provides, description }: Package): readonly (readonly string[])[] {
  return [[name], [fqn], provides.map(({ type, name: provided }) => `${type}=${provided}`), [description ?? ""]];
}

/** How well the words fit: where the last of them is found; undefined where one is nowhere. */
function rank(pkg: Package, words: readonly string[]): number | undefined {
  const texts = textsOf(pkg).map((each) => each.map((text) => text.toLowerCase()));
  const found = words.map((word) => texts.findIndex((each) => each.some((text) => text.includes(word))));
  if (found.includes(-1)) return undefined;
  return pkg.name.toLowerCase() === words.join(" ") ? -1 : Math.max(...found);
}

/**
 * The packages in which every word of a text is found, in any case: in the name, in what is provided (`runtime=node`), or in
 * the first line of the description. Those that are called just so come first, then those with it in their name.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createMemoryStore, listPackages, searchPackages } from "lading";
 *
 * const packages = await listPackages(createMemoryStore());
 * assert.deepEqual(searchPackages(packages, "json processor"), []);
 * ```
 */
export function searchPackages(packages: readonly Package[], text: string): readonly Package[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const ranked = packages.flatMap((pkg) => {
    const place = rank(pkg, words);
    return place === undefined ? [] : [{ pkg, place }];
  });
  return ranked.sort((left, right) => left.place - right.place).map(({ pkg }) => pkg);
}
