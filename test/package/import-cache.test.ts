import { chmod, link, readdir, readFile, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { deletePackages, showPackage } from "../../src/package/catalog.js";
import { importPackages } from "../../src/package/import.js";
import { rememberFile } from "../../src/package/import-cache.js";
import { type Cache, createFolderCache, createMemoryCache } from "../../src/store/cache.js";
import type { Store } from "../../src/store/store.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { debOf } from "../support/deb.js";
import { suite } from "../support/suite.js";
import { createPlace, tarGzWith, tarWith, writeNamed, writePackage } from "./files.js";

const test = suite("package/import-cache");

/** A package of the same size for every content of the same length. */
const stored = (content: string) => gzipSync(tarWith(content), { level: 0 });

/** Milliseconds after which a file counts as settled. */
const SETTLED = 130;

/** Imports, and tells how many bytes of packages that read. */
async function importCounted(store: Store, cache: Cache, ...paths: readonly string[]): Promise<number> {
  let count = 0;
  const onBytes = (bytes: number) => {
    count += bytes;
  };
  await importPackages(store, paths, { cache, onBytes, override: true });
  return count;
}

test("a second import reads no byte", async (context) => {
  const { folder, layout, store } = await createPlace(context);
  const paths = [await writeNamed(folder, "a"), await writePackage(folder, "demo.deb", debOf())];
  const cache = createFolderCache(join(layout, ".lading/cache"));
  await sleep(SETTLED);
  assert.ok((await importCounted(store, cache, ...paths)) > 0);
  const before = [await showPackage(store, "a"), await showPackage(store, "demo")];
  assert.is(await importCounted(store, createFolderCache(join(layout, ".lading/cache")), ...paths), 0);
  assert.equal([await showPackage(store, "a"), await showPackage(store, "demo")], before);
});

const CHANGES: readonly (readonly [string, (path: string, folder: string) => Promise<void>])[] = [
  ["touched", (path) => utimes(path, 1, 1)],
  ["made another mode", (path) => chmod(path, 0o600)],
  ["linked", (path, folder) => link(path, join(folder, "link"))],
  ["beside another document", (path) => writeFile(`${path}.json`, '{"name":"a","tags":["new"]}')],
  ["changed", (path) => writeFile(path, tarGzWith("other"))],
];

for (const [what, change] of CHANGES) {
  test(`a file that was ${what} is read again`, async (context) => {
    const { folder, store } = await createPlace(context);
    const cache = createMemoryCache();
    const path = await writeNamed(folder, "a");
    await sleep(SETTLED);
    await importCounted(store, cache, path);
    assert.is(await importCounted(store, cache, path), 0);
    await change(path, folder);
    assert.ok((await importCounted(store, cache, path)) > 0);
    const { layer, tags } = await showPackage(store, "a");
    assert.is(layer.descriptor.digest, digestOf(await readFile(path)));
    assert.equal(tags, what.includes("document") ? { new: "" } : {});
  });
}

test("other content of the same size and mtime is noticed, in place or by another file", async (context) => {
  for (const replace of [false, true]) {
    const { folder, store } = await createPlace(context);
    const cache = createMemoryCache();
    const path = await writePackage(folder, "a.tar.gz", stored("1"), { name: "a" });
    await utimes(path, 1_000_000_000, 1_000_000_000);
    await sleep(SETTLED);
    await importCounted(store, cache, path);
    const other = stored("2");
    const at = replace ? `${path}.new` : path;
    await writeFile(at, other);
    await utimes(at, 1_000_000_000, 1_000_000_000);
    if (replace) await rename(at, path);
    assert.ok((await importCounted(store, cache, path)) > 0);
    assert.is((await showPackage(store, "a")).layer.descriptor.digest, digestOf(other));
  }
});

test("however fast a file changes, what is imported is what it holds", async (context) => {
  const { folder, store } = await createPlace(context);
  const cache = createMemoryCache();
  for (let round = 0; round < 30; round++) {
    const bytes = stored(String(round % 10));
    const path = await writePackage(folder, "a.tar.gz", bytes, { name: "a" });
    await importCounted(store, cache, path);
    assert.is((await showPackage(store, "a")).layer.descriptor.digest, digestOf(bytes), `round ${round}`);
  }
});

test("no record is made of a file while it is fresh", async (context) => {
  const { folder, store } = await createPlace(context);
  const made: unknown[] = [];
  const cache: Cache = { get: async () => undefined, set: async (_key, record) => void made.push(record) };
  const descriptor = await store.put("text/plain", fromBytes("x"));
  const layer = {
    descriptor,
    files: descriptor,
    diffId: descriptor.digest,
    uncompressedSize: 1,
    entries: 0,
    normalized: [],
  };
  const remember = (path: string) =>
    rememberFile(store, path, { cache, variant: 1 }, async () => ({ layer, warnings: [] }));
  let fresh = false;
  for (let attempt = 0; attempt < 20 && !fresh; attempt++) {
    // A machine that is busy for longer than a tick in between proves nothing.
    const start = performance.now();
    const path = await writeNamed(folder, `a${attempt}`);
    made.length = 0;
    await remember(path);
    fresh = performance.now() - start < 80;
    if (fresh) assert.equal(made, []);
    await sleep(SETTLED);
    made.length = 0;
    await remember(path);
    assert.equal(made, [{ layer, warnings: [] }]);
  }
  assert.ok(fresh, "the machine is too slow to tell");
});

test("a record whose content is gone is of no use, and is made again", async (context) => {
  for (const part of ["layer", "files", "manifest"] as const) {
    const { folder, layout, store } = await createPlace(context);
    const cache = createMemoryCache();
    const path = await writeNamed(folder, "a");
    await sleep(SETTLED);
    await importCounted(store, cache, path);
    const { layer, manifest } = await showPackage(store, "a");
    await deletePackages(store, ["a"]);
    const { digest } = { layer: layer.descriptor, files: layer.files, manifest }[part];
    await rm(join(layout, "blobs", digest.replace(":", "/")));
    assert.ok((await importCounted(store, cache, path)) > 0, part);
    assert.is((await showPackage(store, "a")).layer.descriptor.digest, layer.descriptor.digest);
  }
});

test("records that are damaged or strange are of no use, and do no harm", async (context) => {
  const { folder, layout, store } = await createPlace(context);
  const path = await writeNamed(folder, "a");
  await sleep(SETTLED);
  const inner = createMemoryCache();
  for (const record of [null, 7, "x", [], {}, { layer: null }, { layer: { descriptor: {} } }, { package: {} }]) {
    const cache: Cache = { get: async () => record, set: inner.set };
    assert.ok((await importCounted(store, cache, path)) > 0, JSON.stringify(record));
  }
  const cached = join(layout, ".lading/cache");
  const cache = createFolderCache(cached);
  await importCounted(store, cache, path);
  const records = await readdir(cached);
  assert.ok(records.length > 0);
  for (const name of records) await writeFile(join(cached, name), "{");
  assert.ok((await importCounted(store, cache, path)) > 0);
  assert.is(await importCounted(store, cache, path), 0);
});

test("options that change the result are told apart", async (context) => {
  const { folder, store } = await createPlace(context);
  const cache = createMemoryCache();
  const path = await writeNamed(folder, "a");
  await sleep(SETTLED);
  let count = 0;
  const onBytes = (bytes: number) => {
    count += bytes;
  };
  const counted = async (run: () => Promise<unknown>) => {
    count = 0;
    await run();
    return count > 0;
  };
  const options = { cache, onBytes, override: true };
  const zstd = { type: "zstd" } as const;
  for (const isRead of [true, false]) {
    assert.is(await counted(() => importPackages(store, [path], options)), isRead);
    assert.is(await counted(() => importPackages(store, [path], { ...options, compression: zstd })), isRead);
  }
});

test.run();
