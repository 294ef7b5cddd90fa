import { lstat, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { openBase } from "../../src/image/base.js";
import { composeImage } from "../../src/image/compose.js";
import type { Layer } from "../../src/image/layer-plan.js";
import { squashLayers } from "../../src/image/squash.js";
import { verifyImage } from "../../src/image/verify.js";
import { createMemoryCache } from "../../src/store/cache.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { decompress } from "../../src/stream/codec.js";
import type { LayerFormat } from "../../src/tar/layer-format.js";
import { scanTar } from "../../src/tar/scan.js";
import { missing } from "../support/programs.js";
import { type Draft, file, folder, hardlink, putStack, symlink } from "../support/stack.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { AMD64, NO_SETTINGS } from "./make.js";
import { listKinds, unpack } from "./unpack.js";

const test = suite("image/squash", { deadlineMs: 180_000 });

type Drafts = readonly (readonly Draft[])[];

/** The layers of an image of these. */
async function layersOf(store: Store, drafts: Drafts): Promise<readonly Layer[]> {
  const base = await openBase(store, "stack", await putStack(store, drafts), AMD64);
  return base.layers.map((layer, index) => ({ ...layer, createdBy: `lading: ${index}` }));
}

/** `type path`, with content or target, of a layer, in its order. */
async function linesOf(store: Store, { descriptor }: Layer): Promise<readonly string[]> {
  const lines: string[] = [];
  let text = "";
  const compression = descriptor.mediaType.endsWith("gzip") ? "gzip" : "zstd";
  await scanTar(decompress(store.open(descriptor), compression), {
    entry({ path, type, linkpath }) {
      text = "";
      lines.push([type, path, linkpath].filter((part) => part !== undefined).join(" "));
    },
    data(chunk) {
      text += Buffer.from(chunk).toString("latin1");
    },
    endEntry() {
      if (text !== "") lines.push(`${lines.pop()} = ${text}`);
    },
  });
  return lines;
}

async function squashed(drafts: Drafts, hasBelow: boolean): Promise<readonly string[]> {
  const store = createMemoryStore();
  return await linesOf(store, await squashLayers(store, await layersOf(store, drafts), { hasBelow }));
}

const CASES: readonly (readonly [title: string, drafts: Drafts, alone: string[], above?: string[]])[] = [
  [
    "keeps what the last layer has of each path",
    [[folder("a"), file("a/x", "1"), file("a/y", "2")], [file("a/x", "3")]],
    ["directory a", "file a/y = 2", "file a/x = 3"],
  ],
  [
    "drops what a whiteout hides",
    [[file("a", "1"), file("b", "2")], [file(".wh.a")]],
    ["file b = 2"],
    ["file .wh.a", "file b = 2"],
  ],
  [
    "keeps what comes after a whiteout, and hides what is below all",
    [[folder("d"), file("d/a", "1")], [file(".wh.d")], [folder("d"), file("d/b", "2")]],
    ["directory d", "file d/b = 2"],
    ["directory d", "file d/.wh..wh..opq", "file d/b = 2"],
  ],
  [
    "resolves an opaque folder",
    [
      [folder("d"), file("d/a", "1")],
      [folder("d"), file("d/.wh..wh..opq"), file("d/b", "2")],
    ],
    ["directory d", "file d/b = 2"],
    ["directory d", "file d/.wh..wh..opq", "file d/b = 2"],
  ],
  [
    "hides what is below a folder that was something else for a while",
    [[file("d", "1")], [file("d/x", "2")]],
    ["directory d", "file d/x = 2"],
    ["directory d", "file d/.wh..wh..opq", "file d/x = 2"],
  ],
  [
    "gives a replaced file's content to the hard link that is left",
    [[file("a", "1"), hardlink("b", "a"), hardlink("c", "a")], [file("a", "2")]],
    ["file b = 1", "file a = 2", "hardlink c b"],
  ],
  ["links to a file of a lower layer", [[file("a", "1")], [hardlink("b", "a")]], ["file a = 1", "hardlink b a"]],
  [
    "writes through a symlink, whiteouts too",
    [
      [symlink("bin", "usr/bin"), file("usr/bin/x", "1"), file("usr/bin/y", "2")],
      [file("bin/.wh.x"), file("bin/z", "3")],
    ],
    ["symlink bin usr/bin", "file usr/bin/y = 2", "file usr/bin/z = 3"],
    ["symlink bin usr/bin", "file usr/bin/.wh.x", "file usr/bin/y = 2", "file usr/bin/z = 3"],
  ],
  ["puts a file in the place of a folder", [[folder("a"), file("a/x", "1")], [file("a", "2")]], ["file a = 2"]],
  [
    "needs no whiteout below one",
    [[file("d/.wh.x")], [file(".wh.d")], [file("e", "1")]],
    ["file e = 1"],
    ["file .wh.d", "file e = 1"],
  ],
];

for (const [title, drafts, alone, above = alone] of CASES) {
  test(`squashLayers() ${title}`, async () => {
    assert.equal(await squashed(drafts, false), alone);
    assert.equal(await squashed(drafts, true), above);
  });
}

const STACK: Drafts = CASES.flatMap(([, drafts], at) =>
  drafts.map((layer) =>
    layer.map((draft) => {
      const moved = { ...draft, path: `${at}/${draft.path}` };
      return draft.type === "hardlink" ? { ...moved, target: `${at}/${draft.target}` } : moved;
    }),
  ),
);
/** Digests that no machine, Node or day may change. */
const GOLDEN: Readonly<Record<LayerFormat["type"], string>> = {
  gzip: "sha256:a95d4c93dafe1e92128d5cc22fe4f7e755fca83caba5f6407f5e089835177ab9",
  none: "sha256:ffdd8bfa0bdcda18c097fb26ec2362e768d190833708cfe33232032131f5b4ae",
  zstd: "sha256:e0722d618cbe5c1ce6ca21044f9e60a5e630dadddf16edcf0e117e1dc95bf9b1",
  estargz: "sha256:e325b68fdc83d8de4187ce66628f9d3948202ec519ae3aec056752f613ee8076",
  "zstd:chunked": "sha256:977908b37073d7aaf4dc921fed3ccc564b53208d911194e3535706849c61096b",
};

for (const [type, digest] of Object.entries(GOLDEN) as [LayerFormat["type"], string][]) {
  test(`a squashed layer as ${type} is the same everywhere, and every byte of it is right`, async () => {
    const store = createMemoryStore();
    const cache = createMemoryCache();
    const options = { compression: { type }, hasBelow: true, cache };
    const layers = await layersOf(store, STACK);
    const layer = await squashLayers(store, layers, options);
    assert.is(layer.descriptor.digest, digest);
    let opened = 0;
    const open: Store["open"] = (...args) => {
      opened++;
      return store.open(...args);
    };
    const counting: Store = { ...store, open };
    assert.equal(await squashLayers(counting, layers, options), layer);
    assert.is(opened, 0);
    const { descriptor } = await composeImage(store, AMD64, [layer], NO_SETTINGS);
    assert.is((await verifyImage(store, descriptor)).layers, 1);
  });
}

const NAMES = ["a", "b", "c"];
const PATH = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
const DRAFT: fc.Arbitrary<Draft> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(PATH, fc.string({ minLength: 1, maxLength: 3, unit: "grapheme-ascii" }))
      .map(([path, text]) => file(path, text)),
  },
  { weight: 3, arbitrary: fc.tuple(PATH, fc.constantFrom(0o755, 0o700)).map(([path, mode]) => folder(path, { mode })) },
  { weight: 1, arbitrary: PATH.map((path) => symlink(path, "a")) },
  { weight: 2, arbitrary: PATH.map((path) => file(path.replace(/[^/]+$/, ".wh.$&"))) },
  { weight: 1, arbitrary: PATH.map((path) => file(`${path}/.wh..wh..opq`)) },
  { weight: 2, arbitrary: fc.tuple(PATH, PATH).map(([path, target]) => hardlink(path, target)) },
);

/** A layer that a careful writer could have made: each path once, parents are folders, links name files of the layer. */
function honest(drafts: readonly Draft[]): readonly Draft[] {
  const kept = new Map<string, Draft>();
  const parentsOf = (path: string) =>
    path
      .split("/")
      .slice(0, -1)
      .map((_, at, parts) => parts.slice(0, at + 1).join("/"));
  for (const draft of drafts) {
    const { path, type = "file", target = "" } = draft;
    const isParent = [...kept.keys()].some((other) => other.startsWith(`${path}/`));
    const hidden = path.replace(/\.wh\.([^/]+)$/, "$1");
    if (kept.has(path) || kept.has(hidden) || kept.has(path.replace(/[^/]+$/, ".wh.$&"))) continue;
    if (isParent && type !== "directory") continue;
    if (parentsOf(path).some((parent) => kept.has(parent) && kept.get(parent)?.type !== "directory")) continue;
    if (type === "hardlink" && (kept.get(target)?.type ?? "file") !== "file") continue;
    if (type === "hardlink" && (!kept.has(target) || target.includes(".wh."))) continue;
    // A parent that is not written down may be a symlink of a lower layer, through which tools do not go alike.
    for (const parent of parentsOf(path)) if (!kept.has(parent)) kept.set(parent, folder(parent));
    kept.set(path, draft);
  }
  return [...kept.values()];
}

/** Kinds, modes, contents and hard links of all that lies in a folder. */
async function describe(root: string): Promise<readonly string[]> {
  const inodes = new Map<number, string>();
  const lines: string[] = [];
  for (const line of await listKinds(root)) {
    const path = line.split(" ")[1] ?? "";
    const stats = await lstat(join(root, path));
    if (!stats.isFile()) {
      lines.push(
        `${line} ${stats.isSymbolicLink() ? await readlink(join(root, path)) : (stats.mode & 0o7777).toString(8)}`,
      );
      continue;
    }
    const same = inodes.get(stats.ino) ?? path;
    inodes.set(stats.ino, same);
    lines.push(`${line} ${(stats.mode & 0o7777).toString(8)} ${await readFile(join(root, path), "latin1")} ${same}`);
  }
  return lines;
}

test.needs(
  missing("umoci"),
  "what umoci unpacks of random stacks is what it unpacks of them squashed",
  async (context) => {
    const folderPath = await tempFolder(context);
    let number = 0;
    const stacks = fc.array(fc.array(DRAFT, { maxLength: 8 }).map(honest), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(stacks, fc.nat(3), async (drafts, below) => {
        const layout = join(folderPath, `layout-${number++}`);
        const store = createLayoutStore(layout);
        const layers = await layersOf(store, drafts);
        const from = Math.min(below, layers.length - 1);
        const top = await squashLayers(store, layers.slice(from), { hasBelow: from > 0 });
        const whole = await composeImage(store, AMD64, layers, NO_SETTINGS);
        const less = await composeImage(store, AMD64, [...layers.slice(0, from), top], NO_SETTINGS);
        await store.tag([
          { name: "whole", descriptor: whole.descriptor },
          { name: "less", descriptor: less.descriptor },
        ]);
        const wanted = await describe(await unpack(layout, "whole", folderPath));
        assert.equal(await describe(await unpack(layout, "less", folderPath)), wanted);
      }),
      { numRuns: 40, seed: 1 },
    );
  },
);

test("a signal stops it", async () => {
  const store = createMemoryStore();
  const layers = await layersOf(store, [[file("a", "1")], [file("b", "2")]]);
  const error = await squashLayers(store, layers, { signal: AbortSignal.abort() }).catch(
    (caught: Error) => caught.name,
  );
  assert.is(error, "AbortError");
});

test.run();
