import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { dpkgDatabase, installedPackage } from "../../src/image/dpkg.js";
import { createTree } from "../../src/image/tree.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { collect } from "../../src/stream/bytes.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import { missing, output } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { addPackage, directory, file, listedFiles, symlink } from "./make.js";

const test = suite("image/dpkg");

const control = (name: string, more = "") =>
  `Package: ${name}\nVersion: 1.0-1\nArchitecture: amd64\nMaintainer: Nobody <nobody@example.org>\n${more}Description: the ${name}\n Two lines.\n`;

async function installed(name: string, text = control(name), entries: readonly WriteEntry[] = []) {
  const store = createMemoryStore();
  const added = await addPackage(store, name, entries, { ecosystem: "debian", control: text });
  const found = await installedPackage(store, added, {});
  if (found === undefined) throw new Error(`${name} is not Debian's`);
  return found;
}

async function treeOf(...entries: readonly WriteEntry[]) {
  const tree = createTree();
  tree.apply(await listedFiles(entries));
  return tree;
}

async function textsOf(entries: readonly WriteEntry[]): Promise<ReadonlyMap<string, string>> {
  const texts = entries.map(async ({ path, open }) => {
    const bytes = open === undefined ? Buffer.from("") : await collect(open(), 1 << 20);
    return [path, bytes.toString("latin1")] as const;
  });
  return new Map(await Promise.all(texts));
}

test("there is none without a package of Debian's", async () => {
  assert.equal(dpkgDatabase(await treeOf(), [], 0), []);
});

test("packages are sorted, installed, and separated", async () => {
  const packages = [await installed("b"), await installed("a")];
  const texts = await textsOf(dpkgDatabase(await treeOf(), packages, 0));
  const status = texts.get("var/lib/dpkg/status") ?? "";
  assert.equal(
    status.split("\n\n").map((paragraph) => paragraph.split("\n").slice(0, 2)),
    [
      ["Package: a", "Status: install ok installed"],
      ["Package: b", "Status: install ok installed"],
    ],
  );
  assert.ok(status.endsWith("\n") && !status.endsWith("\n\n"));
  const turned = await textsOf(dpkgDatabase(await treeOf(), packages.toReversed(), 0));
  assert.equal([...turned], [...texts]);
});

test("the list of a package that may be there for several architectures has the architecture in its name", async () => {
  const shared = await installed("libx", control("libx", "Multi-Arch: same\n"), [
    directory(""),
    directory("usr"),
    file("usr/caf\xc3\xa9"),
  ]);
  const plain = await installed("tool", control("tool", "Multi-Arch: foreign\n"));
  const texts = await textsOf(dpkgDatabase(await treeOf(), [shared, plain], 0));
  assert.is(texts.get("var/lib/dpkg/info/libx:amd64.list"), "/.\n/usr\n/usr/caf\xc3\xa9\n");
  assert.is(texts.get("var/lib/dpkg/info/tool.list"), "");
  assert.is(texts.get("var/lib/dpkg/info/format"), "1\n");
});

test("the folders on the way come first, where they are missing, and symlinks are followed", async () => {
  const tree = await treeOf(directory("var"), symlink("var/lib", "../usr/state"), directory("usr"));
  const paths = dpkgDatabase(tree, [await installed("a")], 0).map(({ path }) => path);
  assert.equal(paths.slice(0, 4), ["usr/state", "usr/state/dpkg", "usr/state/dpkg/status", "usr/state/dpkg/available"]);
});

const BASES: readonly (readonly [title: string, entries: readonly WriteEntry[]])[] = [
  ["a database", [file("var/lib/dpkg/status")]],
  ["a database of one file for each package", [directory("var/lib/dpkg/status.d")]],
];

for (const [title, entries] of BASES) {
  test(`a base image's ${title} stays as it is`, async () => {
    const tree = await treeOf(directory("var"), directory("var/lib"), directory("var/lib/dpkg"), ...entries);
    const texts = await textsOf(dpkgDatabase(tree, [await installed("a"), await installed("b")], 0));
    const files = [...texts.keys()].filter((path) => path !== "var/lib/dpkg/status.d");
    assert.equal(files, ["var/lib/dpkg/status.d/a", "var/lib/dpkg/status.d/b"]);
    assert.match(texts.get("var/lib/dpkg/status.d/a") ?? "", /^Package: a\nStatus: install ok installed\nVersion/);
  });
}

test.needs(missing("dpkg-query"), "dpkg-query lists the packages and their files", async (context) => {
  const folder = await tempFolder(context);
  const shared = await installed("libx", control("libx", "Multi-Arch: same\n"), [
    directory("usr"),
    file("usr/libx.so"),
  ]);
  const texts = await textsOf(dpkgDatabase(await treeOf(), [shared, await installed("tool")], 0));
  for (const [path, text] of texts) {
    if (!/dpkg\/.*[a-z]$/.test(path) || path.endsWith("/info")) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text, "latin1");
  }
  const query = (...args: readonly string[]) =>
    output("dpkg-query", [`--admindir=${join(folder, "var/lib/dpkg")}`, ...args]);
  const format = `${["binary:Package", "Version", "db:Status-Abbrev"].map((field) => `$${`{${field}}`}`).join(" ")}\n`;
  assert.is(await query("-W", "-f", format), "libx:amd64 1.0-1 ii \ntool 1.0-1 ii \n");
  assert.is(await query("-L", "libx"), "/usr\n/usr/libx.so\n");
  assert.match(await query("-S", "/usr/libx.so"), /^libx:amd64: /);
});

test.run();
