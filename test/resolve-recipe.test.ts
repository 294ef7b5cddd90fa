import { join } from "node:path";
import * as assert from "uvu/assert";
import { openCatalogs } from "../src/catalogs.js";
import { lockRecipe } from "../src/lock-file.js";
import { importPackages } from "../src/package/import.js";
import { resolveRecipe } from "../src/resolve-recipe.js";
import { openLocalStore } from "../src/store/local.js";
import { controlOf, debOf, diskFile } from "./support/deb.js";
import { startEmbeddedRegistry } from "./support/embedded-registry.js";
import { publish, recipeOf } from "./support/published.js";
import { rejects } from "./support/rejects.js";
import { suite } from "./support/suite.js";
import { tempFolder } from "./support/temp.js";

const test = suite("resolve-recipe");

/** Where nobody listens. */
const GONE = "docker://127.0.0.1:1/team/packages";

test("a lock asks no catalog where all that it pins is in the local store", async (context) => {
  const folder = await tempFolder(context);
  const local = openLocalStore(join(folder, "store"));
  const deb = debOf({ control: controlOf({ Package: "one" }), files: [["./one", "content"]] });
  await importPackages(local.store, [(await diskFile(folder, "one.deb", deb)).path]);
  const { lock } = await lockRecipe(recipeOf([], "one"), local.store);
  const { resolutions, store } = await resolveRecipe(recipeOf([GONE], "one"), { local, lock });
  assert.equal(
    resolutions.flatMap(({ packages }) => packages.map((each) => each.package.name)),
    ["one"],
  );
  assert.is(store, local.store);
  await rejects(resolveRecipe(recipeOf([GONE], "one"), { local }), "NETWORK");
});

test("what a lock pins and the local store lacks comes from the catalogs", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const recipe = recipeOf([await publish(context, host, "team/packages", ["one", "two"])], "one", "two");
  const [first, second] = ["first", "second"].map(async (name) =>
    openLocalStore(join(await tempFolder(context), name)),
  );
  if (first === undefined || second === undefined) throw new Error("two stores");
  const opened = await openCatalogs(recipe.catalogs ?? [], { local: await first });
  const { lock } = await lockRecipe(recipe, opened.store, { catalog: opened.packages });
  const local = await second;
  for (const round of [1, 2]) {
    const { resolutions, store } = await resolveRecipe(recipe, { local, lock });
    const packages = resolutions.flatMap((each) => each.packages.map((one) => one.package));
    assert.equal(packages.map(({ name }) => name).sort(), ["one", "two"], `round ${round}`);
    // Manifests are kept; layers are not, so the catalogs are asked again.
    assert.is.not(store, local.store);
    for (const { layer } of packages) assert.ok(await store.has(layer.descriptor));
  }
  const third = openLocalStore(join(await tempFolder(context), "third"));
  await rejects(resolveRecipe({ ...recipe, catalogs: [] }, { local: third, lock }), "NOT_FOUND");
});

test.run();
