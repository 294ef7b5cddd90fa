import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import * as assert from "uvu/assert";
import { deliver, startDelivery } from "../src/deliver.js";
import { createHttpClient, type HttpClient } from "../src/http/client.js";
import { verifyImage } from "../src/image/verify.js";
import type { Descriptor } from "../src/oci/descriptor.js";
import { decodeManifest } from "../src/oci/manifest.js";
import { createLayoutStore } from "../src/store/layout.js";
import { openLocalStore } from "../src/store/local.js";
import { createMemoryStore } from "../src/store/memory.js";
import type { Store } from "../src/store/store.js";
import { collect } from "../src/stream/bytes.js";
import { openTransport } from "../src/transport.js";
import { addImage, file } from "./image/make.js";
import { startEmbeddedRegistry } from "./support/embedded-registry.js";
import { rejects } from "./support/rejects.js";
import { suite } from "./support/suite.js";
import { tempFolder } from "./support/temp.js";

const test = suite("deliver");
const LAYERS = [[file("a")], [file("b")]];

test("an image comes whole to a layout, under its name", async (context) => {
  const folder = await tempFolder(context);
  const local = openLocalStore(join(folder, "store"));
  const root = await addImage(local.store, LAYERS);
  const place = await openTransport(`oci:${folder}/out:t`, { local });
  const { label, bytes, blobs } = await deliver(root, local.store, place);
  assert.equal([label, blobs.length, bytes.skipped], [`oci:${folder}/out:t`, 4, 0]);
  const store = createLayoutStore(join(folder, "out"));
  assert.is((await store.resolve("t")).digest, root.digest);
  await verifyImage(store, root);
  assert.is((await deliver(root, local.store, place)).bytes.copied, 0);
});

test("within one store only the name is given", async (context) => {
  const local = openLocalStore(await tempFolder(context));
  const root = await addImage(local.store, LAYERS);
  const { blobs } = await deliver(root, local.store, await openTransport("store:x", { local }));
  assert.equal(blobs, []);
  assert.is((await local.store.resolve("x:latest")).digest, root.digest);
});

test("to a registry, by tag and by digest", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const local = openLocalStore(await tempFolder(context));
  const root = await addImage(local.store, LAYERS);
  for (const name of ["team/x:1", `team/y@${root.digest}`]) {
    const place = await openTransport(`docker://${host}/${name}`, { local });
    await deliver(root, local.store, place);
    assert.is((await place.store.resolve(place.name)).digest, root.digest);
    await verifyImage(place.store, root);
  }
});

test("again, to a registry: one question, and nothing is sent", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const local = openLocalStore(await tempFolder(context));
  const root = await addImage(local.store, LAYERS);
  const asked: string[] = [];
  const own = createHttpClient();
  const client: HttpClient = {
    ...own,
    request: async (request) => {
      asked.push(request.method);
      return await own.request(request);
    },
  };
  const push = async (name: string) => {
    const place = await openTransport(`docker://${host}/team/${name}`, { local, registry: { client } });
    return await deliver(root, local.store, place);
  };
  await push("x:1");
  asked.length = 0;
  const { bytes, blobs } = await push("x:1");
  assert.equal([asked, bytes.copied, blobs.length], [["HEAD"], 0, 4]);
  await push("x:2");
  assert.equal(asked.slice(1), ["HEAD", "HEAD", "GET", "PUT"]);
});

test("a blob that a registry lost is sent again, although the manifest that names it is there", async (context) => {
  const { host, folder } = await startEmbeddedRegistry(context);
  const local = openLocalStore(await tempFolder(context));
  const root = await addImage(local.store, LAYERS);
  const open = (tag: string) => openTransport(`docker://${host}/team/x:${tag}`, { local });
  const { blobs } = await deliver(root, local.store, await open("1"));
  const [lost] = blobs;
  assert.ok(lost);
  await rm(join(folder, "team/x/_layout/blobs", lost.descriptor.digest.replace(":", "/")));
  const place = await open("2");
  const again = await deliver(root, local.store, place);
  const sent = again.blobs.filter(({ action }) => action === "copied").map(({ descriptor }) => descriptor.digest);
  assert.equal(sent, [lost.descriptor.digest, root.digest]);
  await verifyImage(place.store, root);
});

test("a place that is named by another digest is refused, before anything is copied", async (context) => {
  const local = openLocalStore(await tempFolder(context));
  const root = await addImage(local.store, LAYERS);
  const to = { store: createMemoryStore(), name: `sha256:${"0".repeat(64)}`, label: "docker://h.example/x@sha256:0" };
  const { message } = await rejects(deliver(root, local.store, to), "DIGEST_MISMATCH");
  assert.match(message, /names other content/);
  assert.is(await to.store.has(root), false);
});

test("the name comes last: an image that breaks on the way has none", async () => {
  const from = createMemoryStore();
  const root = await addImage(from, LAYERS);
  const to = createMemoryStore();
  let count = 0;
  const breaking: Store = {
    ...to,
    put: async (...args) => {
      if (++count === 3) throw new Error("the disk broke");
      return await to.put(...args);
    },
  };
  const error = await deliver(root, from, { store: breaking, name: "t", label: "there" }, { jobs: 1 }).catch(String);
  assert.is(error, "Error: the disk broke");
  assert.equal(await to.tags(), []);
});

/** The layers of an image, as its manifest names them. */
async function layersOf(store: Store, root: Descriptor): Promise<readonly Descriptor[]> {
  return decodeManifest(await collect(store.open(root), 1 << 20), root.mediaType).layers;
}

/** A store that tells what is put into it. */
function watched(store: Store) {
  const puts: string[] = [];
  const put: Store["put"] = async (mediaType, content, options) => {
    const { digest } = await store.put(mediaType, content, options);
    puts.push(digest);
    return { mediaType, digest, size: options?.size ?? 0 };
  };
  return { puts, store: { ...store, put } };
}

test("layers go ahead of their image, once, and count as copied", async () => {
  const from = createMemoryStore();
  const root = await addImage(from, LAYERS);
  const layers = await layersOf(from, root);
  const { store, puts } = watched(createMemoryStore());
  const delivery = startDelivery(from, { store, name: "t", label: "there" });
  for (const layer of layers) delivery.sendAhead(layer);
  while (puts.length < layers.length) await nextTurn();
  assert.equal(await store.tags(), []);
  const { bytes, blobs } = await delivery.finish(root);
  await delivery.stop();
  assert.equal([puts.length, bytes.skipped, blobs.every(({ action }) => action === "copied")], [4, 0, true]);
  assert.is((await store.resolve("t")).digest, root.digest);
  await verifyImage(store, root);
});

test("what fails on the way ahead fails at the end, and names nothing", async () => {
  const from = createMemoryStore();
  const root = await addImage(from, LAYERS);
  const to = createMemoryStore();
  const breaking: Store = { ...to, put: () => Promise.reject(new Error("the line broke")) };
  const delivery = startDelivery(from, { store: breaking, name: "t", label: "there" });
  for (const layer of await layersOf(from, root)) delivery.sendAhead(layer);
  assert.is(await delivery.finish(root).catch(String), "Error: the line broke");
  assert.equal(await to.tags(), []);
});

test("a delivery that is stopped lets go of what is on its way", async () => {
  const from = createMemoryStore();
  const root = await addImage(from, LAYERS);
  const to = createMemoryStore();
  const hanging: Store = {
    ...to,
    put: (_type, _content, options) =>
      new Promise((_resolve, reject) => {
        options?.signal?.addEventListener("abort", () => reject(options.signal?.reason));
      }),
  };
  const delivery = startDelivery(from, { store: hanging, name: "t", label: "there" });
  for (const layer of await layersOf(from, root)) delivery.sendAhead(layer);
  await nextTurn();
  await delivery.stop();
  assert.equal(await to.tags(), []);
});

test("nothing goes ahead to a place that links, nor to one that is named by a digest", async () => {
  const from = createMemoryStore();
  const root = await addImage(from, LAYERS);
  const layers = await layersOf(from, root);
  const { store, puts } = watched(createMemoryStore());
  const sendTo = async (to: Store, name: string) => {
    const delivery = startDelivery(from, { store: to, name, label: "there" });
    for (const layer of layers) delivery.sendAhead(layer);
    for (let count = 0; count < 20; count++) await nextTurn();
    await delivery.stop();
    return puts.length;
  };
  assert.is(await sendTo({ ...store, link: async () => false }, "t"), 0);
  assert.is(await sendTo(store, root.digest), 0);
  assert.is(await sendTo(store, "t"), layers.length);
});

test.run();
