import * as assert from "uvu/assert";
import { reportFiles } from "../../src/image/files-report.js";
import { digestOf } from "../../src/oci/digest.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { type Draft, file, folder, hardlink, putStack, symlink } from "../support/stack.js";
import { suite } from "../support/suite.js";

const test = suite("image/files-report");

async function report(layers: readonly (readonly Draft[])[], largest?: number) {
  const store = createMemoryStore();
  return await reportFiles(store, await putStack(store, layers), { largest });
}

test("each path is told with all that is known of it", async () => {
  const { files } = await report([
    [
      folder("d", { mode: 0o1777, uid: 5, gid: 6 }),
      file("d/f", "12", { mode: 0o4755, uid: 7, xattrs: { "user.a": "\xff" } }),
    ],
    [symlink("d/s", "../\xc3\xa9"), hardlink("d/h", "d/f"), { path: "d/p", type: "fifo" }],
  ]);
  const owner = { uid: 0, gid: 0 };
  const digest = digestOf("12");
  const xattrs = { "user.a": "\\xff" };
  assert.equal(files, [
    { path: "/", type: "directory", mode: 0o755, ...owner, size: 0, layer: 0 },
    { path: "/d", type: "directory", mode: 0o1777, uid: 5, gid: 6, size: 0, layer: 0 },
    { path: "/d/f", type: "file", mode: 0o4755, uid: 7, gid: 0, size: 2, digest, xattrs, layer: 0 },
    { path: "/d/h", type: "hardlink", mode: 0o4755, uid: 7, gid: 0, size: 0, digest, target: "/d/f", xattrs, layer: 0 },
    { path: "/d/p", type: "fifo", mode: 0o644, ...owner, size: 0, layer: 1 },
    { path: "/d/s", type: "symlink", mode: 0o644, ...owner, size: 0, target: "../é", layer: 1 },
  ]);
});

test("files come folder by folder, in the order of bytes", async () => {
  const { files } = await report([[file("a-b"), file("a/z"), file("B"), file("a/y"), file("\xc3\xa9")]]);
  assert.equal(
    files.map(({ path }) => path),
    ["/", "/B", "/a", "/a/y", "/a/z", "/a-b", "/é"],
  );
});

test("the largest come first, and of as large ones the first", async () => {
  const layers = [
    [file("a", "1"), file("b", "333"), file("c", "22"), file("d", "333"), folder("e"), hardlink("f", "b")],
  ];
  const { largest, total } = await report(layers, 3);
  assert.equal(
    largest.map(({ path }) => path),
    ["/b", "/d", "/c"],
  );
  assert.equal(total, { count: 4, bytes: 9 });
});

test("contents that are there twice are told, but not hard links and not empty files", async () => {
  const { duplicates, duplicated } = await report([
    [file("a", "same"), file("b", "same"), hardlink("b2", "b"), file("e1"), file("e2"), file("x", "0123456789")],
    [file("c", "same"), file("y", "0123456789"), file("gone", "same"), file("z", "0123456788")],
    [file(".wh.gone")],
  ]);
  assert.equal(
    duplicates,
    [
      { digest: digestOf("0123456789"), size: 10, wasted: 10, paths: ["/x", "/y"] },
      { digest: digestOf("same"), size: 4, wasted: 8, paths: ["/a", "/b", "/c"] },
    ].sort((a, b) => b.wasted - a.wasted),
  );
  assert.equal(duplicated, { count: 3, bytes: 18 });
});

test("what is only in a lower layer does not count", async () => {
  const { total, wasted } = await report([[file("a", "12345")], [file("a", "1")]]);
  assert.equal(total, { count: 1, bytes: 1 });
  assert.equal(wasted, { count: 1, bytes: 5 });
});

test.run();
