import { join } from "node:path";
import * as assert from "uvu/assert";
import { openBase } from "../../src/image/base.js";
import { openRanges } from "../../src/image/blob-ranges.js";
import { type BuildImageOptions, buildImage } from "../../src/image/build-image.js";
import type { Content } from "../../src/image/content.js";
import { verifyImage } from "../../src/image/verify.js";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { encodeManifest } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createMemoryCache } from "../../src/store/cache.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { decompress } from "../../src/stream/codec.js";
import { detectCompression } from "../../src/stream/detect.js";
import type { Entry } from "../../src/tar/entry.js";
import { isOfFormat, type LayerFormat } from "../../src/tar/layer-format.js";
import { scanTar } from "../../src/tar/scan.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { file as draft, putStack, folder as stackFolder } from "../support/stack.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { AMD64, addImage, addPackage, contentOf, directory, file, hardlink, NO_SETTINGS, symlink } from "./make.js";
import { listKinds, unpack } from "./unpack.js";

const test = suite("image/formats");

const OS = [directory("usr"), directory("usr/bin"), file("usr/bin/sh", "sh", 0o755), symlink("bin", "usr/bin")];
const TOOL = [directory("bin"), file("bin/foo", "foo".repeat(50_000), 0o4711), hardlink("bin/foo2", "bin/foo")];

/** A folder that only its owner may enter, with a file of another user's. */
const PRIVATE = [
  directory("srv", 0o700),
  { ...file("srv/key", "k", 0o600), uid: 7, xattrs: { "security.capability": "x" } },
];

async function contentsOf(store: Store): Promise<readonly Content[]> {
  const contents: Content[] = [];
  for (const [name, entries] of Object.entries({ os: OS, tool: TOOL, private: PRIVATE })) {
    contents.push(contentOf(await addPackage(store, name, entries)));
  }
  return contents;
}

function buildOf(store: Store, contents: readonly Content[], options: BuildImageOptions = {}) {
  const input = { platform: AMD64, contents, files: [], folder: ".", settings: NO_SETTINGS };
  return buildImage(store, input, options);
}

async function entriesOf(store: Store, descriptor: Descriptor): Promise<readonly Entry[]> {
  const bytes = await collect(store.open(descriptor), 1 << 26);
  const entries: Entry[] = [];
  const onEntry = (entry: Entry) => void entries.push(entry);
  await scanTar(decompress(fromBytes(bytes), detectCompression(bytes)), { entry: onEntry });
  return entries;
}

/** Digests that no machine, Node or day may change. */
const GOLDEN: Readonly<Record<LayerFormat["type"], string>> = {
  gzip: "sha256:e3ae39c3fd776bd2f1ed6efa69d7c31ed343ef75683084d2f19ca14aea64fb2e",
  none: "sha256:0e44e3dd62c01e1414e4a93c36066980b8ac470a23e9fa0b3ab4a55115972012",
  zstd: "sha256:667a1c72ad8ed738ad5e86ee093133ab5e01b8aa370a97a74530c1cb62219fa6",
  estargz: "sha256:d3e428627e7b4b7de91c084736d1376c5b485fce5807b84e0445d1f2f15551ea",
  "zstd:chunked": "sha256:d377ac82af06ad0632b43b18d8ce314077d92a4ac618e45528227f0be2712ba0",
};

for (const [type, digest] of Object.entries(GOLDEN) as [LayerFormat["type"], string][]) {
  test(`an image that is to be ${type} is so in every layer, the same everywhere, and right`, async () => {
    const store = createMemoryStore();
    const contents = await contentsOf(store);
    const compression = { type };
    const { descriptor, layers, manifest } = await buildOf(store, contents, { compression });
    assert.is(descriptor.digest, digest);
    assert.is(layers.length, 4);
    for (const layer of manifest.layers) assert.ok(isOfFormat(layer, compression), JSON.stringify(layer));
    assert.is((await verifyImage(store, descriptor)).layers, 4);
    // The tar stays what it is, but where eStargz has to put its table into it.
    const plain = new Set((await buildOf(store, contents)).layers.map(({ diffId }) => diffId));
    for (const { diffId } of layers) assert.is(plain.has(diffId), type !== "estargz");
  });
}

test("a conversion is made once and kept; without a named compression nothing is converted", async () => {
  const store = createMemoryStore();
  const cache = createMemoryCache();
  const contents = await contentsOf(store);
  let bytes = 0;
  const onPackageBytes = (count: number) => {
    bytes += count;
  };
  const compression = { type: "estargz" } as const;
  const first = await buildOf(store, contents, { compression, cache, onPackageBytes });
  assert.ok(bytes > 0);
  bytes = 0;
  const second = await buildOf(store, contents, { compression, cache, onPackageBytes });
  assert.equal([second.descriptor, bytes], [first.descriptor, 0]);
  const [os] = contents;
  assert.ok(os?.kind === "package");
  const plain = await buildOf(store, contents, { cache });
  assert.equal(plain.layers[0]?.descriptor, os.package.layer.descriptor);
});

test("an eStargz layer that becomes something else leaves its table behind", async () => {
  const store = createMemoryStore();
  const contents = await contentsOf(store);
  const { layers } = await buildOf(store, contents, { compression: { type: "estargz" } });
  const [stargz] = layers;
  const [os] = contents;
  assert.ok(stargz !== undefined && os?.kind === "package");
  const tarball: Content = { kind: "tarball", name: "os", layer: { ...os.package.layer, ...stargz } };
  const { layers: back } = await buildOf(store, [tarball], { compression: { type: "zstd" } });
  const [converted] = back;
  assert.ok(converted !== undefined);
  const paths = (await entriesOf(store, converted.descriptor)).map(({ path }) => path);
  assert.equal(
    paths,
    OS.map(({ path }) => path),
  );
});

test("a name that no table of contents can hold is refused with its package", async () => {
  const store = createMemoryStore();
  const contents = [contentOf(await addPackage(store, "odd", [file("\xff")]))];
  for (const type of ["estargz", "zstd:chunked"] as const) {
    const { message } = await rejects(buildOf(store, contents, { compression: { type } }), "UNSAFE_ENTRY");
    assert.match(message, new RegExp(`^Cannot write package::/::odd as ${type}: .*not UTF-8`));
  }
});

test("single-id flattens every layer, those of a base image too, and the image says so", async () => {
  const store = createMemoryStore();
  const contents = await contentsOf(store);
  const root = await putStack(store, [
    [stackFolder("etc"), draft("etc/shadow", "x", { mode: 0o640, gid: 42 }), draft("etc/gone", "y")],
    [draft("etc/.wh.gone")],
  ]);
  const base = await openBase(store, "oci:base", root, AMD64);
  const input = { platform: AMD64, base, contents, files: [], folder: ".", settings: NO_SETTINGS };
  const { manifest, descriptor } = await buildImage(store, input, { singleId: true, cache: createMemoryCache() });
  assert.equal(manifest.annotations, { "io.lading.ids": "flattened" });
  const all: Entry[] = [];
  for (const layer of manifest.layers) all.push(...(await entriesOf(store, layer)));
  for (const { path, type, uid, gid, mode, xattrs } of all) {
    assert.equal([uid, gid, xattrs], [0, 0, undefined], path);
    if (type === "file") assert.is(mode & 0o7444, 0o444, path);
    if (type === "directory") assert.is(mode & 0o6755, 0o755, path);
  }
  assert.ok(all.some(({ path }) => path === "etc/.wh.gone"));
  const [os] = contents;
  assert.ok(os?.kind === "package");
  const digests = manifest.layers.map(({ digest }) => digest);
  assert.ok(digests.includes(os.package.layer.descriptor.digest), "what is flat stays byte for byte");
  assert.is(digests[1], base.layers[1]?.descriptor.digest);
  assert.is.not(digests[0], base.layers[0]?.descriptor.digest);
  await verifyImage(store, descriptor);
});

test("squash makes one layer of all, or of all from one on; the base stays", async () => {
  const store = createMemoryStore();
  const contents = await contentsOf(store);
  const base = await openBase(store, "b", await addImage(store, [[file("base")]]), AMD64);
  const input = { platform: AMD64, base, contents, files: [], folder: ".", settings: NO_SETTINGS };
  const compression = { type: "zstd" } as const;
  const one = await buildImage(store, input, { squash: {}, compression });
  assert.equal(
    one.layers.map(({ createdBy }) => createdBy),
    ["base image b", "lading: squashed package::/::os, package::/::tool, package::/::private, root file system"],
  );
  assert.is(one.layers[0]?.descriptor.digest, base.layers[0]?.descriptor.digest);
  const two = await buildImage(store, input, { squash: { from: 3 }, compression });
  assert.is(two.layers.length, 4);
  assert.ok(two.layers.slice(1).every(({ descriptor }) => descriptor.mediaType === MEDIA_TYPE.layerZstd));
  const { message } = await rejects(buildImage(store, input, { squash: { from: 9 } }), "NOT_FOUND");
  assert.match(message, /^Cannot squash from layer 9 on: .*; name one from 1 to 4$/);
  for (const { descriptor } of [one, two]) await verifyImage(store, descriptor);
});

test.needs(missing("umoci"), "umoci unpacks the same of every format, squashed or not", async (context) => {
  const folder = await tempFolder(context);
  const layout = join(folder, "layout");
  const store = createLayoutStore(layout);
  // umoci cannot set the capabilities of the third one.
  const contents = (await contentsOf(store)).slice(0, 2);
  const ways: readonly BuildImageOptions[] = [
    {},
    { compression: { type: "estargz" } },
    { compression: { type: "estargz" }, squash: {} },
    { squash: { from: 2 } },
  ];
  const found: (readonly string[])[] = [];
  for (const [index, options] of ways.entries()) {
    const { descriptor } = await buildOf(store, contents, options);
    await store.tag([{ name: `t${index}`, descriptor }]);
    const kinds = await listKinds(await unpack(layout, `t${index}`, folder));
    found.push(kinds.filter((line) => !/ (\.no\.prefetch\.landmark|stargz\.index\.json)$/.test(line)));
  }
  for (const other of found) assert.equal(other, found[0]);
});

/** The same image with another annotation on its first layer. */
async function annotated(
  store: Store,
  root: Descriptor,
  change: Readonly<Record<string, string>>,
): Promise<Descriptor> {
  const manifest = JSON.parse((await collect(store.open(root), 1 << 20)).toString());
  manifest.layers[0].annotations = { ...manifest.layers[0].annotations, ...change };
  return await store.put(MEDIA_TYPE.manifest, fromBytes(encodeManifest(manifest)));
}

const STARGZ = "containerd.io/snapshot/stargz/toc.digest";
const CHUNKED = "io.github.containers.zstd-chunked";
const WRONG: readonly (readonly [type: "estargz" | "zstd:chunked", name: string, value: string, words: RegExp])[] = [
  ["estargz", STARGZ, `sha256:${"0".repeat(64)}`, /table of eStargz/],
  ["estargz", STARGZ, "x", /no digest/],
  ["estargz", "io.containers.estargz.uncompressed-size", "1", /uncompressed-size is "1"/],
  ["zstd:chunked", `${CHUNKED}.manifest-checksum`, `sha256:${"0".repeat(64)}`, /table of zstd:chunked|is sha256/],
  ["zstd:chunked", `${CHUNKED}.manifest-position`, "1:2:3:1", /manifest-position is "1:2:3:1"/],
  ["zstd:chunked", `${CHUNKED}.tarsplit-position`, "1:2:3", /tarsplit-position is/],
];

for (const [type, name, value, words] of WRONG) {
  test(`verify finds a ${name} of ${value.slice(0, 10)} wrong`, async () => {
    const store = createMemoryStore();
    const { descriptor } = await buildOf(store, await contentsOf(store), { compression: { type } });
    const root = await annotated(store, descriptor, { [name]: value });
    const error = await verifyImage(store, root).then(
      () => assert.unreachable("it was right"),
      (caught: Error) => caught,
    );
    assert.match(String(error), words);
    assert.match(String(error), /layer sha256:/);
  });
}

test("a blob of any store is read in parts, forward with one reading", async (context) => {
  const folder = await tempFolder(context);
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 251));
  for (const store of [createMemoryStore(), createLayoutStore(folder, { shared: true })]) {
    const descriptor = await store.put(MEDIA_TYPE.layer, fromBytes(bytes));
    let opened = 0;
    const open: Store["open"] = async function* (...args) {
      opened++;
      for await (const chunk of store.open(...args)) {
        for (let at = 0; at < chunk.byteLength; at += 777) yield chunk.slice(at, at + 777);
      }
    };
    const { sharedFile, ...rest } = store;
    const ranges = await openRanges({ ...rest, open, ...(sharedFile === undefined ? {} : { sharedFile }) }, descriptor);
    const read = async (start: number, end: number) => {
      assert.ok((await collect(ranges.open(start, end), 1 << 20)).equals(bytes.subarray(start, end)), `${start}`);
    };
    for (let at = 0; at < 290_000; at += 10_007) await read(at, at + 10_007);
    assert.is(opened, sharedFile === undefined ? 1 : 0);
    await read(5, 9);
    await read(0, 300_000);
    await ranges.close();
    assert.ok(opened <= 3);
  }
});

test.run();
