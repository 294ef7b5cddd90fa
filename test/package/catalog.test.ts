import * as assert from "uvu/assert";
import { CATALOG_ANNOTATION, packageTag } from "../../src/package/artifact.js";
import { deletePackages, describePackage, findPackages, listPackages, showPackage } from "../../src/package/catalog.js";
import { importPackages } from "../../src/package/import.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { putImage } from "../support/image.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { createPlace, names, tarGzWith, writePackage } from "./files.js";

const test = suite("package/catalog");

const DOCUMENTS = [
  { fqn: "package::/acme/dev::tools", version: "1.0" },
  { fqn: "package::/acme/dev::tools", version: "2.0" },
  { fqn: "package::/::tools", version: "1.0" },
  { fqn: "package::/::c++ lib" },
  { fqn: "package::/::lib", version: "1:2-3", architecture: "amd64" },
  { fqn: "package::/::lib", version: "1:2-3", architecture: "arm64", description: "a library\nof code" },
];

/** A store with these packages, and an image, which is none. */
async function createStocked(context: TestContext) {
  const { folder, store, layout } = await createPlace(context);
  const paths = DOCUMENTS.map((document, at) => writePackage(folder, `${at}.tar.gz`, tarGzWith(String(at)), document));
  await importPackages(store, await Promise.all(paths));
  await store.tag([{ name: "an-image", descriptor: await putImage(store, [Buffer.from("layer")]) }]);
  return { store, layout };
}

test("listPackages() gives packages alone, sorted by full name, version and architecture", async (context) => {
  const { store } = await createStocked(context);
  const packages = await listPackages(store);
  assert.equal(names(packages), [
    "package::/::c++ lib",
    "package::/::lib amd64 1:2-3",
    "package::/::lib arm64 1:2-3",
    "package::/::tools 1.0",
    "package::/acme/dev::tools 1.0",
    "package::/acme/dev::tools 2.0",
  ]);
  assert.equal(
    packages.flatMap(({ description }) => description ?? []),
    ["a library"],
  );
  assert.equal(await listPackages(createMemoryStore()), []);
});

const SPELLINGS: readonly (readonly [string, number])[] = [
  ["tools", 3],
  ["tools=1.0", 2],
  ["tools=2.0", 1],
  ["/acme/dev::tools", 2],
  ["/acme/dev::tools=2.0", 1],
  ["package::/acme/dev::tools", 2],
  ["package::/acme/dev::tools=1.0", 1],
  ["/::tools", 1],
  ["package::/::tools=1.0", 1],
  ["c++ lib", 1],
  ["/::c++ lib", 1],
  ["lib", 2],
  ["lib=1:2-3", 2],
  ["lib:arm64", 1],
  ["lib:arm64=1:2-3", 1],
  ["package::/::lib:amd64=1:2-3", 1],
];

test("findPackages() knows every spelling of a name", async (context) => {
  const { store } = await createStocked(context);
  for (const [name, count] of SPELLINGS) assert.is((await findPackages(store, name)).length, count, name);
});

test("findPackages() reports what fits nothing, and what is near it", async (context) => {
  const { store } = await createStocked(context);
  for (const name of [
    "tool",
    "tools=3",
    "acme/dev::tools",
    "/acme::tools",
    "lib:riscv64",
    "TOOLS",
    "",
    "::",
    "tools=",
  ]) {
    const error = await rejects(findPackages(store, name), "NOT_FOUND");
    assert.equal(error.detail, { what: "package", name });
  }
  const { message } = await rejects(findPackages(store, "libs"), "NOT_FOUND");
  assert.match(message, /: import it first; near it are package::\/::lib, package::\/::lib$/);
});

test("showPackage() gives the whole of one, or names the candidates by what tells them apart", async (context) => {
  const { store } = await createStocked(context);
  assert.is((await showPackage(store, "lib:arm64")).description, "a library\nof code");
  const { detail, message } = await rejects(showPackage(store, "lib"), "AMBIGUOUS");
  assert.equal(detail.candidates, ["package::/::lib:amd64=1:2-3", "package::/::lib:arm64=1:2-3"]);
  assert.match(message, /; name one of them in full$/);
  for (const candidate of detail.candidates) assert.is((await showPackage(store, candidate)).name, "lib");
});

test("showPackage() takes a name in full for the package without a version", async (context) => {
  const { folder, store } = await createPlace(context);
  const paths = [
    await writePackage(folder, "1.tar.gz", tarGzWith("1"), { name: "a" }),
    await writePackage(folder, "2.tar.gz", tarGzWith("2"), { name: "a", version: "2" }),
  ];
  await importPackages(store, paths);
  const { candidates } = (await rejects(showPackage(store, "a"), "AMBIGUOUS")).detail;
  assert.equal(candidates, ["package::/::a", "package::/::a=2"]);
  assert.is((await showPackage(store, "package::/::a")).version, undefined);
});

test("deletePackages() takes all that a name means out of the list, or nothing", async (context) => {
  const { store } = await createStocked(context);
  await rejects(deletePackages(store, ["lib:amd64", "absent"]), "NOT_FOUND");
  assert.is((await listPackages(store)).length, 6);
  const several = ["/acme/dev::tools", "lib:amd64", "tools=1.0"];
  const { candidates } = (await rejects(deletePackages(store, several), "AMBIGUOUS")).detail;
  assert.equal(candidates, ["package::/acme/dev::tools=1.0", "package::/acme/dev::tools=2.0"]);
  assert.is((await listPackages(store)).length, 6);
  const deleted = await deletePackages(store, several, { all: true });
  assert.equal(names(deleted), [
    "package::/::lib amd64 1:2-3",
    "package::/::tools 1.0",
    "package::/acme/dev::tools 1.0",
    "package::/acme/dev::tools 2.0",
  ]);
  assert.equal(names(await listPackages(store)), ["package::/::c++ lib", "package::/::lib arm64 1:2-3"]);
  assert.ok(deleted[0] && (await store.has(deleted[0].manifest)), "content stays until it is collected");
  assert.is((await store.resolve("an-image")).artifactType, undefined);
});

test("a package that is listed under other names too is one package, and goes with all of them", async (context) => {
  const { store } = await createStocked(context);
  const lib = await showPackage(store, "lib:arm64");
  const descriptor = await store.resolve(packageTag(lib));
  await store.tag([
    { name: "mine", descriptor },
    { name: "yours", descriptor },
  ]);
  await store.untag([packageTag(lib)]);
  assert.is((await findPackages(store, "lib:arm64")).length, 1);
  await deletePackages(store, ["lib:arm64"]);
  await rejects(findPackages(store, "lib:arm64"), "NOT_FOUND");
  await rejects(store.resolve("mine"), "NOT_FOUND");
});

const LINES = [undefined, "", "{", "null", "[]", "{}", '{"fqn":"package::/::lib"}', '{"layer":{"diffId":"x"}}'];

test("a line of the catalog that cannot be used does not hide its package: the package itself tells", async (context) => {
  const { store } = await createStocked(context);
  const before = await showPackage(store, "lib:arm64");
  const { annotations: _annotations, ...descriptor } = await store.resolve(packageTag(before));
  for (const line of LINES) {
    const damaged = line === undefined ? descriptor : { ...descriptor, annotations: { [CATALOG_ANNOTATION]: line } };
    await store.tag([{ name: packageTag(before), descriptor: damaged }]);
    assert.equal(await showPackage(store, "lib:arm64"), before, line ?? "none");
  }
});

test("a store whose folder is not there lists no package", async (context) => {
  const store = createLayoutStore(`${await tempFolder(context)}/absent`);
  assert.equal(await listPackages(store), []);
});

test("describePackage() says what people write", () => {
  assert.is(describePackage({ fqn: "package::/::a" }), "package::/::a");
  assert.is(describePackage({ fqn: "package::/::a", version: "1" }), "package::/::a 1");
});

test.run();
