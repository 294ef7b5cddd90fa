import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFile, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { LadingError } from "../../src/errors.js";
import { readPackage } from "../../src/package/artifact.js";
import { listPackages, showPackage } from "../../src/package/catalog.js";
import { type ImportedPackage, importPackages } from "../../src/package/import.js";
import { inFile, openPackageSource } from "../../src/package/store-package.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { corpus } from "../stream/pieces.js";
import { debOf } from "../support/deb.js";
import { archive, file } from "../support/hostile-tar.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { createPlace, names, tarGzWith, writeNamed, writePackage } from "./files.js";

const test = suite("package/import");

const statuses = (imported: readonly ImportedPackage[]) => imported.map(({ status }) => status);

test("importPackages() takes tarballs and Debian packages, and lists them whole", async (context) => {
  const { folder, store } = await createPlace(context);
  const ruby = await writePackage(folder, "ruby.tar.gz", tarGzWith("ruby"));
  const document = { fqn: "package::/lang::ruby", version: "3", provides: [{ type: "runtime", name: "ruby" }] };
  await writeFile(join(folder, "ruby.json"), JSON.stringify(document));
  const demo = await writePackage(folder, "demo.deb", debOf());
  const seen: string[] = [];
  const imported = await importPackages(store, [ruby, demo], { onImport: ({ path }) => seen.push(path) });
  assert.equal(statuses(imported), ["imported", "imported"]);
  assert.equal(
    imported.map(({ path }) => path),
    [ruby, demo],
  );
  assert.equal(seen.sort(), [demo, ruby].sort());
  assert.equal(names(await listPackages(store)), ["package::/debian::demo amd64 1.0-1", "package::/lang::ruby 3"]);
  const shown = await showPackage(store, "demo");
  assert.match(shown.control ?? "", /^Package: demo\n/);
  assert.equal(await readPackage(store, shown.manifest), shown);
  assert.equal(
    imported.map((each) => each.package.layer.normalized),
    [[], []],
  );
});

test("importing again changes nothing, byte for byte", async (context) => {
  const { folder, store, list } = await createPlace(context);
  const paths = [await writeNamed(folder, "a"), await writeNamed(folder, "b")];
  await importPackages(store, paths);
  const before = await list();
  assert.equal(statuses(await importPackages(store, paths)), ["unchanged", "unchanged"]);
  assert.equal(await list(), before);
});

test("the order of files changes no package", async (context) => {
  const { folder } = await createPlace(context);
  const paths = [await writeNamed(folder, "a"), await writeNamed(folder, "b"), await writeNamed(folder, "c")];
  const manifests = async (order: readonly string[]) => {
    const store = createMemoryStore();
    await importPackages(store, order, { jobs: 1 });
    return (await listPackages(store)).map(({ manifest }) => manifest.digest);
  };
  assert.equal(await manifests(paths), await manifests([...paths].reverse()));
});

test("another package of the same name and version is refused, replaced, or left, as the options say", async (context) => {
  const { folder, store } = await createPlace(context);
  const path = await writeNamed(folder, "a", { version: "1" });
  await importPackages(store, [path]);
  const first = await showPackage(store, "a");
  await writePackage(folder, "a.tar.gz", tarGzWith("other"));
  const error = await rejects(importPackages(store, [path]), "EXISTS");
  assert.is(error.detail.name, "package::/::a 1");
  assert.match(error.message, /^Cannot import ".*a\.tar\.gz": package::\/::a 1: .*; --override replaces it, --skip/);
  assert.equal(await showPackage(store, "a"), first);
  assert.equal(statuses(await importPackages(store, [path], { skipExisting: true })), ["skipped"]);
  assert.equal(await showPackage(store, "a"), first);
  assert.equal(statuses(await importPackages(store, [path], { override: true })), ["replaced"]);
  const [second, ...others] = await listPackages(store);
  assert.equal(others, []);
  assert.is.not(second?.manifest.digest, first.manifest.digest);
});

test("another version, or another architecture, is another package", async (context) => {
  const { folder, store } = await createPlace(context);
  for (const more of [{}, { version: "1" }, { version: "2" }, { version: "2", architecture: "arm64" }]) {
    const path = await writeNamed(folder, "a", more);
    assert.equal(statuses(await importPackages(store, [path], { skipExisting: true })), ["imported"]);
  }
  assert.equal(names(await listPackages(store)), [
    "package::/::a",
    "package::/::a 1",
    "package::/::a 2",
    "package::/::a arm64 2",
  ]);
});

test("one bad file of many keeps all others out of the list", async (context) => {
  const { folder, store } = await createPlace(context);
  await importPackages(store, [await writeNamed(folder, "before")]);
  const good = [await writeNamed(folder, "a"), await writeNamed(folder, "b"), await writeNamed(folder, "c")];
  const bad = await writePackage(folder, "bad.tar.gz", gzipSync(archive(file("../x", "x"))), { name: "bad" });
  for (const paths of [
    [...good, bad],
    [bad, ...good],
  ]) {
    await rejects(importPackages(store, paths), "UNSAFE_ENTRY");
    assert.equal(names(await listPackages(store)), ["package::/::before"]);
  }
});

test("two files that are one package with other content cannot both be meant; the same file twice can", async (context) => {
  const { folder, store } = await createPlace(context);
  const one = await writePackage(folder, "1.tar.gz", tarGzWith("1"), { name: "a" });
  const two = await writePackage(folder, "2.tar.gz", tarGzWith("2"), { name: "a" });
  const error = await rejects(importPackages(store, [one, two]), "EXISTS");
  assert.match(error.message, /1\.tar\.gz" is package::\/::a too, with other content; name one of them$/);
  assert.equal(await listPackages(store), []);
  const same = await writePackage(folder, "3.tar.gz", tarGzWith("1"), { name: "a" });
  assert.equal(statuses(await importPackages(store, [one, one, same])), ["imported", "imported"]);
});

const KINDS: readonly (readonly [string, string, Uint8Array, RegExp])[] = [
  ["a zip archive", "a.tar.gz", Buffer.from("PK\x03\x04rest"), /a zip archive/],
  ["a page of HTML", "a.deb", Buffer.from("<!DOCTYPE html><title>404</title>"), /an HTML page/],
  ["empty", "a.deb", Buffer.alloc(0), /an empty file/],
  ["an ELF executable", "a.tar", Buffer.from("\x7fELF\x02\x01\x01"), /an ELF executable/],
  ["an RPM", "a.deb", Buffer.from("edabeedb03000000", "hex"), /an RPM package/],
  ["text", "a.tar.gz", Buffer.from("hello\n"), /text/],
  ["zeros that are too few for a tar", "a.tar", Buffer.alloc(100), /nothing but zeros/],
  ["a bare tarball", "a.tar.gz", tarGzWith("x"), /a gzip stream.*; `lading package create` makes a package of/],
  ["a bare tar", "a.tar", archive(file("a", "x")), /a tar archive.*; `lading package create` makes a package of/],
];

for (const [what, name, bytes, pattern] of KINDS) {
  test(`a file that is ${what} is refused as what it is`, async (context) => {
    const { folder, store, list } = await createPlace(context);
    const path = await writePackage(folder, name, bytes);
    const error = await rejects(importPackages(store, [path]), "FORMAT");
    assert.match(error.message, pattern);
    assert.ok(error.message.startsWith(`Cannot import "${path}": it is `), error.message);
    assert.equal(await list(), []);
  });
}

test("what is no file at all is refused too", async (context) => {
  const { folder, store } = await createPlace(context);
  assert.match((await rejects(importPackages(store, [folder]), "FORMAT")).message, /it is a folder, wanted a file/);
  assert.is((await rejects(importPackages(store, [join(folder, "absent.deb")]), "IO")).detail.errno, "ENOENT");
  execFileSync("mkfifo", [join(folder, "pipe.deb")]);
  await rejects(importPackages(store, [join(folder, "pipe.deb")]), "FORMAT");
  await symlink("nowhere", join(folder, "link.deb"));
  await rejects(importPackages(store, [join(folder, "link.deb")]), "IO");
});

test("a symlink to a package is that package", async (context) => {
  const { folder, store } = await createPlace(context);
  await writeNamed(folder, "a");
  await symlink("a.tar.gz", join(folder, "b.tar.gz"));
  await symlink("a.tar.gz.json", join(folder, "b.tar.gz.json"));
  await importPackages(store, [join(folder, "b.tar.gz")]);
  assert.equal(names(await listPackages(store)), ["package::/::a"]);
});

const hex = (algorithm: string, bytes: Uint8Array | string) => createHash(algorithm).update(bytes).digest("hex");

test("claims that hold are accepted; one that does not leaves the store as it was, and names the file", async (context) => {
  const { folder, store, list } = await createPlace(context);
  const bytes = tarGzWith("x");
  const right = { length: bytes.length, sha1: hex("sha1", bytes), digest: `sha256:${hex("sha256", bytes)}` };
  await importPackages(store, [await writePackage(folder, "a.tar.gz", bytes, { name: "a", resource: right })]);
  const before = await list();
  for (const resource of [
    { sha1: hex("sha1", "x") },
    { digest: `sha256:${hex("sha256", "x")}` },
    { sha512: hex("sha512", "x") },
    { length: bytes.length - 1 },
  ]) {
    for (const content of [bytes, archive(file("a", "uncompressed"))]) {
      const path = await writePackage(folder, "b.tar.gz", content, { name: "b", resource });
      const error = await rejects(importPackages(store, [path]), "DIGEST_MISMATCH");
      assert.ok(error.message.startsWith(`Cannot accept "${path}": its `), error.message);
      assert.equal(await list(), before);
    }
    const path = await writePackage(folder, "c.deb", debOf(), { resource });
    await rejects(importPackages(store, [path]), "DIGEST_MISMATCH");
    assert.equal(await list(), before);
  }
});

test("a .deb whose file is not what its md5sums say leaves the store as it was", async (context) => {
  const { folder, store, list } = await createPlace(context);
  await importPackages(store, [await writeNamed(folder, "before")]);
  const before = await list();
  const path = await writePackage(folder, "a.deb", debOf({ md5sums: `${hex("md5", "other")}  usr/bin/demo\n` }));
  assert.is((await rejects(importPackages(store, [path]), "DIGEST_MISMATCH")).detail.what, "usr/bin/demo");
  assert.equal(await list(), before);
});

test("a document that is wrong names itself and the file", async (context) => {
  const { folder, store, list } = await createPlace(context);
  const path = await writePackage(folder, "a.tar.gz", tarGzWith("x"), { name: "a", provide: [] });
  const error = await rejects(importPackages(store, [path]), "SYNTAX");
  assert.match(error.message, /a\.tar\.gz\.json/);
  assert.match(error.message, /provide/);
  assert.equal(await list(), []);
});

const CHANGES: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  ["grows", (path) => appendFile(path, "more")],
  ["is rewritten", async (path) => writeFile(path, await readFile(path))],
  [
    "is replaced",
    async (path) => {
      await writeFile(`${path}.new`, await readFile(path));
      await rename(`${path}.new`, path);
    },
  ],
  ["goes away", (path) => rm(path)],
];

for (const [what, change] of CHANGES) {
  test(`a file that ${what} while it is read is no package`, async (context) => {
    const { folder, store, list } = await createPlace(context);
    await importPackages(store, [await writeNamed(folder, "before")]);
    const before = await list();
    const noise = createHash("shake256", { outputLength: 2_000_000 }).update("x").digest().toString("latin1");
    const path = await writePackage(folder, "a.tar.gz", gzipSync(archive(file("a", noise))), { name: "a" });
    let changing: Promise<void> | undefined;
    const onBytes = () => {
      changing ??= change(path);
    };
    await rejects(importPackages(store, [path], { onBytes }), "CHANGED");
    await changing;
    assert.equal(await list(), before);
  });
}

test("a signal stops an import, and leaves the store as it was", async (context) => {
  const { folder, store, list } = await createPlace(context);
  await importPackages(store, [await writeNamed(folder, "before")]);
  const before = await list();
  const path = await writePackage(
    folder,
    "a.tar.gz",
    gzipSync(archive(file("a", corpus(1_000_000).toString("latin1")))),
    {
      name: "a",
    },
  );
  const controller = new AbortController();
  const { signal } = controller;
  const error = await importPackages(store, [path], { signal, onBytes: () => controller.abort() }).catch(
    (e: Error) => e,
  );
  assert.is((error as Error).name, "AbortError");
  assert.equal(await list(), before);
});

test("an import into a folder that holds something else ends, and touches nothing", async (context) => {
  const { folder, layout, store, list } = await createPlace(context);
  const path = await writeNamed(folder, "a");
  await mkdir(layout);
  await writeFile(join(layout, "thesis.txt"), "years of work");
  const before = await list();
  await rejects(importPackages(store, [path]), "EXISTS");
  assert.equal(await list(), before);
});

test("openPackageSource() tells what is in a file without storing it", async (context) => {
  const folder = await tempFolder(context);
  const { metadata, claims, identity } = await openPackageSource(await writeNamed(folder, "a", { version: "7" }));
  assert.equal([metadata.fqn, metadata.version, claims], ["package::/::a", "7", {}]);
  assert.match(identity, /^\d+:\d+:\d+:\d+:\d+$/);
});

test("inFile() says of which file an error speaks, once", () => {
  const detail = { what: "x", why: "y" };
  const message = (text: string, path = "a", action?: string) =>
    (inFile(new LadingError("CORRUPT", text, detail), path, action) as Error).message;
  assert.is(message("Cannot read it: y"), 'Cannot import "a": cannot read it: y');
  assert.is(message('Cannot read "a": y'), 'Cannot read "a": y');
  assert.is(message("Cannot import b: y"), 'Cannot import "a": b: y');
  assert.is(message("Cannot read it: y", "c", "build from"), 'Cannot build from "c": cannot read it: y');
  const other = new Error("x");
  assert.is(inFile(other, "a"), other);
});

test.run();
