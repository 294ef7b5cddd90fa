import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createFolderCache, createMemoryCache } from "../../src/store/cache.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("store/cache");

for (const kind of ["memory", "folder"]) {
  test(`a cache in ${kind === "memory" ? "memory" : "a folder"} gives back what JSON holds of a record`, async (context) => {
    const cache = kind === "memory" ? createMemoryCache() : createFolderCache(join(await tempFolder(context), "a/b"));
    assert.is(await cache.get("k"), undefined);
    const record = { a: [1, null, "x"], left: undefined };
    await cache.set("k", record);
    record.a.push(2);
    assert.equal(await cache.get("k"), { a: [1, null, "x"] });
    await cache.set("k", "newer");
    assert.is(await cache.get("k"), "newer");
    assert.is(await cache.get("K"), undefined);
  });
}

test("records that are damaged, of another key, or no files are not there", async (context) => {
  const folder = await tempFolder(context);
  const cache = createFolderCache(folder);
  await cache.set("k", { n: 1 });
  const [name = ""] = await readdir(folder);
  const path = join(folder, name);
  const whole = await readFile(path, "utf8");
  for (const text of ["", "{", "null", "[]", "7", whole.slice(0, -1), whole.replace('"k"', '"j"')]) {
    await writeFile(path, text);
    assert.is(await cache.get("k"), undefined, text);
  }
  await cache.set("k", { n: 2 });
  assert.equal(await cache.get("k"), { n: 2 });
});

test("a cache that cannot be written loses its records, and says nothing", async (context) => {
  const folder = await tempFolder(context);
  await writeFile(join(folder, "file"), "");
  await symlink("nowhere/at/all", join(folder, "link"));
  for (const name of ["file", "file/below", "link"]) {
    const cache = createFolderCache(join(folder, name));
    await cache.set("k", 1);
    assert.is(await cache.get("k"), undefined);
  }
});

test("many writers of one key leave one whole record and nothing else", async (context) => {
  const folder = await tempFolder(context);
  const long = "x".repeat(100_000);
  const writers = Array.from({ length: 30 }, (_, at) => createFolderCache(folder).set("k", { at, long }));
  const readers = Array.from({ length: 30 }, async () => {
    const record = (await createFolderCache(folder).get("k")) as { long: string } | undefined;
    assert.ok(record === undefined || record.long === long);
  });
  await Promise.all([...writers, ...readers]);
  assert.is((await readdir(folder)).length, 1);
});

test("a cache that comes before its layout does not keep the layout from being lading's own", async (context) => {
  const folder = await tempFolder(context);
  await mkdir(join(folder, ".lading"), { recursive: true });
  await createFolderCache(join(folder, ".lading/cache")).set("k", 1);
  const store = createLayoutStore(folder, { shared: true });
  const descriptor = await store.put("text/plain", fromBytes("x"));
  assert.ok(await store.sharedFile?.(descriptor));
});

test.run();
