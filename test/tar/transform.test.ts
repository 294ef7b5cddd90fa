import fc from "fast-check";
import * as assert from "uvu/assert";
import type { Entry } from "../../src/tar/entry.js";
import { isTransform, type Transform } from "../../src/tar/transform.js";
import { planTransform } from "../../src/tar/transform-plan.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("tar/transform");

const common = { mode: 0o644, uid: 0, gid: 0, mtime: 1, size: 0 };
const file = (path: string): Entry => ({ ...common, path, type: "file", size: 1 });
const folder = (path: string): Entry => ({ ...common, path, type: "directory" });
const symlink = (path: string, linkpath: string): Entry => ({ ...common, path, type: "symlink", linkpath });
const hardlink = (path: string, linkpath: string): Entry => ({ ...common, path, type: "hardlink", linkpath });

/** `path`, or `path -> target` of links, of what comes out. */
function linesOf(entries: readonly Entry[], transform: Transform): readonly string[] {
  const planned = entries.map(({ path, type, linkpath }) => ({ path, type, target: linkpath }));
  const { before, map } = planTransform(planned, transform);
  const out = [...before, ...entries.flatMap((entry) => map(entry) ?? [])];
  return out.map(({ path, linkpath }) => (linkpath === undefined ? path : `${path} -> ${linkpath}`));
}

const APP = [
  folder("bin"),
  file("bin/a"),
  hardlink("bin/b", "bin/a"),
  symlink("bin/c", "/bin/a"),
  folder("doc"),
  file("doc/a.md"),
];

const CASES: readonly (readonly [title: string, entries: readonly Entry[], transform: Transform, lines: string[]])[] = [
  [
    "puts everything below a folder, whose parents it makes",
    APP,
    { at: "/opt/app" },
    [
      "opt",
      "opt/app",
      "opt/app/bin",
      "opt/app/bin/a",
      "opt/app/bin/b -> opt/app/bin/a",
      "opt/app/bin/c -> /bin/a",
      "opt/app/doc",
      "opt/app/doc/a.md",
    ],
  ],
  ["makes the root directory that folder", [folder(""), file("a")], { at: "opt/" }, ["opt", "opt/a"]],
  ["takes the root for no folder at all", [file("a")], { at: "/", singleId: true }, ["a"]],
  ["takes what matches, with the folders on the way", APP, { include: ["doc/*.md"] }, ["doc", "doc/a.md"]],
  ["leaves out what matches", APP, { exclude: ["*.md", "/bin/c"] }, ["bin", "bin/a", "bin/b -> bin/a", "doc"]],
  ["takes and leaves out", APP, { include: ["bin"], exclude: ["b"] }, ["bin", "bin/a", "bin/c -> /bin/a"]],
  ["chooses before it moves", APP, { at: "/opt", include: ["doc"] }, ["opt", "opt/doc", "opt/doc/a.md"]],
  [
    "gives a file that is left out to its first hard link",
    [file("a"), hardlink("b", "a"), hardlink("c", "b"), hardlink("d", "c")],
    { at: "x", exclude: ["a", "b"] },
    ["x", "x/c", "x/d -> x/c"],
  ],
  [
    "links to the file where the link between is left out",
    [file("a"), hardlink("b", "a"), hardlink("c", "b")],
    { exclude: ["b"] },
    ["a", "c -> a"],
  ],
  ["matches names that are not ASCII as text", [file("\xc3\xa4"), file("b")], { include: ["ä"] }, ["\xc3\xa4"]],
];

for (const [title, entries, transform, lines] of CASES) {
  test(`planTransform() ${title}`, () => assert.equal(linesOf(entries, transform), lines));
}

test("it says why, and gives folders that it makes the time", () => {
  const planned = APP.map(({ path, type }) => ({ path, type }));
  const { reasons, before } = planTransform(planned, { at: "/opt/ä", exclude: ["doc"], singleId: true, epoch: 9 });
  assert.equal(reasons, [
    'its files go below "/opt/ä"',
    "2 of its entries are left out",
    "its owners and permissions are flattened",
  ]);
  assert.equal(
    before.map(({ mtime, mode }) => [mtime, mode]),
    [
      [9, 0o755],
      [9, 0o755],
    ],
  );
});

test("isTransform() tells whether anything changes", () => {
  for (const transform of [undefined, {}, { at: "/" }, { include: [], exclude: [] }, { singleId: false, epoch: 1 }]) {
    assert.not(isTransform(transform));
  }
  for (const transform of [{ at: "a" }, { include: ["a"] }, { exclude: ["a"] }, { singleId: true }]) {
    assert.ok(isTransform(transform));
  }
});

for (const at of ["..", "/a/../b", "a\0b"]) {
  test(`${JSON.stringify(at)} is no folder to put files at`, () => {
    assert.match(throws(() => planTransform([], { at }), "SYNTAX").message, /^Cannot place files at/);
  });
}

test("to choose nothing is refused", () => {
  throws(() => linesOf(APP, { include: ["nothing"] }), "NOT_FOUND");
  throws(() => linesOf(APP, { exclude: ["*"] }), "NOT_FOUND");
});

test("whatever is chosen, hard links name an earlier file that is there, and no path comes twice", () => {
  const path = fc.constantFrom("a", "b", "c", "d", "e");
  const links = fc.uniqueArray(fc.tuple(path, path), { selector: ([name]) => name, maxLength: 5 });
  fc.assert(
    fc.property(links, fc.subarray(["a", "b", "c", "d", "e"]), (pairs, exclude) => {
      const entries: Entry[] = [];
      for (const [name, target] of pairs) {
        const isLink = entries.some((entry) => entry.path === target);
        entries.push(isLink ? hardlink(name, target) : file(name));
      }
      const kept = entries.filter((entry) => !exclude.includes(entry.path));
      if (kept.length === 0) return;
      const out = linesOf(entries, { exclude });
      const seen = new Set<string>();
      for (const line of out) {
        const [name = "", target] = line.split(" -> ");
        assert.not(seen.has(name));
        if (target !== undefined) assert.ok(seen.has(target), out.join(", "));
        seen.add(name);
      }
      assert.equal([...seen].sort(), kept.map((entry) => entry.path).sort());
    }),
  );
});

test.run();
