/**
 * A store backed by others.
 *
 * @module
 */

import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { decodeManifest } from "../../src/oci/manifest.js";
import { createBackedStore } from "../../src/store/backed.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { putImage } from "../support/image.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("store/backed");
const read = async (store: Store, descriptor: Parameters<Store["open"]>[0]) =>
  await collect(store.open(descriptor), 1e6);

test("small content stays once it was opened, with what its manifest names; layers pass through", async () => {
  const [own, other] = [
    createMemoryStore(),
    { ...createMemoryStore(), repository: { registry: "h", repository: "r" } },
  ];
  const manifest = await putImage(other, [Buffer.from("layer")]);
  const { config, layers } = decodeManifest(await read(other, manifest));
  const [layer = manifest] = layers;
  const store = createBackedStore(own, [{ store: other, kept: [manifest], passed: [layer] }]);
  assert.ok((await store.has(manifest)) && (await store.has(layer)) && !(await own.has(manifest)));
  assert.equal(await store.locate?.(layer), { repository: other.repository, isRemote: true });
  assert.equal(await read(store, manifest), await read(other, manifest));
  assert.equal(await read(store, config), await read(other, config));
  assert.is(String(await read(store, layer)), "layer");
  assert.equal(await Promise.all([manifest, config, layer].map((each) => own.has(each))), [true, true, false]);
  await store.put(layer.mediaType, fromBytes("layer"));
  assert.equal(await store.locate?.(layer), { repository: other.repository, isRemote: false });
});

test("what only the own store has, or none, is as if nothing backed it", async () => {
  const own = createMemoryStore();
  const mine = await own.put("text/plain", fromBytes("mine"));
  const nowhere = { ...mine, digest: digestOf("nowhere") };
  const lost = { ...mine, digest: digestOf("lost") };
  const store = createBackedStore(own, [{ store: createMemoryStore(), kept: [lost], passed: [] }]);
  assert.is(String(await read(store, mine)), "mine");
  assert.equal(await store.locate?.(mine), { repository: undefined, isRemote: false });
  assert.not(await store.has(nowhere));
  await rejects(read(store, nowhere), "NOT_FOUND");
  await rejects(read(store, lost), "NOT_FOUND");
});

test.run();
