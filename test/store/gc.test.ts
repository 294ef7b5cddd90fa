import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { deliver } from "../../src/deliver.js";
import { verifyImage } from "../../src/image/verify.js";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { splitDigest } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createFolderCache } from "../../src/store/cache.js";
import { copy } from "../../src/store/copy.js";
import { collectGarbage } from "../../src/store/gc.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { acquireLock } from "../../src/store/lock.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { writeTar } from "../../src/tar/write.js";
import { putImage } from "../support/image.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("store/gc");
const tar = async (name: string) =>
  await collect(
    writeTar([
      { path: name, type: "file", mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 1, open: () => fromBytes("x") },
    ]),
    1 << 20,
  );

async function newLayout(context: TestContext) {
  const folder = await tempFolder(context);
  const path = ({ digest }: Descriptor) => join(folder, "blobs/sha256", splitDigest(digest).hex);
  const isThere = (blob: Descriptor) =>
    access(path(blob)).then(
      () => true,
      () => false,
    );
  return { folder, path, isThere, store: createLayoutStore(folder, { shared: true }) };
}

/** An image under a name, and one whose name has gone. */
async function fill(store: Store) {
  const kept = await putImage(store, [await tar("kept"), await tar("both")]);
  const gone = await putImage(store, [await tar("gone"), await tar("both")]);
  await store.tag([
    { name: "kept", descriptor: kept },
    { name: "gone", descriptor: gone },
  ]);
  await store.untag(["gone"]);
  return { kept, gone };
}

test("what no name leads to goes, and what one leads to stays", async (context) => {
  const { folder, isThere, store } = await newLayout(context);
  const { kept, gone } = await fill(store);
  await writeFile(join(folder, "blobs/sha256/README"), "not a blob");
  const found = await collectGarbage(folder, { graceMs: 0 });
  assert.equal([found.blobs.count, found.kept.count, found.young.count], [3, 4, 0]);
  assert.is(found.freed, found.blobs.bytes);
  assert.ok(found.digests.includes(gone.digest));
  assert.not.ok(await isThere(gone));
  assert.is((await verifyImage(store, kept)).layers, 2);
  await access(join(folder, "blobs/sha256/README"));
  const again = await collectGarbage(folder, { graceMs: 0 });
  assert.equal([again.blobs.count, again.freed], [0, 0]);
});

test("an index keeps what it lists, and a root without name keeps its image", async (context) => {
  const { folder, store } = await newLayout(context);
  const one = await putImage(store, [await tar("one")]);
  const two = await putImage(store, [await tar("two")]);
  const list = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [one] };
  const index = await store.put(MEDIA_TYPE.index, fromBytes(JSON.stringify(list)));
  await store.tag([{ name: "all", descriptor: index }, { descriptor: two }]);
  assert.is((await collectGarbage(folder, { graceMs: 0 })).blobs.count, 0);
  await store.untag([two.digest]);
  assert.is((await collectGarbage(folder, { graceMs: 0 })).blobs.count, 3);
  await verifyImage(store, index);
});

test("a manifest that another one calls a layer keeps what it needs", async (context) => {
  const { folder, store } = await newLayout(context);
  const image = await putImage(store, [await tar("one")]);
  const list = async (manifests: readonly object[]) => {
    return await store.put(
      MEDIA_TYPE.index,
      fromBytes(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests })),
    );
  };
  const outer = await list([await list([image])]);
  const config = await store.put(MEDIA_TYPE.config, fromBytes("{}"));
  const layers = [{ ...image, mediaType: MEDIA_TYPE.layer }];
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers };
  const other = await store.put(MEDIA_TYPE.manifest, fromBytes(JSON.stringify(manifest)));
  await store.tag([
    { name: "all", descriptor: outer },
    { name: "other", descriptor: other },
  ]);
  assert.is((await collectGarbage(folder, { graceMs: 0 })).blobs.count, 0);
  await verifyImage(store, outer);
});

test("a dry run says what would go, and touches nothing", async (context) => {
  const { folder, isThere, store } = await newLayout(context);
  const { gone } = await fill(store);
  const before = await readdir(folder, { recursive: true });
  const found = await collectGarbage(folder, { graceMs: 0, dryRun: true });
  assert.is(found.blobs.count, 3);
  assert.ok(await isThere(gone));
  assert.equal(await readdir(folder, { recursive: true }), before);
});

test("what is young stays, whoever wrote it", async (context) => {
  const { folder, isThere, store } = await newLayout(context);
  const { gone } = await fill(store);
  const found = await collectGarbage(folder);
  assert.equal([found.blobs.count, found.young.count], [0, 3]);
  await sleep(2500);
  const fresh = await store.put("text/plain", fromBytes("just now"));
  const later = await collectGarbage(folder, { graceMs: 2400 });
  assert.equal([later.blobs.count, later.young.count], [3, 1]);
  assert.equal([await isThere(gone), await isThere(fresh)], [false, true]);
});

test("who asks for an old blob makes it young", async (context) => {
  const { folder, path, store } = await newLayout(context);
  const blob = await store.put("text/plain", fromBytes("old"));
  const before = await stat(path(blob));
  await sleep(50);
  const now = Date.now;
  context.defer(() => {
    Date.now = now;
  });
  Date.now = () => now() + 2 * 3600 * 1000;
  assert.ok(await createLayoutStore(folder).has(blob));
  Date.now = now;
  const after = await stat(path(blob));
  assert.ok(after.ctimeMs > before.ctimeMs);
  assert.ok(Math.abs(after.mtimeMs - before.mtimeMs) < 1);
});

/** A layout has to list something to be one. */
async function folderWithIndex(folder: string): Promise<string> {
  const store = createLayoutStore(folder);
  await store.tag([{ descriptor: await store.put("text/plain", fromBytes("listed")) }]);
  return folder;
}

test("a name is refused where a collection took what it leads to, and a copy brings that again", async (context) => {
  const { folder, store } = await newLayout(context);
  await folderWithIndex(folder);
  const from = createMemoryStore();
  const root = await putImage(from, [await tar("a"), await tar("b")]);
  await copy(root, from, store);
  await collectGarbage(folder, { graceMs: 0 });
  const error = await rejects(store.tag([{ name: "x", descriptor: root }]), "NOT_FOUND");
  assert.is(error.detail.what, "blob");
  // The same between the two steps of a delivery.
  let times = 0;
  const tag: Store["tag"] = async (roots, io) => {
    if (times++ === 0) await collectGarbage(folder, { graceMs: 0 });
    await store.tag(roots, io);
  };
  await deliver(root, from, { store: { ...store, tag }, name: "x", label: "x" });
  assert.is(times, 2);
  await verifyImage(createLayoutStore(folder), root);
  // Only a layer is gone: its manifest is not enough.
  const other = await putImage(from, [await tar("c")]);
  const slow = createLayoutStore(folder);
  await copy(other, from, slow);
  await collectGarbage(folder, { graceMs: 0 });
  await slow.put(other.mediaType, from.open(other));
  await rejects(slow.tag([{ name: "y", descriptor: other }]), "NOT_FOUND");
});

test("collections beside copies lose nothing", async (context) => {
  const { folder } = await newLayout(context);
  await folderWithIndex(folder);
  const from = createMemoryStore();
  const roots: Descriptor[] = [];
  for (let count = 0; count < 24; count++) {
    roots.push(
      await putImage(from, [await tar("shared"), await tar(`own ${count % 6}`)], { annotations: { n: `${count}` } }),
    );
  }
  let done = false;
  const collecting = (async () => {
    let removed = 0;
    while (!done) removed += (await collectGarbage(folder, { graceMs: 1 })).blobs.count;
    return removed;
  })();
  for (let at = 0; at < roots.length; at += 6) {
    await Promise.all(
      roots.slice(at, at + 6).map(async (root, each) => {
        const store = createLayoutStore(folder);
        for (;;) {
          try {
            await deliver(root, from, { store, name: `image${at + each}`, label: "x" });
            return;
          } catch (error) {
            // A grace of a millisecond is shorter than any copy: it may lose every time, but says so.
            if ((error as { code?: string }).code !== "NOT_FOUND") throw error;
          }
        }
      }),
    );
  }
  done = true;
  await collecting;
  const store = createLayoutStore(folder);
  for (const [at, root] of roots.entries()) {
    assert.is((await store.resolve(`image${at}`)).digest, root.digest);
    assert.is((await verifyImage(store, root)).layers, 2);
  }
});

test("roots without a name go where that is wanted, but what refers to one that stays", async (context) => {
  const { folder, isThere, store } = await newLayout(context);
  const { kept, gone } = await fill(store);
  const refer = (subject: Descriptor) => putImage(store, [], { subject });
  const [one, other] = [await refer(kept), await refer(gone)];
  const two = await refer(one);
  await store.tag([one, other, two, gone].map((descriptor) => ({ descriptor })));
  assert.is((await collectGarbage(folder, { graceMs: 0 })).blobs.count, 0);
  assert.equal((await collectGarbage(folder, { untagged: true })).untagged, []);
  const dry = await collectGarbage(folder, { graceMs: 0, untagged: true, dryRun: true });
  const found = await collectGarbage(folder, { graceMs: 0, untagged: true });
  assert.equal([dry.untagged, dry.digests], [found.untagged, found.digests]);
  assert.equal(found.untagged, [gone.digest, other.digest].sort());
  assert.equal(await Promise.all([kept, one, two, gone, other].map(isThere)), [true, true, true, false, false]);
  assert.equal(
    (await store.tags()).map(({ descriptor }) => descriptor.digest).sort(),
    [kept, one, two].map(({ digest }) => digest).sort(),
  );
});

test("a damaged manifest stops the collection, a missing one is reported", async (context) => {
  const { folder, path, isThere, store } = await newLayout(context);
  const { kept, gone } = await fill(store);
  const bytes = await collect(store.open(kept), 1 << 20);
  await writeFile(path(kept), Buffer.alloc(bytes.length));
  await rejects(collectGarbage(folder, { graceMs: 0 }), "DIGEST_MISMATCH");
  assert.ok(await isThere(gone));
  await rm(path(kept));
  const found = await collectGarbage(folder, { graceMs: 0 });
  assert.equal(found.missing, [kept.digest]);
  await rejects(collectGarbage(join(folder, "none")), "NOT_FOUND");
});

test("records about what goes go, and files of dead writers", async (context) => {
  const { folder, store } = await newLayout(context);
  const { kept, gone } = await fill(store);
  const hidden = join(folder, ".lading");
  const cache = createFolderCache(join(hidden, "cache"), hidden);
  await cache.set("kept", { descriptor: kept });
  await cache.set("gone", { descriptor: gone });
  // A process that has ended, in whose name a file is.
  const child = spawn(process.execPath, [
    "-e",
    CHILD,
    hidden,
    new URL("../../src/store/write-file.js", import.meta.url).href,
  ]);
  await once(child, "close");
  assert.is((await readdir(hidden)).filter((name) => name.startsWith("tmp-")).length, 1);
  const found = await collectGarbage(folder, { graceMs: 0 });
  assert.equal([found.records.count, found.temporaries], [1, { count: 1, bytes: 7 }]);
  assert.is(found.freed, found.blobs.bytes + found.records.bytes + 7);
  assert.equal(await cache.get("gone"), undefined);
  assert.equal(await cache.get("kept"), { descriptor: kept });
  assert.equal(
    (await readdir(hidden)).filter((name) => name.startsWith("tmp-")),
    [],
  );
});

const CHILD = `
const [, folder, module] = process.argv;
const { createTemporaryFile } = await import(module);
await (await createTemporaryFile(folder)).handle.writeFile("partial");
process.kill(process.pid, "SIGKILL");
`;

test("a collection waits for who sets a name", async (context) => {
  const { folder, isThere, store } = await newLayout(context);
  const { gone } = await fill(store);
  const lock = await acquireLock(join(folder, ".lading/lock"));
  await rejects(collectGarbage(folder, { graceMs: 0, deadlineMs: 100 }), "EXISTS");
  assert.ok(await isThere(gone));
  await lock.release();
  assert.is((await collectGarbage(folder, { graceMs: 0 })).blobs.count, 3);
});

test("a blob that another layout shares frees nothing", async (context) => {
  const [one, two] = [await newLayout(context), await newLayout(context)];
  const { gone } = await fill(one.store);
  await mkdir(two.folder, { recursive: true });
  const layer = { ...gone };
  await copy(layer, one.store, two.store);
  const found = await collectGarbage(one.folder, { graceMs: 0 });
  assert.is(found.blobs.count, 3);
  assert.is(found.freed < found.blobs.bytes, true);
});

test.run();
