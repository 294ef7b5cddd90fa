import * as assert from "uvu/assert";
import { missingRootFiles, settleEntries, toListedFile } from "../../src/image/root-files.js";
import { createTree } from "../../src/image/tree.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import { suite } from "../support/suite.js";
import { directory, file, listedFiles, symlink } from "./make.js";

const test = suite("image/root-files");

async function treeOf(...layers: readonly (readonly WriteEntry[])[]) {
  const tree = createTree();
  for (const layer of layers) tree.apply(await listedFiles(layer));
  return tree;
}

const pathsOf = (entries: readonly WriteEntry[]) => entries.map(({ path }) => path);

test("an empty root gets standard folders and the files that runtimes write over", async () => {
  const entries = missingRootFiles(await treeOf(), 5);
  const modes = new Map(entries.map(({ path, mode }) => [path, mode.toString(8)]));
  for (const path of ["bin", "lib", "sbin"]) assert.not.ok(modes.has(path), "that is for packages to decide");
  assert.equal(
    ["dev", "etc", "proc", "sys", "tmp", "usr", "var/tmp", "root", "etc/passwd"].map((path) => modes.get(path)),
    ["755", "755", "755", "755", "1777", "755", "1777", "700", "644"],
  );
  assert.ok(entries.every(({ uid, gid, mtime }) => uid === 0 && gid === 0 && mtime === 5));
});

test("what is there is left alone", async () => {
  const tree = await treeOf([
    directory("tmp", 0o700),
    directory("etc"),
    file("etc/passwd", "x"),
    symlink("run", "var/run"),
  ]);
  const paths = pathsOf(missingRootFiles(tree, 0));
  for (const path of ["tmp", "etc", "etc/passwd", "run"]) assert.not.ok(paths.includes(path), path);
  assert.ok(paths.includes("etc/group"));
  tree.apply(missingRootFiles(tree, 0).map(toListedFile));
  assert.equal(missingRootFiles(tree, 0), []);
});

test("what leads through a symlink is written where it leads, with its folders", async () => {
  const tree = await treeOf([
    symlink("var", "data/var"),
    symlink("etc", "usr/etc"),
    directory("usr"),
    directory("usr/etc"),
  ]);
  const paths = pathsOf(missingRootFiles(tree, 0));
  assert.equal(
    paths.filter((path) => path.startsWith("data")),
    ["data", "data/var", "data/var/tmp"],
  );
  assert.ok(paths.includes("usr/etc/passwd"));
  assert.not.ok(paths.some((path) => path.startsWith("etc/")));
});

test("nothing is put below a file", async () => {
  const paths = pathsOf(missingRootFiles(await treeOf([file("etc"), file("var")]), 0));
  assert.equal(
    paths.filter((path) => /^(etc|var)/.test(path)),
    [],
  );
});

test("settleEntries() gives each folder once, parents first", async () => {
  const tree = await treeOf([directory("a")]);
  const entries = settleEntries(tree, [file("a/b/c/x"), file("a/b/c/y"), file("z")], 0);
  assert.equal(pathsOf(entries), ["a/b", "a/b/c", "a/b/c/x", "a/b/c/y", "z"]);
});

test.run();
