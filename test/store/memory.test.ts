import * as assert from "uvu/assert";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { collect } from "../../src/stream/bytes.js";
import { testStore } from "../contract/store.js";
import { pieces } from "../stream/pieces.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";

testStore("memory", async () => createMemoryStore());

const test = suite("store/memory");

test("put() copies chunks whose buffer is used again", async () => {
  const store = createMemoryStore();
  const descriptor = await store.put("text/plain", pieces(Buffer.from("hello world"), [3, 1]));
  assert.is((await collect(store.open(descriptor), 100)).toString(), "hello world");
});

test("a root without name is found by its digest, until it is forgotten", async () => {
  const store = createMemoryStore("here");
  const descriptor = await store.put(MEDIA_TYPE.manifest, pieces(Buffer.from("{}")));
  await store.tag([{ descriptor }]);
  assert.equal(await store.tags(), [{ descriptor }]);
  assert.equal(await store.resolve(descriptor.digest), descriptor);
  await store.untag([descriptor.digest]);
  assert.match((await rejects(store.resolve(descriptor.digest), "NOT_FOUND")).message, /in here: it holds no tag/);
});

test("a digest stands for all names that lead to it", async () => {
  const store = createMemoryStore();
  const descriptor = await store.put(MEDIA_TYPE.manifest, pieces(Buffer.from("{}")));
  await store.tag([{ name: "a", descriptor }, { name: "b", descriptor }, { descriptor }]);
  await store.untag([descriptor.digest]);
  assert.equal(await store.tags(), []);
});

test("tag() takes all roots or none, and only valid names", async () => {
  const store = createMemoryStore();
  const descriptor = await store.put(MEDIA_TYPE.manifest, pieces(Buffer.from("{}")));
  for (const name of ["a b", "..", "x".repeat(300), ""]) {
    await rejects(
      store.tag([
        { name: "good", descriptor },
        { name, descriptor },
      ]),
      "SYNTAX",
    );
    assert.equal(await store.tags(), []);
  }
});

test.run();
