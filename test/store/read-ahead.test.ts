import * as assert from "uvu/assert";
import { type Descriptor, describe } from "../../src/oci/descriptor.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { readAhead } from "../../src/store/read-ahead.js";
import type { Store } from "../../src/store/store.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("store/read-ahead");

/** Blobs of 1, 2, 3 … bytes, and a store that notes which are opened. */
async function prepare(count: number) {
  const memory = createMemoryStore();
  const opened: number[] = [];
  const store: Store = {
    ...memory,
    open(descriptor, options) {
      opened.push(descriptor.size);
      return memory.open(descriptor, options);
    },
  };
  const blobs: Descriptor[] = [];
  for (let size = 1; size <= count; size++) blobs.push(await memory.put("text/plain", fromBytes("x".repeat(size))));
  return { memory, store, blobs, opened };
}

const sizeOf = async (store: Store, blob: Descriptor) => (await collect(store.open(blob), 1e6)).length;

test("each blob is the one that was asked for, whatever the order", async () => {
  const { store, blobs } = await prepare(30);
  const ahead = readAhead(store, blobs, {});
  const order = [...blobs.slice(20), ...blobs.slice(0, 20)];
  for (const blob of order) assert.is(await sizeOf(ahead, blob), blob.size);
});

test("a few are read before they are asked for, never more", async () => {
  const { store, blobs, opened } = await prepare(30);
  const ahead = readAhead(store, blobs, {});
  assert.equal(opened, [1, 2, 3, 4, 5, 6, 7, 8]);
  for (const blob of blobs.slice(0, 2)) await sizeOf(ahead, blob);
  assert.equal(opened, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  for (const blob of blobs.slice(2)) await sizeOf(ahead, blob);
  assert.is(opened.length, 30);
});

test("a large blob is not held in memory", async () => {
  const { memory, store, opened } = await prepare(0);
  const large = await memory.put("text/plain", fromBytes("x".repeat(64 * 1024 + 1)));
  const ahead = readAhead(store, [large], {});
  assert.equal(opened, []);
  assert.is(await sizeOf(ahead, large), large.size);
});

test("a blob twice in the order is given twice", async () => {
  const { store, blobs } = await prepare(2);
  const ahead = readAhead(store, [...blobs, ...blobs], {});
  for (const blob of [...blobs, ...blobs]) assert.is(await sizeOf(ahead, blob), blob.size);
});

test("what is wrong with a blob is told to who opens it, and to nobody else", async () => {
  const { store, blobs } = await prepare(1);
  const lost = describe("text/plain", Buffer.from("lost"));
  const ahead = readAhead(store, [lost, ...blobs], {});
  assert.is(await sizeOf(ahead, blobs[0] as Descriptor), 1);
  await rejects(collect(ahead.open(lost), 10), "NOT_FOUND");
});

test.run();
