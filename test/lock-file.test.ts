import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { build } from "../src/build.js";
import { EMPTY_RECIPE } from "../src/build-files.js";
import { lockRecipe, readLock, resolveLocked, writeLock } from "../src/lock-file.js";
import { deletePackages } from "../src/package/catalog.js";
import { importPackages } from "../src/package/import.js";
import type { PackageRequest, Recipe } from "../src/recipe/recipe.js";
import { encodeLock, type Lock } from "../src/resolve/lock.js";
import { parsePolicy } from "../src/resolve/policy-parse.js";
import { openLocalStore } from "../src/store/local.js";
import { createMemoryStore } from "../src/store/memory.js";
import { createCli } from "./support/cli.js";
import { controlOf, debOf } from "./support/deb.js";
import { rejects } from "./support/rejects.js";
import { suite, type TestContext } from "./support/suite.js";
import { tempFolder } from "./support/temp.js";

const test = suite("lock-file");

const asking = (...names: readonly string[]): Recipe => ({
  ...EMPTY_RECIPE,
  packages: names.map((name): PackageRequest => ({ kind: "name", name })),
});

/** A store into which Debian packages are put by name, version and what they need. */
async function prepare(context: TestContext) {
  const folder = await tempFolder(context);
  const local = openLocalStore(join(folder, "store"));
  const add = async (name: string, version: string, depends?: string, architecture = "amd64") => {
    const file = join(folder, `${name}_${version}_${architecture}.deb`);
    const fields = {
      Package: name,
      Version: version,
      Architecture: architecture,
      ...(depends && { Depends: depends }),
    };
    await writeFile(file, debOf({ control: controlOf(fields), files: [[`./usr/share/${name}`, version]] }));
    await importPackages(local.store, [file], {});
  };
  return { folder, local, add };
}

const pinsOf = ({ platforms }: Lock) =>
  platforms.flatMap(({ packages }) => packages.map(({ fqn, version }) => `${fqn.replace(/.*::/, "")} ${version}`));

test("build() with a lock makes the image that was locked, whatever the catalog has become", async (context) => {
  const { local, add } = await prepare(context);
  await add("lib", "1");
  await add("app", "1", "lib");
  const recipe = asking("app");
  const before = await build(recipe, { local });
  const { lock } = await lockRecipe(recipe, local.store);
  assert.equal(pinsOf(lock), ["lib 1", "app 1"]);
  await add("lib", "2");
  assert.is.not((await build(recipe, { local })).root.digest, before.root.digest);
  assert.is((await build(recipe, { local, lock })).root.digest, before.root.digest);
  await deletePackages(local.store, ["lib", "app"], { all: true });
  await rejects(build(recipe, { local }), "MISSING");
  assert.is((await build(recipe, { local, lock })).root.digest, before.root.digest);
});

test("resolveLocked() refuses a lock of another recipe, one that was edited, and a store that lacks a package", async (context) => {
  const { local, add } = await prepare(context);
  await add("lib", "1");
  await add("app", "1", "lib");
  const { lock } = await lockRecipe(asking("app"), local.store);
  const error = await rejects(resolveLocked(asking("app", "lib"), lock, local.store), "OUTDATED");
  assert.equal(error.detail.changes, ["the recipe asks for lib"]);
  const text = encodeLock(lock);
  const edited = (from: string, to: string) => JSON.parse(text.replace(from, to)) as Lock;
  await rejects(resolveLocked(asking("app"), edited('"version": "1"', '"version": "9"'), local.store), "CORRUPT");
  const [platform] = lock.platforms;
  assert.ok(platform);
  const lacking = { ...lock, platforms: [{ ...platform, packages: platform.packages.slice(1) }] };
  const { detail } = await rejects(resolveLocked(asking("app"), lacking, local.store), "OUTDATED");
  assert.equal(detail.changes, ["lib is required and no pinned package provides it"]);
  const { message } = await rejects(resolveLocked(asking("app"), lock, createMemoryStore()), "NOT_FOUND");
  assert.match(message, /"package::\/debian::lib 1".*lading resolve --lock/);
});

test("lockRecipe() changes what it is asked to, and tells what it had to change beside", async (context) => {
  const { local, add } = await prepare(context);
  const recipe = asking("app", "other");
  for (const name of ["lib", "other"]) await add(name, "1");
  await add("app", "1", "lib");
  const { lock: before, changes } = await lockRecipe(recipe, local.store);
  assert.is(changes.length, 3);
  for (const name of ["lib", "other"]) await add(name, "2");
  await add("app", "2", "lib (>= 2)");
  const again = async (update: "all" | readonly string[]) => await lockRecipe(recipe, local.store, { before, update });
  assert.equal(await again([]), { lock: before, changes: [] });
  assert.equal(pinsOf((await again(["other"])).lock), ["lib 1", "app 1", "other 2"]);
  const { lock, changes: forced } = await again(["app"]);
  assert.equal(pinsOf(lock), ["lib 2", "app 2", "other 1"]);
  assert.equal(
    forced.map(({ fqn, why }) => [fqn.replace(/.*::/, ""), why]),
    [
      ["app", undefined],
      ["lib", "recipe → app 2 needs lib (>= 2)"],
    ],
  );
  assert.equal(pinsOf((await again("all")).lock), ["lib 2", "app 2", "other 2"]);
  await rejects(again(["gone"]), "NOT_FOUND");
});

test("a package that policy retired is no longer used by its lock", async (context) => {
  const { local, add } = await prepare(context);
  await add("lib", "1");
  await add("other", "1");
  const recipe = asking("lib", "other");
  const { lock } = await lockRecipe(recipe, local.store);
  const policy = parsePolicy('on job::/ { { package.retire "package::/debian::lib" } }', { path: "a.pol" });
  await resolveLocked(recipe, lock, local.store);
  const { detail } = await rejects(resolveLocked(recipe, lock, local.store, { policy }), "OUTDATED");
  assert.match(detail.changes.join(), /lib is required/);
  await rejects(lockRecipe(recipe, local.store, { before: lock, policy }), "MISSING");
});

test("lockRecipe() locks several platforms, and keeps them where none is named", async (context) => {
  const { local, add } = await prepare(context);
  for (const architecture of ["amd64", "arm64"]) await add("app", "1", undefined, architecture);
  const platforms = ["arm64", "amd64"].map((architecture) => ({ os: "linux", architecture }));
  const { lock } = await lockRecipe(asking("app"), local.store, { platforms });
  assert.equal(
    lock.platforms.map(({ platform, packages }) => [platform, packages.length]),
    [
      ["linux/amd64", 1],
      ["linux/arm64", 1],
    ],
  );
  assert.equal(await lockRecipe(asking("app"), local.store, { before: lock }), { lock, changes: [] });
  assert.is((await build(asking("app"), { local, lock })).images.length, 2);
  assert.is((await build(asking("app"), { local, lock, platforms: platforms.slice(0, 1) })).images.length, 1);
});

test("writeLock() writes whole files, and reads them back; what is no file is left alone", async (context) => {
  const { folder, local, add } = await prepare(context);
  await add("app", "1");
  const { lock } = await lockRecipe(asking("app"), local.store);
  const file = join(folder, "a.lock.json");
  await writeLock(file, lock);
  assert.equal(await readLock(file), lock);
  await rejects(writeLock(folder, lock), "FORMAT");
  await rejects(readLock(join(folder, "none.json")), "IO");
});

test("lading resolve --lock, --update and build --lock work on the file beside the recipe", async (context) => {
  const { folder, add } = await prepare(context);
  const cli = await createCli(folder);
  await add("lib", "1");
  await add("app", "1", "lib");
  await writeFile(join(folder, "lading.yaml"), "packages: [app]\n");
  const store = ["--store", "store"];
  assert.match(
    await cli.ok(["resolve", "--lock", ...store]),
    /^\+ package::\/debian::app 1 {2}\(linux\/amd64\)\n\+ .*lib 1/,
  );
  const text = await readFile(join(folder, "lading.lock.json"), "utf8");
  assert.is(await cli.ok(["resolve", ...store, "--lock", "-"]), text);
  const { digest } = await cli.json<{ digest: string }>(["build", "--lock", ...store]);
  await add("lib", "2");
  assert.is(
    (await cli.json<{ digest: string }>(["build", ".", "--lock", "lading.lock.json", ...store])).digest,
    digest,
  );
  assert.is(await cli.ok(["resolve", "--lock", ...store]), "");
  assert.match(
    await cli.ok(["resolve", ".", ...store, "--update", "lib"]),
    /^~ package::\/debian::lib 1 → 2 {2}\(linux\/amd64\)\n$/,
  );
  await writeFile(join(folder, "lading.yaml"), "packages: [lib]\n");
  const { code, stderr } = await cli.lading(["build", "--lock", ...store]);
  assert.is(code, 1);
  assert.match(stderr, /OUTDATED: .*the recipe asks for lib; it no longer asks for app; .*lading resolve --lock/);
  assert.match(await cli.ok(["resolve", "--update", ...store]), /^- package::\/debian::app 1/);
  const mermaid = 'flowchart LR\n  recipe([recipe])\n  p0["lib 2"]\n  recipe --> p0\n';
  assert.is(await cli.ok(["resolve", "--graph", ...store]), mermaid);
  await cli.ok(["resolve", "--graph", "graph.svg", ...store]);
  assert.match(await readFile(join(folder, "graph.svg"), "utf8"), /^<svg [^>]*>.*lib 2.*<\/svg>\n$/s);
  for (const args of [
    ["resolve", "--graph", "lading.yaml"],
    ["build", "a.deb", "--lock"],
    ["resolve", "--lock", "-", "--update"],
    ["resolve", "--lock", "--why", "a"],
  ]) {
    assert.is((await cli.lading([...args, ...store])).code, 2, args.join(" "));
  }
});

test.run();
