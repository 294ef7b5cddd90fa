import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { deliver } from "../src/deliver.js";
import { createHttpClient, type HttpClient } from "../src/http/client.js";
import { verifyImage } from "../src/image/verify.js";
import { createLayoutStore } from "../src/store/layout.js";
import { openLocalStore } from "../src/store/local.js";
import { createMemoryStore } from "../src/store/memory.js";
import type { Store } from "../src/store/store.js";
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

test("again, to a registry: two questions, and nothing is sent", async (context) => {
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
  assert.equal([asked, bytes.copied, blobs.length], [["HEAD", "HEAD"], 0, 4]);
  await push("x:2");
  assert.equal(asked.slice(2), ["HEAD", "HEAD", "GET", "PUT"]);
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

test.run();
