import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { entryPath, isPlainName, whiteoutOf } from "../../src/tar/path.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("tar/path");

const PATHS: readonly (readonly [raw: string, path: string, isPlain: boolean])[] = [
  ["a", "a", true],
  ["./a", "a", true],
  ["a/", "a", true],
  ["./a/b/", "a/b", true],
  [".", "", true],
  ["./", "", true],
  ["/", "", false],
  ["//", "", false],
  ["/a/b", "a/b", false],
  ["a//b", "a/b", false],
  ["a/./b", "a/b", false],
  ["a/.", "a", false],
  ["././a", "a", false],
  [".//a", "a", false],
  ["a//", "a", false],
  ["..a/b../...", "..a/b../...", true],
  [".a", ".a", true],
  ["a/.b", "a/.b", true],
];

for (const [raw, path, isPlain] of PATHS) {
  test(`entryPath() takes ${raw} as "${path}"`, () => {
    assert.is(entryPath(raw, true), path);
    assert.is(isPlainName(raw, path), isPlain);
  });
}

for (const raw of ["..", "../", "a/..", "a/../b", "/..", "./..", "a/b/../../..", "", "a\0b"]) {
  test(`entryPath() refuses ${JSON.stringify(raw)}`, () => {
    throws(() => entryPath(raw, true), "UNSAFE_ENTRY");
  });
}

const part = fc.constantFrom("", ".", "..", "a", "bc", ".wh.a", "...", "\xff");
const raws = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join("/"));

test("entryPath() gives a path that it takes as it is, or lading's error", () => {
  fc.assert(
    fc.property(raws, fc.boolean(), (raw, isDirectory) => {
      try {
        const path = entryPath(raw, isDirectory);
        assert.is(path, path === "" ? "" : entryPath(path, isDirectory));
        const parts = raw.split("/").filter((component) => component !== "" && component !== ".");
        assert.is(path, parts.join("/"));
        assert.not(parts.includes(".."));
      } catch (error) {
        if (error instanceof Error && !isLadingError(error)) throw error;
      }
    }),
  );
});

test("whiteoutOf() says what is hidden", () => {
  assert.equal(whiteoutOf("a/.wh.b", true), { kind: "remove", path: "a/b" });
  assert.equal(whiteoutOf(".wh.b", true), { kind: "remove", path: "b" });
  assert.equal(whiteoutOf("a/.wh..wh..opq", true), { kind: "opaque", path: "a" });
  assert.equal(whiteoutOf(".wh..wh..opq", true), { kind: "opaque", path: "" });
  assert.is(whiteoutOf("a/b.wh.c", true), undefined);
  assert.is(whiteoutOf("b.wh.c/d", true), undefined);
  throws(() => whiteoutOf(".wh..wh.plnk", true), "UNSAFE_ENTRY");
});

test.run();
