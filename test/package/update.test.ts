import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { listPackages, showPackage } from "../../src/package/catalog.js";
import { createPackage } from "../../src/package/create.js";
import { importPackages } from "../../src/package/import.js";
import { parseNamespace, readNamespace, writeNamespace } from "../../src/package/namespace.js";
import { downloadPackage, type PackageChanges, replacePackage, updatePackage } from "../../src/package/update.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { rejects, throws } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { createPlace, names, tarGzWith, writePackage } from "./files.js";

const test = suite("package/update");

const DOCUMENT = {
  fqn: "package::/prod/pkg::package-A",
  version: "1",
  provides: ["runtime=a", "runtime=a-1"],
  dependencies: ["os=linux"],
  environment: { PATH: "/a/bin:$PATH", OLD: "x" },
};

async function createA(context: TestContext) {
  const place = await createPlace(context);
  const path = await writePackage(place.folder, "a.tar.gz", tarGzWith("a"), DOCUMENT);
  await importPackages(place.store, [path]);
  return { ...place, path };
}

test("updatePackage() changes what a package says, and leaves its layer and everything else", async (context) => {
  const { store } = await createA(context);
  const before = await showPackage(store, "package-A");
  const updated = await updatePackage(store, "package-A", {
    description: "a tool",
    provides: ["runtime=a-1.0", "runtime=a"],
    depends: ["jq (>= 1.6)"],
    environment: { NEW: "y", PATH: "/b:$PATH" },
    remove: { provides: ["runtime.a-1"], depends: ["os.linux"], environment: ["OLD"] },
  });
  assert.equal([updated.status, updated.before], ["updated", before]);
  const now = await showPackage(store, "package-A");
  assert.equal(now, updated.package);
  assert.equal(
    [now.provides, now.dependencies, now.environment, now.description],
    [
      [
        { type: "runtime", name: "a" },
        { type: "runtime", name: "a-1.0" },
      ],
      [{ anyOf: [{ type: "package", name: "jq", range: { operator: ">=", version: "1.6" } }] }],
      { PATH: "/b:$PATH", NEW: "y" },
      "a tool",
    ],
  );
  assert.equal([now.fqn, now.version, now.layer], [before.fqn, before.version, before.layer]);
  assert.is((await listPackages(store)).length, 1);
  assert.is((await updatePackage(store, "package-A", { provides: ["runtime=a"] })).status, "unchanged");
});

test("a new name or version takes the place of the old one, unless another package has it", async (context) => {
  const { store, folder } = await createA(context);
  await updatePackage(store, "/prod/pkg::package-A", { name: "package-B", version: "2" });
  assert.equal(names(await listPackages(store)), ["package::/prod/pkg::package-B 2"]);
  const other = { ...DOCUMENT, fqn: "package::/prod/pkg::package-C", version: "2" };
  await importPackages(store, [await writePackage(folder, "c.tar.gz", tarGzWith("c"), other)]);
  const taken = await rejects(updatePackage(store, "package-B", { name: "package-C" }), "EXISTS");
  assert.match(
    taken.message,
    /^Cannot rename package::\/prod\/pkg::package-B 2: .*package-C 2 is there already; --override/,
  );
  assert.is((await listPackages(store)).length, 2);
  await updatePackage(store, "package-B", { name: "package-C" }, { override: true });
  assert.equal(names(await listPackages(store)), ["package::/prod/pkg::package-C 2"]);
});

test("what makes no sense is refused, and changes nothing", async (context) => {
  const { store } = await createA(context);
  const before = await listPackages(store);
  const wrong: readonly (readonly [PackageChanges, RegExp])[] = [
    [{ name: "/other::package-A" }, /names a namespace, expected a local name; export and import it to move it/],
    [{ name: "../x" }, /part/],
    [{ provides: ["rutime=x"] }, /probably runtime/],
    [{ environment: { "1A": "x" } }, /variable's name/],
    [{ remove: { provides: ["runtime=none"] } }, /it has no capability .*none/],
    [{ remove: { depends: ["none"] } }, /it has no dependency .*none/],
    [{ remove: { environment: ["NONE"] } }, /sets no variable "NONE"/],
  ];
  for (const [changes, why] of wrong) {
    assert.match((await rejects(updatePackage(store, "package-A", changes), "SYNTAX")).message, why);
  }
  await rejects(updatePackage(store, "none", { version: "2" }), "NOT_FOUND");
  assert.equal(await listPackages(store), before);
});

test("replacePackage() changes what a package holds, and nothing that it says", async (context) => {
  const { store, folder, path } = await createA(context);
  const before = await showPackage(store, "package-A");
  const from = await writePackage(folder, "new.tar.gz", tarGzWith("new"));
  const { status, package: now } = await replacePackage(store, "package-A", from);
  assert.is(status, "updated");
  assert.is.not(now.layer.diffId, before.layer.diffId);
  assert.equal(await listPackages(store), [await showPackage(store, "package-A")]);
  assert.equal({ ...now, layer: before.layer, manifest: before.manifest }, before);
  assert.is((await replacePackage(store, "package-A", from)).status, "unchanged");
  await writeFile(join(folder, "bad"), "no tarball");
  assert.match((await rejects(replacePackage(store, "package-A", join(folder, "bad")), "FORMAT")).message, /bad/);
  assert.is((await replacePackage(store, "package-A", path)).package.manifest.digest, before.manifest.digest);
});

test("downloadPackage() gives the tarball that was imported", async (context) => {
  const { store, folder } = await createA(context);
  const to = join(folder, "out/a.tar.gz");
  const { size, path } = await downloadPackage(store, "package-A", to);
  assert.equal([path, size], [to, tarGzWith("a").byteLength]);
  assert.ok((await readFile(to)).equals(tarGzWith("a")));
  await rejects(downloadPackage(store, "package-A", folder), "FORMAT");
  await rejects(downloadPackage(store, "none", to), "NOT_FOUND");
});

test("a store has a current namespace, in which bare names stand", async (context) => {
  const { store, folder } = await createA(context);
  assert.is(await readNamespace(store), "/");
  assert.is(await writeNamespace(store, "/acme/pkg"), "/acme/pkg");
  assert.is(await readNamespace(store), "/acme/pkg");
  for (const text of ["acme", "", "/a/../b", "/a::b", "package::/a"]) throws(() => parseNamespace(text), "SYNTAX");
  await rejects(writeNamespace(store, "acme"), "SYNTAX");
  assert.is(await readNamespace(store), "/acme/pkg");
  assert.is(await readNamespace(createMemoryStore()), "/");
  await rejects(writeNamespace(createMemoryStore(), "/a"), "UNSUPPORTED");
  const from = await writePackage(folder, "new.tar.gz", tarGzWith("new"));
  const made = await createPackage(store, { name: "package-A", from }, { namespace: "/acme/pkg" });
  assert.is(made.package.fqn, "package::/acme/pkg::package-A");
  await rejects(showPackage(store, "package-A"), "AMBIGUOUS");
  for (const namespace of ["/acme/pkg", "/prod/pkg"]) {
    assert.is((await showPackage(store, "package-A", { namespace })).fqn, `package::${namespace}::package-A`);
  }
  await rejects(showPackage(store, "package-A", { namespace: "/else" }), "AMBIGUOUS");
});

test.run();
