import * as assert from "uvu/assert";
import { inspectImage } from "../../src/image/inspect.js";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { encodeIndex } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { addImage, addPackage, file } from "./make.js";

const test = suite("image/inspect");
const store = createMemoryStore();

const putIndex = (manifests: readonly Descriptor[]) =>
  store.put(MEDIA_TYPE.index, fromBytes(encodeIndex({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests })));

const HISTORY = [{ created_by: "one" }, { created_by: "none", empty_layer: true }, { created_by: "two" }];

test("inspectImage() gives each layer its line of the history", async () => {
  const root = await addImage(store, [[file("a")], [file("b")]], { config: { history: HISTORY, variant: "v3" } });
  const image = await inspectImage(store, root);
  assert.equal(
    image.layers.map(({ createdBy }) => createdBy),
    ["one", "two"],
  );
  assert.equal(
    image.layers.map(({ diffId }) => diffId),
    image.config?.rootfs.diff_ids,
  );
  assert.equal(image.platform, { os: "linux", architecture: "amd64", variant: "v3" });
  assert.is(
    image.size,
    image.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
  );
});

test("a history that does not fit is told for no layer", async () => {
  const root = await addImage(store, [[file("a")]], { config: { history: HISTORY } });
  assert.is((await inspectImage(store, root)).layers[0]?.createdBy, undefined);
});

test("an index is looked into, and an artifact is no image", async () => {
  const image = await addImage(store, [[file("a")]], { manifest: { annotations: { a: "b" } } });
  const pkg = await addPackage(store, "pkg", [file("a")]);
  const found = await inspectImage(store, await putIndex([image, pkg.manifest]));
  assert.equal(
    found.images?.map((each) => [each.descriptor.digest, each.artifactType, each.config === undefined]),
    [
      [image.digest, undefined, false],
      [pkg.manifest.digest, MEDIA_TYPE.package, true],
    ],
  );
  assert.equal(found.images?.[0]?.annotations, { a: "b" });
  assert.is(
    found.size,
    (found.images ?? []).reduce((sum, { size }) => sum + size, 0),
  );
});

test("indexes that list one another again and again end in an error", async () => {
  let root = await addImage(store, [[file("a")]]);
  for (let level = 0; level < 4; level++) root = await putIndex(Array.from({ length: 50 }, () => root));
  assert.is((await rejects(inspectImage(store, root), "TOO_LARGE")).detail.what, "count of manifests");
});

test("so do indexes that are nested too deep", async () => {
  let root = await addImage(store, [[file("a")]]);
  for (let level = 0; level < 8; level++) root = await putIndex([root]);
  await inspectImage(store, root);
  assert.is((await rejects(inspectImage(store, await putIndex([root])), "TOO_LARGE")).detail.what, "depth of indexes");
});

test("what is missing or of another kind is an error", async () => {
  const root = await addImage(store, [[file("a")]]);
  await rejects(inspectImage(createMemoryStore(), root), "NOT_FOUND");
  await rejects(inspectImage(store, { ...root, mediaType: MEDIA_TYPE.index }), "FORMAT");
});

test.run();
