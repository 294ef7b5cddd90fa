/**
 * Packages that are published to a registry, and recipes that ask for them.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { EMPTY_RECIPE } from "../../src/build-files.js";
import { importPackages } from "../../src/package/import.js";
import { publishPackages } from "../../src/package/publish.js";
import type { Recipe } from "../../src/recipe/recipe.js";
import { createRegistryStore } from "../../src/registry/client.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { controlOf, debOf, diskFile } from "./deb.js";
import type { TestContext } from "./suite.js";
import { tempFolder } from "./temp.js";

/** Bytes of each package's file. */
export const SIZE = 100_000;

/** Publishes packages of these names with layers that do not compress. */
export async function publish(context: TestContext, host: string, repository: string, names: readonly string[]) {
  const folder = await tempFolder(context);
  const store = createMemoryStore();
  for (const name of names) {
    const control = controlOf({ Package: name, Description: "a demo" });
    const deb = debOf({
      control,
      files: [
        ["./usr/", ""],
        [`./usr/${name}`, randomBytes(SIZE)],
      ],
    });
    await importPackages(store, [(await diskFile(folder, `${name}.deb`, deb)).path]);
  }
  await publishPackages(store, [], createRegistryStore({ registry: host, repository }), { all: true });
  return `docker://${host}/${repository}`;
}

/** A recipe for packages of catalogs. */
export function recipeOf(catalogs: readonly string[], ...names: readonly string[]): Recipe {
  return { ...EMPTY_RECIPE, catalogs, packages: names.map((name) => ({ kind: "name", name })) };
}
