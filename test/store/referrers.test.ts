import * as assert from "uvu/assert";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { encodeIndex, encodeManifest } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { referrersTag } from "../../src/oci/referrer.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { findAllReferrers, findReferrers } from "../../src/store/referrers.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { putTarImage } from "../support/image.js";
import { suite } from "../support/suite.js";

const test = suite("store/referrers");

async function fill() {
  const store = createMemoryStore();
  const config = await store.put(MEDIA_TYPE.empty, fromBytes("{}"));
  const put = (mediaType: string, bytes: Uint8Array) => store.put(mediaType, fromBytes(bytes));
  async function refer(subject: Descriptor, artifactType: string): Promise<Descriptor> {
    const bytes = encodeManifest({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      artifactType,
      config,
      layers: [],
      subject,
    });
    return await put(MEDIA_TYPE.manifest, bytes);
  }
  const index = (manifests: readonly Descriptor[]) =>
    put(MEDIA_TYPE.index, encodeIndex({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }));
  return { store, refer, index };
}

test("findReferrers() finds listed roots by their subject, and filters", async () => {
  const { store, refer } = await fill();
  const image = await putTarImage(store, ["one"]);
  const [a, b] = [await refer(image, "x/a"), await refer(image, "x/b")];
  await store.tag([{ name: "x", descriptor: image }, { descriptor: a }, { descriptor: b }]);
  const types = (found: readonly Descriptor[]) => found.map(({ artifactType }) => artifactType).sort();
  assert.equal(types(await findReferrers(store, image.digest)), ["x/a", "x/b"]);
  assert.equal(types(await findReferrers(store, image.digest, { artifactType: "x/b" })), ["x/b"]);
  assert.equal(await findReferrers(store, a.digest), []);
});

test("findReferrers() takes a list under the tag that stands for the API", async () => {
  const { store, refer, index } = await fill();
  const image = await putTarImage(store, ["one"]);
  const a = await refer(image, "x/a");
  await store.tag([
    { name: "x", descriptor: image },
    { name: referrersTag(image.digest), descriptor: await index([{ ...a, artifactType: "x/a" }]) },
  ]);
  assert.equal(
    (await findReferrers(store, image.digest)).map(({ digest }) => digest),
    [a.digest],
  );
});

test("findAllReferrers() goes on to referrers of referrers, and to the images of an index", async () => {
  const { store, refer, index } = await fill();
  const images = [await putTarImage(store, ["one"]), await putTarImage(store, ["two"])];
  const root = await index(images);
  const sbom = await refer(images[1] as Descriptor, "x/sbom");
  const signature = await refer(sbom, "x/signature");
  const own = await refer(root, "x/own");
  for (const descriptor of [root, sbom, signature, own]) await store.tag([{ descriptor }]);
  const found = await findAllReferrers(store, root);
  assert.equal(
    found.map(({ subject, descriptor }) => [subject, descriptor.digest]),
    [
      [root.digest, own.digest],
      [images[1]?.digest, sbom.digest],
      [sbom.digest, signature.digest],
    ],
  );
});

test("findAllReferrers() ends where the store itself tells of circles", async () => {
  const { store } = await fill();
  const [one, two] = [await putTarImage(store, ["one"]), await putTarImage(store, ["two"])];
  const referrers = async (subject: string) => [subject === one.digest ? two : one];
  const found = await findAllReferrers({ ...store, referrers }, one);
  assert.equal(
    found.map(({ descriptor }) => descriptor.digest),
    [two.digest],
  );
});

test.run();
