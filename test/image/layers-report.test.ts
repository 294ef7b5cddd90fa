import * as assert from "uvu/assert";
import { type LayerReport, reportLayers } from "../../src/image/layers-report.js";
import type { LayerEffect } from "../../src/image/rootfs.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { putImage } from "../support/image.js";
import { rejects } from "../support/rejects.js";
import { type Draft, file, folder, hardlink, layerOf, putStack, symlink } from "../support/stack.js";
import { suite } from "../support/suite.js";

const test = suite("image/layers-report");

/** What is not 0: `adds 2/30` is two of 30 bytes. */
function show(effect: LayerEffect): string {
  const tallies = ["adds", "replaces", "repeats", "keeps", "removes", "wasted"] as const;
  const counts = ["whiteouts", "opaques"] as const;
  return [
    ...tallies.flatMap((name) =>
      effect[name].count > 0 ? [`${name} ${effect[name].count}/${effect[name].bytes}`] : [],
    ),
    ...counts.flatMap((name) => (effect[name] > 0 ? [`${name} ${effect[name]}`] : [])),
  ].join(", ");
}

async function layersOf(layers: readonly (readonly Draft[])[]): Promise<readonly LayerReport[]> {
  const store = createMemoryStore();
  return (await reportLayers(store, await putStack(store, layers))).layers;
}

const CASES: readonly (readonly [string, readonly (readonly Draft[])[], readonly string[]])[] = [
  ["what is new is added", [[folder("d"), file("d/a", "123"), symlink("l", "d")]], ["adds 3/3"]],
  ["what was missing on the way does not count", [[file("a/b/c", "1")]], ["adds 1/1"]],
  ["a folder named after what lies in it is added", [[file("a/b", "1"), folder("a")]], ["adds 2/1"]],
  ["another content replaces", [[file("a", "12")], [file("a", "345")]], ["adds 1/2, wasted 1/2", "replaces 1/3"]],
  [
    "another mode replaces, and the bytes are there twice",
    [[file("a", "12")], [file("a", "12", { mode: 0o755 })]],
    ["adds 1/2, wasted 1/2", "replaces 1/2"],
  ],
  ["the very same again repeats", [[file("a", "12")], [file("a", "12")]], ["adds 1/2, wasted 1/2", "repeats 1/2"]],
  ["a folder again is kept", [[folder("d")], [folder("d"), file("d/a")]], ["adds 1/0", "adds 1/0, keeps 1/0"]],
  [
    "a folder with another mode replaces",
    [[folder("d")], [folder("d", { mode: 0o700 })]],
    ["adds 1/0", "replaces 1/0"],
  ],
  [
    "a whiteout removes everything below",
    [[file("d/a", "12"), file("d/b", "3")], [file(".wh.d")]],
    ["adds 2/3, wasted 2/3", "removes 3/3, whiteouts 1"],
  ],
  [
    "an opaque folder removes what is in it",
    [
      [file("d/a", "12"), file("d/b", "3")],
      [file("d/.wh..wh..opq"), file("d/c", "4")],
    ],
    ["adds 2/3, wasted 2/3", "adds 1/1, removes 2/3, opaques 1"],
  ],
  [
    "a file in a folder's place removes what was in it",
    [[file("d/a", "12")], [file("d", "3")]],
    ["adds 1/2, wasted 1/2", "replaces 1/1, removes 1/2"],
  ],
  [
    "bytes that another name leads to are not wasted",
    [[file("a", "12"), hardlink("b", "a")], [file(".wh.a")]],
    ["adds 2/2", "removes 1/0, whiteouts 1"],
  ],
  [
    "the last name wastes them",
    [
      [file("a", "12"), hardlink("b", "a")],
      [file(".wh.a"), file(".wh.b")],
    ],
    ["adds 2/2, wasted 1/2", "removes 2/2, whiteouts 2"],
  ],
  [
    "a path twice in one layer is its own waste",
    [[file("a", "12"), file("a", "345")]],
    ["adds 1/2, replaces 1/3, wasted 1/2"],
  ],
  [
    "waste is of the layer that the bytes are in",
    [[file("a", "1")], [file("a", "22")], [file("a", "333")], [file(".wh.a")]],
    ["adds 1/1, wasted 1/1", "replaces 1/2, wasted 1/2", "replaces 1/3, wasted 1/3", "removes 1/3, whiteouts 1"],
  ],
];

for (const [title, layers, expected] of CASES) {
  test(title, async () => assert.equal((await layersOf(layers)).map(show), expected));
}

test("sums are of all layers", async () => {
  const store = createMemoryStore();
  const root = await putStack(store, [[file("a", "1")], [file("a", "22"), file("b", "333")], [file(".wh.b")]]);
  const { wasted, size, uncompressedSize, layers, platform } = await reportLayers(store, root);
  assert.equal(wasted, { count: 2, bytes: 4 });
  assert.is(size, uncompressedSize);
  assert.is(
    size,
    layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
  );
  assert.equal(platform, { os: "linux", architecture: "amd64" });
});

/** An image whose config has this history, with one layer. */
async function putWithHistory(createdBy: string) {
  const store = createMemoryStore();
  const layer = await store.put(MEDIA_TYPE.layer, fromBytes(await layerOf([file("a")])));
  const history = [{ created_by: "ENV", empty_layer: true }, { created_by: createdBy }];
  const config = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [layer.digest] }, history };
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: await store.put(MEDIA_TYPE.config, fromBytes(JSON.stringify(config))),
    layers: [layer],
  };
  return { store, root: await store.put(MEDIA_TYPE.manifest, fromBytes(JSON.stringify(manifest))) };
}

for (const [createdBy, expected] of [
  ["lading: package::/debian/bookworm::jq 1.6-2.1", { fqn: "package::/debian/bookworm::jq", version: "1.6-2.1" }],
  ["lading: package::/::tool", { fqn: "package::/::tool" }],
  ["lading: files of the recipe", undefined],
  ["RUN apt-get install jq", undefined],
] as const) {
  test(`the package of "${createdBy}"`, async () => {
    const { store, root } = await putWithHistory(createdBy);
    const [layer] = (await reportLayers(store, root)).layers;
    assert.is(layer?.createdBy, createdBy);
    assert.equal(layer?.package, expected);
  });
}

test("what is no image is refused", async () => {
  const store = createMemoryStore();
  const config = await store.put(MEDIA_TYPE.empty, fromBytes("{}"));
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, artifactType: "a/b", config, layers: [config] };
  const root = await store.put(MEDIA_TYPE.manifest, fromBytes(JSON.stringify(manifest)));
  assert.match(
    (await rejects(reportLayers(store, root), "FORMAT")).message,
    /an artifact of type a\/b, expected an image/,
  );
});

test("a layer that is not what the config names is refused", async () => {
  const store = createMemoryStore();
  const good = await putStack(store, [[file("a")]]);
  const manifest = await reportLayers(store, good);
  const other = await store.put(MEDIA_TYPE.layer, fromBytes(await layerOf([file("b")])));
  const root = await putImage(store, [await layerOf([file("a")])], { layers: [other] });
  assert.is(manifest.layers.length, 1);
  await rejects(reportLayers(store, root), "DIGEST_MISMATCH");
});

test("a manifest and a config that disagree on the count of layers are refused", async () => {
  const store = createMemoryStore();
  const root = await putImage(store, [await layerOf([file("a")])], { layers: [] });
  await rejects(reportLayers(store, root), "CORRUPT");
});

test("an index of several images wants a platform", async () => {
  const store = createMemoryStore();
  const image = await putStack(store, [[file("a")]]);
  const entries = ["amd64", "arm64"].map((architecture) => ({ ...image, platform: { os: "linux", architecture } }));
  const put = (manifests: readonly object[]) => {
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests };
    return store.put(MEDIA_TYPE.index, fromBytes(JSON.stringify(index)));
  };
  const both = await put(entries);
  const error = await rejects(reportLayers(store, both), "AMBIGUOUS");
  assert.match(error.message, /2 images, for linux\/amd64, linux\/arm64; name a platform/);
  const platform = { os: "linux", architecture: "arm64" };
  assert.is((await reportLayers(store, both, { platform })).descriptor.digest, image.digest);
  assert.is((await reportLayers(store, await put(entries.slice(1)))).descriptor.digest, image.digest);
  await rejects(reportLayers(store, both, { platform: { os: "linux", architecture: "s390x" } }), "NOT_FOUND");
});

test("an image is of the platform that is asked for", async () => {
  const store = createMemoryStore();
  const root = await putStack(store, [[file("a")]]);
  await reportLayers(store, root, { platform: { os: "linux", architecture: "amd64" } });
  const error = await rejects(
    reportLayers(store, root, { platform: { os: "linux", architecture: "arm64" } }),
    "NOT_FOUND",
  );
  assert.match(error.message, /"linux\/arm64": image sha256:\w+ is for linux\/amd64;/);
});

test("a signal stops it", async () => {
  const store = createMemoryStore();
  const root = await putStack(store, [[file("a")]]);
  const error = await reportLayers(store, root, { signal: AbortSignal.abort() }).catch((reason: unknown) => reason);
  assert.is((error as Error).name, "AbortError");
});

test.run();
