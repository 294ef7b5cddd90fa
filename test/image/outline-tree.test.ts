import fc from "fast-check";
import * as assert from "uvu/assert";
import { stackOutlines } from "../../src/image/outline-tree.js";
import { missingRootFiles } from "../../src/image/root-files.js";
import { createTree } from "../../src/image/tree.js";
import type { ListedFile } from "../../src/package/file-list.js";
import { createOutlineBuilder } from "../../src/package/outline.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import { suite } from "../support/suite.js";
import { directory, file, listedFiles, symlink } from "./make.js";
import { listTreeKinds, namesOf } from "./unpack.js";

const test = suite("image/outline-tree");

function outlineOf(files: readonly ListedFile[]) {
  const builder = createOutlineBuilder();
  for (const each of files) builder.add(each);
  const outline = builder.end();
  if (outline === undefined) throw new Error("no outline");
  return outline;
}

async function viewOf(layers: readonly (readonly WriteEntry[])[]) {
  const lists = await Promise.all(layers.map(listedFiles));
  return { view: stackOutlines(lists.map(outlineOf)), lists };
}

const name = fc.constantFrom("a", "b", "c", "etc");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const target = fc.oneof(
  path,
  path.map((to) => `/${to}`),
  path.map((to) => `../${to}`),
);
const entry: fc.Arbitrary<WriteEntry> = fc.oneof(
  path.map((at) => directory(at)),
  path.map((at) => file(at)),
  fc.tuple(path, target).map(([at, to]) => symlink(at, to)),
);
/** A layer that is an archive that lading takes: each path once, none below what is no folder. */
const layer = fc.array(entry, { minLength: 1, maxLength: 6 }).map((entries) => {
  const byPath = new Map(entries.map((each) => [each.path, each]));
  const isUnder = (at: string, other: WriteEntry) => other.type !== "directory" && at.startsWith(`${other.path}/`);
  return [...byPath.values()].filter((each) => ![...byPath.values()].some((other) => isUnder(each.path, other)));
});

test("layers that share no more than folders look from their outlines as they do in full, all others are told apart", async () => {
  let [alike, apart] = [0, 0];
  const property = fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 4 }), async (layers) => {
    const { view, lists } = await viewOf(layers);
    if (view === undefined) {
      apart++;
      return;
    }
    alike++;
    const tree = createTree();
    for (const list of lists) {
      const { replaced, through, changed } = tree.apply(list);
      assert.equal([replaced, through, changed], [[], [], true]);
    }
    const names = namesOf(layers.flat());
    assert.equal(listTreeKinds(view, names), listTreeKinds(tree, names));
    const safely = <T>(call: () => T) => {
      try {
        return call();
      } catch (error) {
        return (error as Error).message;
      }
    };
    assert.equal(
      safely(() => missingRootFiles(view, 0).map((each) => each.path)),
      safely(() => missingRootFiles(tree, 0).map((each) => each.path)),
    );
  });
  await fc.assert(property, { numRuns: 400, seed: 3 });
  assert.ok(alike > 50 && apart > 50, `${alike} alike, ${apart} apart`);
});

const SHARED: readonly (readonly [string, readonly WriteEntry[], readonly WriteEntry[]])[] = [
  ["a file twice", [file("a")], [file("a")]],
  ["a file in the place of a folder", [file("a/b")], [file("a")]],
  ["a folder in the place of a file", [file("a")], [directory("a"), file("b")]],
  ["a path below a symlink", [symlink("a", "b"), directory("b")], [file("a/x")]],
  ["a folder in the place of a symlink", [symlink("a", "b")], [directory("a"), file("c")]],
  ["nothing but folders", [file("a/b")], [directory("a")]],
];

for (const [title, lower, upper] of SHARED) {
  test(`the lists have to be read where layers share ${title}`, async () => {
    assert.is((await viewOf([lower, upper])).view, undefined);
    assert.is((await viewOf([upper, lower])).view, undefined);
  });
}

test("what is put on top is there", async () => {
  const { view } = await viewOf([[file("a/b")]]);
  view?.put(await listedFiles([directory("etc"), file("etc/passwd")]));
  assert.equal([view?.lookup("etc")?.type, view?.lookup("etc/passwd")?.type], ["directory", "file"]);
  assert.is(view?.lookup("etc/group"), undefined);
});

test.run();
