import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { verifyImage } from "../../src/image/verify.js";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { digestOf } from "../../src/oci/digest.js";
import { encodeIndex } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { archive, file as rawFile } from "../support/hostile-tar.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { addImage, addPackage, directory, file } from "./make.js";

const test = suite("image/verify");

const LAYERS = [[directory("usr"), file("usr/a", "x".repeat(2000))], [file("b", "y".repeat(100))]];

const putIndex = (store: Store, manifests: readonly Descriptor[]) =>
  store.put(MEDIA_TYPE.index, fromBytes(encodeIndex({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests })));

test("verifyImage() counts what it looked at, each content once", async () => {
  const store = createMemoryStore();
  const image = await addImage(store, [...LAYERS, LAYERS[0] ?? []]);
  const pkg = await addPackage(store, "pkg", [file("a")]);
  const { bytes, ...counts } = await verifyImage(store, await putIndex(store, [image, image, pkg.manifest]));
  assert.equal(counts, { manifests: 3, configs: 1, layers: 2, blobs: 3, entries: 3 });
  assert.ok(bytes > 1000);
});

test("every blob of an image, with any byte of it flipped, cut off or gone, is an error that names it", async (context) => {
  const folder = await tempFolder(context);
  const store = createLayoutStore(folder);
  const root = await putIndex(store, [await addImage(store, LAYERS)]);
  await store.tag([{ name: "t", descriptor: root }]);
  const blobs = join(folder, "blobs/sha256");
  const names = await readdir(blobs);
  assert.is(names.length, 5);
  const verify = () => verifyImage(createLayoutStore(folder), root);
  await verify();
  for (const name of names) {
    const path = join(blobs, name);
    const good = await readFile(path);
    const check = async (code: "DIGEST_MISMATCH" | "NOT_FOUND") =>
      assert.match((await rejects(verify(), code)).message, new RegExp(name.slice(0, 12)), name);
    for (let at = 0; at < good.byteLength; at += Math.max(1, Math.floor(good.byteLength / 30))) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ 0x10;
      await writeFile(path, bad);
      // Bytes that decode to nonsense may be found before the digest is known.
      const error = await verify().catch((caught: unknown) => caught);
      assert.ok(
        ["DIGEST_MISMATCH", "CORRUPT", "SYNTAX", "FORMAT"].some((code) => isLadingError(error, code as never)),
        String(error),
      );
    }
    await writeFile(path, good.subarray(0, -1));
    await check("DIGEST_MISMATCH");
    await rm(path);
    await check("NOT_FOUND");
    await writeFile(path, good);
  }
  await verify();
});

const CONTRADICTIONS: readonly (readonly [title: string, config: object, words: RegExp])[] = [
  ["too few diff_ids", { rootfs: { type: "layers", diff_ids: [digestOf("a")] } }, /2 layers, its config names 1/],
  [
    "too many",
    { rootfs: { type: "layers", diff_ids: [1, 2, 3].map(String).map((each) => digestOf(each)) } },
    /names 3/,
  ],
  ["wrong ones", { rootfs: { type: "layers", diff_ids: ["a", "b"].map((each) => digestOf(each)) } }, /its config says/],
];

for (const [title, config, words] of CONTRADICTIONS) {
  test(`a config with ${title} is CORRUPT`, async () => {
    const store = createMemoryStore();
    const { message } = await rejects(verifyImage(store, await addImage(store, LAYERS, { config })), "CORRUPT");
    assert.match(message, words);
  });
}

/** An image with one layer of these bytes. */
async function imageOf(bytes: Uint8Array, tar: Uint8Array, mediaType: string, size = bytes.byteLength) {
  const store = createMemoryStore();
  const layer = { ...(await store.put(mediaType, fromBytes(bytes))), size };
  const rootfs = { type: "layers", diff_ids: [digestOf(tar)] };
  const root = await addImage(store, [], { config: { rootfs }, manifest: { layers: [layer] } });
  return { store, root };
}

const TAR = archive(rawFile("a", "a"));
const ESCAPING = archive(rawFile("../a", "a"));

const LAYER_CASES: readonly (readonly [
  title: string,
  bytes: Uint8Array,
  tar: Uint8Array,
  type: string,
  words: RegExp,
])[] = [
  ["is no gzip, as its type says", TAR, TAR, MEDIA_TYPE.layerGzip, /compressed with none, its media type says gzip/],
  ["is gzip, against its type", gzipSync(TAR), TAR, MEDIA_TYPE.layer, /compressed with gzip, its media type says none/],
  ["leads out of the root", gzipSync(ESCAPING), ESCAPING, MEDIA_TYPE.layerGzip, /\.\.\/a/],
  ["ends early", TAR.subarray(0, 600), TAR.subarray(0, 600), MEDIA_TYPE.layer, /tar/],
];

for (const [title, bytes, tar, type, words] of LAYER_CASES) {
  test(`a layer that ${title} is CORRUPT`, async () => {
    const { store, root } = await imageOf(bytes, tar, type);
    assert.match((await rejects(verifyImage(store, root), "CORRUPT")).message, words);
  });
}

test("a size that is wrong is a mismatch", async () => {
  const { store, root } = await imageOf(gzipSync(TAR), TAR, MEDIA_TYPE.layerGzip, 9);
  await rejects(verifyImage(store, root), "DIGEST_MISMATCH");
});

test("layers of other types are bytes alone, and those that may not be distributed need not be there", async () => {
  const { store, root } = await imageOf(Buffer.from("{}"), Buffer.from("{}"), "application/vnd.in-toto+json");
  assert.is((await verifyImage(store, root)).blobs, 1);
  const foreign = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
  const other = await imageOf(gzipSync(TAR), TAR, foreign);
  assert.is((await verifyImage(other.store, other.root)).layers, 1);
  const without: Store = { ...other.store, has: async (each) => each.mediaType !== foreign };
  assert.is((await verifyImage(without, other.root)).layers, 0);
});

test("a signal stops it", async () => {
  const store = createMemoryStore();
  const root = await addImage(store, LAYERS);
  const error = await verifyImage(store, root, { signal: AbortSignal.abort() }).catch((caught: Error) => caught.name);
  assert.is(error, "AbortError");
});

test.run();
