import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { differenceOf, type OpenImage, readContent, type Sameness } from "../../bench/content.js";
import { encodeHeader } from "../../src/tar/encode.js";
import { suite } from "../support/suite.js";

const test = suite("bench/content");

/** Path -> content; a path that ends in `/` is a folder, a content of `-> x` a symlink. */
type Files = Readonly<Record<string, string>>;

function tarOf(files: Files): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const common = { mode: 0o644, uid: 0, gid: 0, mtime: 0 };
    if (name.endsWith("/")) return [encodeHeader({ ...common, path: name.slice(0, -1), type: "directory", size: 0 })];
    const link = /^(->|=>) (.*)$/.exec(content);
    const type = link?.[1] === "->" ? "symlink" : "hardlink";
    if (link) return [encodeHeader({ ...common, path: name, type, linkpath: link[2] ?? "", size: 0 })];
    const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
    return [encodeHeader({ ...common, path: name, type: "file", size: content.length }), Buffer.from(content), padding];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function imageOf(layers: readonly Files[], claimed?: string): OpenImage {
  return {
    layers: layers.map((files) => {
      const tar = tarOf(files);
      const stored = gzipSync(tar);
      const diffId = `sha256:${createHash("sha256").update(tar).digest("hex")}`;
      async function* open() {
        for (let at = 0; at < stored.length; at += 100) yield stored.subarray(at, at + 100);
      }
      return { claimed: claimed ?? diffId, size: stored.length, open };
    }),
  };
}

async function compare(ours: readonly Files[], theirs: readonly Files[], sameness: Sameness) {
  const read = (layers: readonly Files[]) => readContent(imageOf(layers), { tree: sameness === "tree" });
  return differenceOf(await read(ours), await read(theirs), sameness);
}

const A = { "a/x": "one" };
const B = { "a/y": "two" };
const OWN = { "etc/": "", "etc/passwd": "root" };

const CASES: readonly (readonly [string, readonly Files[], readonly Files[], Sameness, RegExp | undefined])[] = [
  ["the same layers", [A, B], [A, B], "layers", undefined],
  ["a layer of ours on top", [A, B, OWN], [A, B], "layers", undefined],
  ["two more layers", [A, B, OWN, OWN], [A, B], "layers", /ours has 4 layers, theirs 2/],
  ["a layer less", [A], [A, B], "layers", /ours has 1 layers, theirs 2/],
  ["another order", [A, B], [B, A], "layers", /layer 1 is sha256/],
  ["other content of the same size", [{ "a/x": "eno" }], [A], "layers", /layer 1 is sha256/],
  ["one layer for two", [A, B], [{ ...A, ...B }], "tree", undefined],
  ["folders that are only implied", [A], [{ "a/": "", ...A }], "tree", undefined],
  ["a name that begins with ./", [{ "./a/x": "one" }], [A], "tree", undefined],
  ["a hard link the other way round", [{ x: "one", y: "=> x" }], [{ y: "one", x: "=> y" }], "tree", undefined],
  ["a path that ours lacks", [A], [A, B], "tree", /"a\/y" is absent in ours, file 3 in theirs/],
  ["a path that theirs lacks", [A, B, OWN], [A], "tree", /"a\/y" and 0 more are only in ours/],
  ["another size", [{ "a/x": "more" }], [A], "tree", /"a\/x" is file 4 in ours, file 3 in theirs/],
  ["a file for a symlink", [{ x: "-> y" }], [{ x: "y" }], "tree", /"x" is symlink y in ours, file 1 in theirs/],
  ["ours holds theirs", [A, B], [B], "contains", undefined],
  ["ours does not hold theirs", [A], [B], "contains", /is only in theirs/],
];

for (const [title, ours, theirs, sameness, wanted] of CASES) {
  test(`differenceOf() by ${sameness}: ${title}`, async () => {
    const found = await compare(ours, theirs, sameness);
    if (wanted === undefined) assert.is(found, undefined);
    else assert.match(found ?? "nothing", wanted);
  });
}

test("readContent() refuses an image that is not what it says", async () => {
  const error = await readContent(imageOf([A], `sha256:${"0".repeat(64)}`)).catch((reason: Error) => reason);
  assert.match(String(error), /layer 1 is said to be sha256:0+, and is sha256:/);
});

test.run();
