import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { createFilter, parseIgnoreFile } from "../../src/tar/filter.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("tar/filter");

/** A trailing `/` marks a directory. */
const accepts = (ignore: readonly string[], path: string, include: readonly string[] = []) =>
  createFilter({ ignore, include }).accepts(path.replace(/\/$/, ""), path.endsWith("/"));

const TREE = [
  "a",
  "a.o",
  "b/",
  "b/a",
  "b/a.o",
  "b/c/",
  "b/c/a",
  "b/.a",
  "build/",
  "build/x",
  "src/",
  "src/build/",
  "src/build/x",
];
const MORE = [
  "src/a.o",
  "#x",
  "!y",
  "{p,q}",
  "p",
  "s t",
  "b/c/d/",
  "b/c/d/a",
  "node_modules/",
  "node_modules/k",
  "node_modules/l",
];
const PATHS = [...TREE, ...MORE];

const LISTS: readonly (readonly [ignore: readonly string[], left: readonly string[]])[] = [
  [["a"], ["a", "b/a", "b/c/a", "b/c/d/a"]],
  [["/a"], ["a"]],
  [["b/a"], ["b/a"]],
  [["*.o"], ["a.o", "b/a.o", "src/a.o"]],
  [
    ["*.o", "!b/a.o"],
    ["a.o", "src/a.o"],
  ],
  [["*.o", "!a.o"], []],
  [
    ["!a.o", "*.o"],
    ["a.o", "b/a.o", "src/a.o"],
  ],
  [["build/"], ["build/", "build/x", "src/build/", "src/build/x"]],
  [["/build/"], ["build/", "build/x"]],
  [["a/"], []],
  [
    ["build", "!build/x"],
    ["build/", "build/x", "src/build/", "src/build/x"],
  ],
  [["node_modules/*", "!node_modules/k"], ["node_modules/l"]],
  [["b/**"], ["b/a", "b/a.o", "b/c/", "b/c/a", "b/.a", "b/c/d/", "b/c/d/a"]],
  [["b/**/a"], ["b/a", "b/c/a", "b/c/d/a"]],
  [["**/c"], ["b/c/", "b/c/a", "b/c/d/", "b/c/d/a"]],
  [["b/*"], ["b/a", "b/a.o", "b/c/", "b/c/a", "b/.a", "b/c/d/", "b/c/d/a"]],
  [["b/?"], ["b/a", "b/c/", "b/c/a", "b/c/d/", "b/c/d/a"]],
  [["[!b-z]"], ["a", "b/a", "b/c/a", "b/c/d/a"]],
  [["\\#x"], ["#x"]],
  [["\\!y"], ["!y"]],
  [["{p,q}"], ["{p,q}"]],
  [["+(p)"], []],
  [["A"], []],
  [["*", "!*/", "!*.o"], PATHS.filter((path) => !path.endsWith("/") && !path.endsWith(".o"))],
];

for (const [ignore, left] of LISTS) {
  test(`createFilter() leaves out what git would for ${JSON.stringify(ignore)}`, () => {
    assert.equal(
      PATHS.filter((path) => !accepts(ignore, path)),
      left,
    );
  });
}

const git = spawnSync("git", ["--version"]).status === 0 ? undefined : "git";
test.needs(git, "the expected lists are git's own", async (context) => {
  const folder = await tempFolder(context);
  spawnSync("git", ["init", "-q"], { cwd: folder });
  for (const path of PATHS.filter((each) => !each.endsWith("/"))) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), "");
  }
  for (const [ignore, left] of LISTS) {
    await writeFile(join(folder, ".git/info/exclude"), ignore.join("\n"));
    const input = PATHS.filter((each) => !each.endsWith("/")).join("\0");
    const { stdout } = spawnSync("git", ["check-ignore", "--no-index", "-z", "--stdin"], { cwd: folder, input });
    const found = stdout.toString().split("\0").filter(Boolean).sort();
    assert.equal(found, left.filter((each) => !each.endsWith("/")).toSorted(), JSON.stringify(ignore));
  }
});

test("createFilter() takes globs of include from the root, with all below them", () => {
  assert.equal(
    PATHS.filter((path) => accepts([], path, ["*.o", "b/c"])),
    ["a.o", "b/c/", "b/c/a", "b/c/d/", "b/c/d/a"],
  );
  assert.equal(
    PATHS.filter((path) => accepts(["d"], path, ["./b/c/"])),
    ["b/c/", "b/c/a"],
  );
});

test("createFilter() enters only where something may be taken", () => {
  const filter = createFilter({ include: ["b/*/d", "src"], ignore: ["build"] });
  const asked = ["", "b", "b/c", "b/c/d", "b/c/e", "b/c/d/x", "src", "src/x", "src/build", "src/build/x", "z"];
  assert.equal(
    asked.filter((path) => filter.enters(path)),
    ["", "b", "b/c", "b/c/d", "b/c/d/x", "src", "src/x"],
  );
  assert.ok(filter.accepts("", true));
});

test("createFilter() refuses globs that are empty, too long or hold a NUL, and too many", () => {
  for (const glob of ["", "/", "!", "!/", "./", "a\0b", "a".repeat(1025)]) {
    throws(() => createFilter({ ignore: [glob] }), "SYNTAX");
  }
  throws(() => createFilter({ include: [""] }), "SYNTAX");
  throws(() => createFilter({ ignore: new Array(10_001).fill("a") }), "TOO_LARGE");
});

test("createFilter() takes no longer for globs made to be slow", () => {
  const ignore = ["*a".repeat(500), `${"**/a/".repeat(200)}b`, "*?".repeat(500), `${"[!b]*".repeat(200)}b`];
  const filter = createFilter({ ignore });
  const start = performance.now();
  assert.ok(filter.accepts("a".repeat(255)));
  assert.ok(filter.accepts(`${"a/".repeat(1000)}c`));
  assert.ok(performance.now() - start < 2000);
});

test("parseIgnoreFile() reads lines, without comments and blanks at the end", () => {
  const text = "\ufeff# one\r\n*.o  \r\n\r\n!keep.o\t\n\\#x\n a\nb\\ \n  \n/c/";
  assert.equal(parseIgnoreFile(text), ["*.o", "!keep.o", "\\#x", " a", "b\\ ", "/c/"]);
  assert.equal(parseIgnoreFile(""), []);
  assert.not.ok(accepts(parseIgnoreFile("s\\ t\nb\\ "), "s t"));
  assert.not.ok(accepts(parseIgnoreFile("b\\ "), "b "));
});

test.run();
