import { execFileSync } from "node:child_process";
import { chmod, link, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { listPackages, showPackage } from "../../src/package/catalog.js";
import { createPackage } from "../../src/package/create.js";
import { readFileList } from "../../src/package/file-list.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { collect } from "../../src/stream/bytes.js";
import { archive, file } from "../support/hostile-tar.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { createPlace, names, tarGzWith, writePackage } from "./files.js";

const test = suite("package/create");

/** A folder of three files, one of them executable, written in this order. */
async function makeApp(context: TestContext, order: readonly string[], mode: number, time: number): Promise<string> {
  const folder = await tempFolder(context);
  await mkdir(join(folder, "srv"));
  for (const name of order) {
    const path = join(folder, "srv", name);
    await writeFile(path, `content of ${name}`);
    await chmod(path, name === "run" ? mode | 0o100 : mode);
    await utimes(path, time, time);
  }
  await link(join(folder, "srv/a"), join(folder, "srv/same"));
  await symlink("a", join(folder, "srv/link"));
  return folder;
}

test("a folder gives the same package whatever its umask, order and times were", async (context) => {
  const from = [
    await makeApp(context, ["a", "b", "run"], 0o644, 1),
    await makeApp(context, ["run", "b", "a"], 0o600, 1_600_000_000),
  ];
  const digests = new Set<string>();
  for (const folder of from) {
    const store = createMemoryStore();
    const { package: pkg } = await createPackage(store, { name: "app", from: folder });
    digests.add(pkg.manifest.digest);
    const files = (await readFileList(store, pkg.layer.files)).map(({ path, type, mode, target }) =>
      [path, type, mode.toString(8), target].filter(Boolean).join(" "),
    );
    assert.equal(files, [
      "srv directory 755",
      "srv/a file 644",
      "srv/b file 644",
      "srv/link symlink 777 a",
      "srv/run file 755",
      "srv/same hardlink 644 srv/a",
    ]);
  }
  assert.is(digests.size, 1);
});

test("the epoch is the time of a folder's entries", async (context) => {
  const folder = await makeApp(context, ["a"], 0o644, 1);
  const store = createMemoryStore();
  const plain = await createPackage(store, { name: "app", from: folder });
  const dated = await createPackage(createMemoryStore(), { name: "app", from: folder }, { epoch: 1_000_000_000 });
  assert.is.not(dated.package.layer.diffId, plain.package.layer.diffId);
  const tar = gunzipSync(await collect(store.open(plain.package.layer.descriptor), 1_000_000));
  assert.is(tar.toString("latin1", 136, 148), "00000000000\0");
});

test("a tarball keeps what it says, byte for byte where it is clean", async (context) => {
  const { folder, store } = await createPlace(context);
  const bytes = tarGzWith("x");
  const from = await writePackage(folder, "app.tar.gz", bytes);
  const created = await createPackage(store, { name: "app", from });
  assert.is(created.package.layer.descriptor.digest, digestOf(bytes));
  assert.equal([created.status, created.path, created.warnings], ["imported", from, []]);
  const plain = await writePackage(folder, "plain.tar", archive(file("a", "x")));
  const other = await createPackage(store, { name: "other", from: plain });
  assert.equal(other.package.layer.normalized, ["it is not compressed: gzip is wanted"]);
});

test("createPackage() says of the package what was asked for", async (context) => {
  const { folder, store } = await createPlace(context);
  const from = await writePackage(folder, "app.tar.gz", tarGzWith("x"));
  await createPackage(store, {
    name: "/acme::app",
    from,
    version: "1.2",
    architecture: "x86_64",
    os: "linux",
    description: "an app",
    provides: ["runtime=app"],
    depends: ["os=linux", "jq (>= 1.6)"],
    environment: { PATH: "/srv/bin:$PATH" },
  });
  const { manifest: _manifest, layer: _layer, ...metadata } = await showPackage(store, "app");
  assert.equal(metadata, {
    fqn: "package::/acme::app",
    name: "app",
    version: "1.2",
    architecture: "amd64",
    os: "linux",
    description: "an app",
    ecosystem: "apcera",
    provides: [{ type: "runtime", name: "app" }],
    dependencies: [
      { anyOf: [{ type: "os", name: "linux" }] },
      { anyOf: [{ type: "package", name: "jq", range: { operator: ">=", version: "1.6" } }] },
    ],
    conflicts: [],
    environment: { PATH: "/srv/bin:$PATH" },
    tags: {},
  });
  for (const name of ["app", "/acme::app", "package::/acme::app"]) {
    const { package: pkg } = await createPackage(createMemoryStore(), { name, from });
    assert.is(pkg.fqn, name === "app" ? "package::/::app" : "package::/acme::app");
  }
});

test("what was said wrongly is refused before anything is written", async (context) => {
  const { folder, store, list } = await createPlace(context);
  const from = await writePackage(folder, "app.tar.gz", tarGzWith("x"));
  for (const wrong of [
    { name: "" },
    { name: "../app" },
    { name: "app", depends: ["jq >= 1"] },
    { name: "app", architecture: "vax9000" },
    { name: "app", environment: { "A B": "x" } },
  ]) {
    await rejects(createPackage(store, { from, ...wrong }), "SYNTAX");
  }
  assert.is(
    (await rejects(createPackage(store, { name: "a", from: join(folder, "no") }), "IO")).detail.errno,
    "ENOENT",
  );
  assert.equal(await list(), []);
});

test("what cannot be a layer is refused, and leaves the store as it was", async (context) => {
  const { folder, store, list } = await createPlace(context);
  await createPackage(store, { name: "before", from: await writePackage(folder, "app.tar.gz", tarGzWith("x")) });
  const before = await list();
  const pipes = await makeApp(context, ["a"], 0o644, 1);
  execFileSync("mkfifo", [join(pipes, "srv/pipe")]);
  const fifo = await rejects(createPackage(store, { name: "app", from: pipes }), "UNSAFE_ENTRY");
  assert.match(fifo.message, `Cannot make a package of "${pipes}": cannot take "srv/pipe" into a layer: it is a FIFO`);
  const page = await writePackage(folder, "page.tar.gz", Buffer.from("<!doctype html>"));
  await rejects(createPackage(store, { name: "app", from: page }), "FORMAT");
  assert.equal(await list(), before);
});

test("the same again is unchanged; something else needs an option", async (context) => {
  const { folder, store, list } = await createPlace(context);
  const from = await writePackage(folder, "app.tar.gz", tarGzWith("1"));
  const pkg = { name: "app", from };
  await createPackage(store, pkg);
  const before = await list();
  assert.is((await createPackage(store, pkg)).status, "unchanged");
  assert.equal(await list(), before);
  await writePackage(folder, "app.tar.gz", tarGzWith("2"));
  await rejects(createPackage(store, pkg), "EXISTS");
  assert.is((await createPackage(store, pkg, { skipExisting: true })).status, "skipped");
  assert.is((await createPackage(store, pkg, { override: true })).status, "replaced");
  assert.equal(names(await listPackages(store)), ["package::/::app"]);
  assert.is((await showPackage(store, "app")).layer.descriptor.digest, digestOf(tarGzWith("2")));
});

test("names that are not UTF-8 get into the layer as they are", async (context) => {
  const folder = await tempFolder(context);
  await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe])]), "x");
  const store = createMemoryStore();
  const { package: pkg } = await createPackage(store, { name: "app", from: folder });
  assert.equal(
    (await readFileList(store, pkg.layer.files)).map(({ path }) => path),
    ["\xff\xfe"],
  );
});

test.run();
