import * as assert from "uvu/assert";
import { assembleEntries, assemblePackageLayer, packageHistory } from "../../src/image/assemble.js";
import type { PathRewrites } from "../../src/image/layer-plan.js";
import { digestOf } from "../../src/oci/digest.js";
import type { Package } from "../../src/package/package.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { collect } from "../../src/stream/bytes.js";
import { decompress } from "../../src/stream/codec.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import { scanTar } from "../../src/tar/scan.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { addPackage, directory, file, hardlink, symlink, tarOf } from "./make.js";

const test = suite("image/assemble");

/** Paths of a package's layer once it is written through symlinks; links tell their target. */
async function rewritten(entries: readonly WriteEntry[], through: PathRewrites): Promise<readonly string[]> {
  const store = createMemoryStore();
  const { layer } = await addPackage(store, "p", entries);
  const { descriptor, diffId } = await assemblePackageLayer(store, layer, through, "p", {});
  const tar = await collect(decompress(store.open(descriptor), "gzip"), 1 << 20);
  assert.is(digestOf(tar), diffId);
  const lines: string[] = [];
  const source = (async function* () {
    yield tar;
  })();
  await scanTar(source, {
    entry: ({ path, type, linkpath }) => {
      lines.push(linkpath === undefined ? `${type} ${path}` : `${type} ${path} ${linkpath}`);
    },
  });
  return lines;
}

const BIN = { symlink: "bin", folder: "usr/bin" };

const CASES: readonly (readonly [
  title: string,
  entries: readonly WriteEntry[],
  through: PathRewrites,
  lines: string[],
])[] = [
  ["leaves a directory out", [directory("bin"), file("bin/x")], [BIN], ["file usr/bin/x"]],
  [
    "makes a directory at the end of the symlink, where there is none",
    [directory("bin"), file("bin/x")],
    [{ ...BIN, create: true }],
    ["directory usr/bin", "file usr/bin/x"],
  ],
  [
    "moves hard links and what they name",
    [file("bin/x"), hardlink("bin/y", "bin/x"), hardlink("z", "bin/x")],
    [BIN],
    ["file usr/bin/x", "hardlink usr/bin/y usr/bin/x", "hardlink z usr/bin/x"],
  ],
  ["leaves targets of symlinks as they are", [symlink("bin/x", "../lib/x")], [BIN], ["symlink usr/bin/x ../lib/x"]],
  [
    "takes the longest symlink",
    [file("bin/x/y"), file("bin/z")],
    [BIN, { symlink: "bin/x", folder: "opt" }],
    ["file opt/y", "file usr/bin/z"],
  ],
  ["goes to the root", [file("root/x"), directory("root")], [{ symlink: "root", folder: "" }], ["file x"]],
  ["leaves alike names alone", [file("binary/x"), file("usr/bin2")], [BIN], ["file binary/x", "file usr/bin2"]],
];

for (const [title, entries, through, lines] of CASES) {
  test(`assemblePackageLayer() ${title}`, async () => {
    assert.equal(await rewritten(entries, through), lines);
  });
}

test("without a symlink on the way nothing is read", async () => {
  const store = createMemoryStore();
  const { layer } = await addPackage(store, "p", [file("a")]);
  const broken = { ...store, open: () => assert.unreachable("opened") as never };
  const { descriptor } = await assemblePackageLayer(broken, layer, [], "p", {});
  assert.equal(descriptor, layer.descriptor);
});

test("assembleEntries() gives the same layer for any order of entries", async () => {
  const store = createMemoryStore();
  const entries = [directory("a"), file("a/b"), file("a.b"), symlink("c", "a")];
  const one = await assembleEntries(store, entries, "made", {});
  const other = await assembleEntries(store, entries.toReversed(), "made", {});
  assert.equal(other, one);
  const tar = await tarOf([directory("a"), file("a.b"), file("a/b"), symlink("c", "a")]);
  assert.equal([one.diffId, one.uncompressedSize, one.createdBy], [digestOf(tar), tar.byteLength, "made"]);
});

test("a signal stops both", async () => {
  const store = createMemoryStore();
  const { layer } = await addPackage(store, "p", [file("bin/a")]);
  const signal = AbortSignal.abort();
  const nameOf = (promise: Promise<unknown>) => promise.catch((error: Error) => error.name);
  assert.is(await nameOf(assemblePackageLayer(store, layer, [BIN], "p", { signal })), "AbortError");
  assert.is(await nameOf(assembleEntries(store, [file("a")], "x", { signal })), "AbortError");
});

test("a path that is there twice is refused", async () => {
  await rejects(assembleEntries(createMemoryStore(), [file("a"), file("a")], "x", {}), "UNSAFE_ENTRY");
});

test("packageHistory() names the package, and its version if it has one", () => {
  const pkg = { fqn: "package::/::p" } as Package;
  assert.is(packageHistory(pkg), "lading: package::/::p");
  assert.is(packageHistory({ ...pkg, version: "1.0" }), "lading: package::/::p 1.0");
});

test.run();
