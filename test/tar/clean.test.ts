import * as assert from "uvu/assert";
import { createCleanCheck } from "../../src/tar/clean.js";
import {
  archive,
  directory,
  file,
  hardlink,
  long,
  member,
  pax,
  record,
  symlink,
  V7_MAGIC,
} from "../support/hostile-tar.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { check } from "./read.js";

const test = suite("tar/clean");

const CLEAN: readonly (readonly [string, Buffer])[] = [
  ["nothing at all", archive()],
  ["GNU long names", archive(long(`${"a/".repeat(120)}b\0`), file("x"))],
  ["pax headers", archive(pax(record("mtime", "1.5") + record("path", "b")), file("x"))],
  ["a leading ./", archive(directory("./"), file("./a"))],
  ["owners below 65536", archive(member({ uid: 65_535, gid: 1 }))],
  ["missing parents", archive(file("a/b/c"), file("a/d"), directory("a/"), file("a/e"))],
  ["entries of one directory in several places", archive(file("a/b"), file("c/d"), file("a/e"))],
  ["v7 headers", archive(member({ typeflag: "\0", magic: V7_MAGIC }))],
  ["links", archive(file("a"), hardlink("b", "a"), symlink("c", "/x/y"), symlink("d/e", "../a"))],
];

for (const [title, bytes] of CLEAN) {
  test(`createCleanCheck() finds ${title} clean`, () => {
    const { clean, reasons, warnings, dropped } = check(bytes);
    assert.equal({ clean, reasons, warnings, dropped }, { clean: true, reasons: [], warnings: [], dropped: [] });
  });
}

test("createCleanCheck() counts findings of a kind and names the first", () => {
  const { reasons } = check(
    archive(member({ name: "a", uid: 70_000 }), member({ name: "b", gid: 70_000 }), file("/c")),
  );
  assert.equal(reasons, ['an owner is not between 0 and 65535: "a" and 1 more', 'a name begins with a slash: "c"']);
});

test("createCleanCheck() gives the places of replaced entries in ascending order", () => {
  const { dropped, entries } = check(
    archive(file("a"), file("b"), file("c"), file("c"), file("a"), file("b"), file("a")),
  );
  assert.equal(dropped, [0, 1, 2, 4]);
  assert.is(entries, 7);
});

test("createCleanCheck() refuses to replace a file that a hard link names", () => {
  throws(() => check(archive(file("a", "1"), hardlink("b", "a"), file("a", "2"))), "UNSAFE_ENTRY");
  assert.equal(check(archive(file("a"), hardlink("b", "a"), hardlink("b", "a"))).dropped, [1]);
});

test("createCleanCheck() keeps a directory that was replaced and came back a directory", () => {
  throws(() => check(archive(directory("d/"), file("d/x"), directory("d/"), file("d"))), "UNSAFE_ENTRY");
  throws(() => check(archive(directory("d/"), file("d"), file("d/x"))), "UNSAFE_ENTRY");
  throws(() => check(archive(file("d/x/y"), symlink("d/x", "/"))), "UNSAFE_ENTRY");
});

test("createCleanCheck() has no result before the end", () => {
  try {
    createCleanCheck().result();
    assert.unreachable();
  } catch (error) {
    assert.instance(error, TypeError);
  }
});

test.run();
