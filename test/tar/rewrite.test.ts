import fc from "fast-check";
import * as assert from "uvu/assert";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { type RewriteOptions, rewriteTar } from "../../src/tar/rewrite.js";
import { writeTar } from "../../src/tar/write.js";
import {
  archive,
  base256,
  directory,
  file,
  hardlink,
  long,
  member,
  pax,
  record,
  symlink,
} from "../support/hostile-tar.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { entryLists } from "./archives.js";
import { check, scan } from "./read.js";

const test = suite("tar/rewrite");

const LIMIT = 64 * 1024 * 1024;
const rewrite = (bytes: Uint8Array, options?: RewriteOptions): Promise<Buffer> =>
  collect(rewriteTar(fromBytes(bytes), options), LIMIT);

const UNCLEAN: readonly (readonly [string, Buffer, readonly string[]])[] = [
  ["a path twice", archive(file("a", "old"), file("b"), file("a", "new")), ["b", "a"]],
  ["a directory made a file", archive(directory("a/"), file("a", "x")), ["a"]],
  ["a symlink made a directory", archive(symlink("a", "/etc"), directory("a/"), file("a/b")), ["a", "a/b"]],
  ["a directory twice", archive(directory("a/"), file("a/b"), directory("a/")), ["a/b", "a"]],
  ["absolute names", archive(file("/a/b", "x"), hardlink("/c", "/a/b")), ["a/b", "c"]],
  ["names in a roundabout way", archive(file("a//b"), file("a/./c")), ["a/b", "a/c"]],
  ["a global header", archive(pax(record("comment", "x"), "g"), file("a")), ["a"]],
  ["high owners", archive(member({ name: "a", uid: 100_000, gid: 5 })), ["a"]],
  ["negative owners", archive(member({ name: "a", gid: base256(-2n, 8) })), ["a"]],
  ["contiguous files", archive(member({ name: "a", typeflag: "7" }, "x")), ["a"]],
  ["no closing blocks", file("a", "x"), ["a"]],
  ["data behind the end", Buffer.concat([archive(file("a", "x")), Buffer.from("tail")]), ["a"]],
];

for (const [title, bytes, paths] of UNCLEAN) {
  test(`rewriteTar() makes an archive with ${title} clean`, async () => {
    const before = check(bytes);
    assert.not(before.clean);
    const rewritten = await rewrite(bytes, { dropped: before.dropped });
    const after = check(rewritten);
    assert.equal(after.reasons, []);
    assert.equal(
      scan(rewritten).entries.map(({ path }) => path),
      paths,
    );
    assert.equal(await rewrite(rewritten), rewritten);
  });
}

test("rewriteTar() keeps the last of a path's contents", async () => {
  const bytes = archive(file("a", "old"), file("b", "b"), file("a", "newer"));
  assert.equal(scan(await rewrite(bytes, { dropped: [0] })).contents, ["b", "newer"]);
});

test("case 65, 69, 70: global records are merged, owners set right, setuid and attributes kept", async () => {
  const bytes = archive(
    pax(record("mtime", "99.5") + record("SCHILY.xattr.user.all", "1"), "g"),
    pax(record("SCHILY.xattr.security.capability", "\x01\0")),
    member({ name: "a", mode: 0o4755, uid: 100_000, gid: 7 }),
  );
  const { entries, metas } = scan(await rewrite(bytes));
  assert.equal(entries, [
    {
      path: "a",
      type: "file",
      mode: 0o4755,
      uid: 0,
      gid: 0,
      mtime: 99,
      size: 0,
      xattrs: { "user.all": "1", "security.capability": "\x01\0" },
    },
  ]);
  assert.not(metas[0]?.globalPax);
});

test("rewriteTar() maps and leaves out entries, their contents with them", async () => {
  const bytes = archive(file("a", "1"), file("b", "2".repeat(2000)), file("c", "3"));
  const map: RewriteOptions["map"] = (entry) =>
    entry.path === "b" ? undefined : { ...entry, path: `usr/${entry.path}` };
  const { entries, contents } = scan(await rewrite(bytes, { map }));
  assert.equal(
    entries.map(({ path }) => path),
    ["usr/a", "usr/c"],
  );
  assert.equal(contents, ["1", "3"]);
});

test("rewriteTar() does not let a map change a size", async () => {
  try {
    await rewrite(archive(file("a", "1")), { map: (entry) => ({ ...entry, size: 2 }) });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, RangeError);
  }
});

test("rewriteTar() refuses an archive that is cut off", async () => {
  await rejects(rewrite(file("a", "x".repeat(600)).subarray(0, 1200)), "CORRUPT");
});

test("rewriteTar() turns GNU long names to its own form", async () => {
  const name = `${"d".repeat(200)}/${"n".repeat(200)}`;
  const rewritten = await rewrite(archive(long(`${name}\0`), file("x", "1")));
  assert.is(scan(rewritten).entries[0]?.path, name);
  assert.not(scan(rewritten).metas[0]?.gnuLong);
});

test("rewriteTar() leaves what lading wrote as it is, however it arrives", async () => {
  await fc.assert(
    fc.asyncProperty(entryLists, fc.integer({ min: 1, max: 5000 }), async (entries, size) => {
      const owned = entries.map((entry) => ({ ...entry, uid: entry.uid % 65_536 }));
      const bytes = await collect(writeTar(owned), LIMIT);
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      assert.equal(await collect(rewriteTar(pieces()), LIMIT), bytes);
    }),
    { numRuns: 60 },
  );
});

test.run();
