import { homedir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { localStoreFolder, openLocalStore } from "../../src/store/local.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("store/local");

const CASES: readonly (readonly [Readonly<Record<string, string | undefined>>, string])[] = [
  [{ LADING_STORE: "here", XDG_DATA_HOME: "/data", HOME: "/h" }, "here"],
  [{ LADING_STORE: "", XDG_DATA_HOME: "/data", HOME: "/h" }, "/data/lading"],
  [{ XDG_DATA_HOME: "relative", HOME: "/h" }, "/h/.local/share/lading"],
  [{ XDG_DATA_HOME: "", HOME: "/h" }, "/h/.local/share/lading"],
  [{ HOME: "" }, join(homedir(), ".local/share/lading")],
  [{}, join(homedir(), ".local/share/lading")],
];

for (const [env, folder] of CASES) {
  test(`localStoreFolder() of ${JSON.stringify(env)}`, () => assert.is(localStoreFolder(env), folder));
}

test("openLocalStore() writes nothing before the first write, and keeps records beside content", async (context) => {
  const folder = join(await tempFolder(context), "store");
  const { store, cache } = openLocalStore(folder);
  assert.is(store.label, `store in "${folder}"`);
  assert.equal(await store.tags(), []);
  await cache.set("k", 1);
  await store.tag([{ name: "x", descriptor: await store.put("text/plain", fromBytes("x")) }]);
  const again = openLocalStore(folder);
  assert.is(await again.cache.get("k"), 1);
  assert.is((await again.store.resolve("x")).size, 1);
});

test.run();
