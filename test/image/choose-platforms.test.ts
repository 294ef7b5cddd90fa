import * as assert from "uvu/assert";
import { choosePlatforms } from "../../src/image/choose-platforms.js";
import { verifyImage } from "../../src/image/verify.js";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { decodeIndex, encodeIndex } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { parsePlatform } from "../../src/oci/platform.js";
import { copy } from "../../src/store/copy.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { putImage, tarOf } from "../support/image.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("image/choose-platforms");
const ARCHITECTURES = ["amd64", "arm64", "s390x"];
const platforms = (...texts: string[]) => texts.map(parsePlatform);

async function fill() {
  const store = createMemoryStore();
  const images: Descriptor[] = [];
  for (const architecture of ARCHITECTURES) {
    const image = await putImage(store, [await tarOf(architecture)], {}, architecture);
    images.push({ ...image, platform: { os: "linux", architecture }, annotations: { of: architecture } });
  }
  const bytes = encodeIndex({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: images,
    annotations: { a: "b" },
  });
  return { store, images, root: await store.put(MEDIA_TYPE.index, fromBytes(bytes)) };
}

test("one platform gives the image's own manifest", async () => {
  const { store, images, root } = await fill();
  for (const [at, architecture] of ARCHITECTURES.entries()) {
    const chosen = await choosePlatforms(store, root, platforms(`linux/${architecture}`));
    assert.is(chosen.root.digest, images[at]?.digest);
    assert.is(chosen.store, store);
  }
});

test("several give a smaller index, always the same, which can be copied", async () => {
  const { store, images, root } = await fill();
  const one = await choosePlatforms(store, root, platforms("linux/s390x", "linux/amd64"));
  const two = await choosePlatforms(store, root, platforms("linux/amd64", "linux/s390x", "linux/x86_64"));
  assert.is(one.root.digest, two.root.digest);
  const index = decodeIndex(await collect(one.store.open(one.root), 1 << 20));
  assert.equal(index.manifests, [images[0], images[2]]);
  assert.equal(index.annotations, { a: "b" });
  const to = createMemoryStore();
  await copy(one.root, one.store, to);
  assert.is((await verifyImage(to, one.root)).manifests, 3);
  const all = await choosePlatforms(store, root, platforms(...ARCHITECTURES.map((each) => `linux/${each}`)));
  assert.is(all.root, root);
});

test("a platform that is not there is refused, of an index and of an image", async () => {
  const { store, images, root } = await fill();
  const error = await rejects(choosePlatforms(store, root, platforms("linux/riscv64")), "NOT_FOUND");
  assert.match(error.message, /linux\/amd64, linux\/arm64, linux\/s390x/);
  await rejects(choosePlatforms(store, root, platforms("linux/amd64", "windows/amd64")), "NOT_FOUND");
  const image = images[1] as Descriptor;
  assert.is((await choosePlatforms(store, image, platforms("linux/arm64"))).root, image);
  await rejects(choosePlatforms(store, image, platforms("linux/amd64")), "NOT_FOUND");
});

test.run();
