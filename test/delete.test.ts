import * as assert from "uvu/assert";
import { deleteImage } from "../src/delete.js";
import { createMemoryStore } from "../src/store/memory.js";
import { putTarImage } from "./support/image.js";
import { rejects } from "./support/rejects.js";
import { suite } from "./support/suite.js";

const test = suite("delete");

test("deleteImage() takes one tag, or all of a manifest, and says which", async () => {
  const store = createMemoryStore();
  const descriptor = await putTarImage(store, ["one"]);
  const other = await putTarImage(store, ["two"]);
  const place = (name: string) => ({ store, name, label: `memory:${name}` });
  await store.tag([...["a", "b", "c"].map((name) => ({ name, descriptor })), { name: "d", descriptor: other }]);
  assert.equal(await deleteImage(place("a")), { label: "memory:a", descriptor, names: ["a"] });
  await rejects(deleteImage(place("a")), "NOT_FOUND");
  await store.tag([{ descriptor }]);
  assert.equal((await deleteImage(place("b"))).names, ["b"]);
  await store.untag(["c"]);
  assert.equal((await deleteImage(place(descriptor.digest))).names, []);
  assert.equal(
    (await store.tags()).map(({ name }) => name),
    ["d"],
  );
});

test.run();
