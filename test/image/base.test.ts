import * as assert from "uvu/assert";
import { openBase, selectManifest } from "../../src/image/base.js";
import { composeImage } from "../../src/image/compose.js";
import { digestOf } from "../../src/oci/digest.js";
import { encodeIndex } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { readFileList } from "../../src/package/file-list.js";
import { createMemoryCache } from "../../src/store/cache.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { AMD64, addImage, directory, file, hardlink, NO_SETTINGS, symlink } from "./make.js";

const test = suite("image/base");

const LAYERS = [
  [directory("usr"), file("usr/b", "b"), hardlink("usr/c", "usr/b"), symlink("a", "usr")],
  [file("usr/.wh.b", "")],
];

test("openBase() lists what lies in each layer: whiteouts too, files with their digest", async () => {
  const store = createMemoryStore();
  for (const compression of ["gzip", "none"] as const) {
    const root = await addImage(store, LAYERS, { compression });
    const { files, layers, config, manifest } = await openBase(store, "b", root, AMD64);
    const lists = await Promise.all(files.map((list) => readFileList(store, list)));
    assert.equal(
      lists.map((layer) => layer.map(({ path, type, target, digest }) => [path, type, target ?? digest])),
      [
        [
          ["usr", "directory", undefined],
          ["usr/b", "file", digestOf("b")],
          ["usr/c", "hardlink", "usr/b"],
          ["a", "symlink", "usr"],
        ],
        [["usr/.wh.b", "file", digestOf("")]],
      ],
    );
    assert.equal(
      layers.map(({ diffId }) => diffId),
      config.rootfs.diff_ids,
    );
    assert.is(manifest.digest, root.digest);
  }
});

test("layers that were listed are not read again, unless the list is gone", async () => {
  const memory = createMemoryStore();
  const root = await addImage(memory, LAYERS);
  const opened: string[] = [];
  const open: typeof memory.open = (descriptor, options) => {
    if (descriptor.mediaType.includes(".layer.")) opened.push(descriptor.digest);
    return memory.open(descriptor, options);
  };
  const store = { ...memory, open };
  const cache = createMemoryCache();
  const first = await openBase(store, "b", root, AMD64, { cache });
  assert.is(opened.length, 2);
  assert.equal((await openBase(store, "b", root, AMD64, { cache })).files, first.files);
  assert.is(opened.length, 2);
  const forgetful = { ...store, has: async () => false };
  assert.equal((await openBase(forgetful, "b", root, AMD64, { cache })).files, first.files);
  assert.is(opened.length, 4);
  const nonsense = { get: async () => ({ digest: 3 }), set: async () => {} };
  assert.equal((await openBase(store, "b", root, AMD64, { cache: nonsense })).files, first.files);
});

test("an image of Docker's types becomes one of the OCI's, its bytes as they were", async () => {
  const store = createMemoryStore();
  const root = await addImage(store, LAYERS, { docker: true });
  const base = await openBase(store, "docker.io/library/x", root, AMD64);
  const { manifest } = await composeImage(store, AMD64, base.layers, NO_SETTINGS, { base });
  const types = [manifest.mediaType, manifest.config.mediaType, ...manifest.layers.map(({ mediaType }) => mediaType)];
  assert.equal(types, [MEDIA_TYPE.manifest, MEDIA_TYPE.config, MEDIA_TYPE.layerGzip, MEDIA_TYPE.layerGzip]);
  assert.is(manifest.annotations?.["org.opencontainers.image.base.digest"], root.digest);
});

async function indexOf(store: ReturnType<typeof createMemoryStore>) {
  const arm = await addImage(store, [[file("arm")]], { config: { architecture: "arm64" } });
  const amd = await addImage(store, [[file("amd")]]);
  const manifests = [
    { ...arm, platform: { os: "linux", architecture: "arm64" } },
    { ...amd, platform: { os: "linux", architecture: "amd64" } },
  ];
  const inner = await store.put(
    MEDIA_TYPE.index,
    fromBytes(encodeIndex({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests })),
  );
  return { arm, amd, inner };
}

test("selectManifest() takes the image of the platform out of an index", async () => {
  const store = createMemoryStore();
  const { arm, amd, inner } = await indexOf(store);
  assert.is((await selectManifest(store, inner, AMD64)).digest, amd.digest);
  assert.is((await selectManifest(store, inner, { os: "linux", architecture: "arm64" })).digest, arm.digest);
  assert.is((await selectManifest(store, arm, AMD64)).digest, arm.digest);
  const { detail } = await rejects(selectManifest(store, inner, { os: "linux", architecture: "s390x" }), "NOT_FOUND");
  assert.is(detail.what, "platform");
});

test("openBase() refuses an image of another platform, even where no index says so", async () => {
  const store = createMemoryStore();
  const { arm } = await indexOf(store);
  const { message } = await rejects(openBase(store, "oci:arm:1", arm, AMD64), "NOT_FOUND");
  assert.match(message, /"oci:arm:1": it is for linux\/arm64, expected linux\/amd64/);
  // Other spellings of one platform are one.
  const uname = await addImage(store, LAYERS, { config: { architecture: "x86_64" } });
  await openBase(store, "b", uname, AMD64);
});

test("openBase() refuses an image that contradicts itself", async () => {
  const store = createMemoryStore();
  const one = digestOf("one");
  const few = await addImage(store, LAYERS, { config: { rootfs: { type: "layers", diff_ids: [one] } } });
  assert.match((await rejects(openBase(store, "b", few, AMD64), "CORRUPT")).message, /has 2 layers, its config 1/);
  const wrong = await addImage(store, LAYERS, { config: { rootfs: { type: "layers", diff_ids: [one, one] } } });
  const { detail } = await rejects(openBase(store, "b", wrong, AMD64), "DIGEST_MISMATCH");
  assert.is(detail.expected, one);
});

test.run();
