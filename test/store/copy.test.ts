import { lstat, readdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Descriptor, describe } from "../../src/oci/descriptor.js";
import { splitDigest } from "../../src/oci/digest.js";
import { decodeManifest } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { type CopiedBlob, copy } from "../../src/store/copy.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { putImage } from "../support/image.js";
import { missing, run } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { childModule } from "./children.js";

const test = suite("store/copy");

const bytes = (text: string) => Buffer.from(text);

async function putJson(store: Store, mediaType: string, value: unknown): Promise<Descriptor> {
  return await store.put(mediaType, fromBytes(JSON.stringify(value)));
}

const putIndex = (store: Store, manifests: readonly Descriptor[]) =>
  putJson(store, MEDIA_TYPE.index, { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests });

/** A store that tells what is put into it, in order. */
function watched(store: Store): { readonly store: Store; readonly puts: string[] } {
  const puts: string[] = [];
  const put: Store["put"] = async (mediaType, content, options) => {
    const descriptor = await store.put(mediaType, content, options);
    puts.push(mediaType);
    return descriptor;
  };
  return { store: { ...store, put }, puts };
}

async function newLayout(context: TestContext) {
  const folder = await tempFolder(context);
  const blob = ({ digest }: Descriptor) => join(folder, "blobs/sha256", splitDigest(digest).hex);
  return { folder, blob, store: createLayoutStore(folder, { shared: true }) };
}

const digests = (blobs: readonly CopiedBlob[]) => blobs.map(({ descriptor }) => descriptor.digest).sort();

test("copy() takes what a manifest needs that another one calls a layer", async () => {
  const from = createMemoryStore();
  const image = await putImage(from, [bytes("inside")]);
  const inside = decodeManifest(await collect(from.open(image), 10_000));
  const config = await from.put(MEDIA_TYPE.config, fromBytes("{}"));
  const layers = [{ ...image, mediaType: MEDIA_TYPE.layer }];
  const other = await putJson(from, MEDIA_TYPE.manifest, { schemaVersion: 2, config, layers });
  for (const manifests of [
    [other, image],
    [image, other],
  ]) {
    const root = await putIndex(from, manifests);
    const to = createMemoryStore();
    const { blobs } = await copy(root, from, to);
    assert.is(new Set(digests(blobs)).size, blobs.length);
    for (const needed of inside.layers) assert.ok(await to.has(needed));
  }
});

test("copy() moves an index with all that it reaches, once each, children before parents", async () => {
  const from = createMemoryStore();
  const one = await putImage(from, [bytes("shared"), bytes("one")]);
  const two = await putImage(from, [bytes("shared"), bytes("two")]);
  const inner = await putIndex(from, [two]);
  const root = await putIndex(from, [one, inner, one]);
  const { store: to, puts } = watched(createMemoryStore());
  const seen: CopiedBlob[] = [];
  let read = 0;
  const result = await copy(root, from, to, {
    onBlob: (blob) => seen.push(blob),
    onBytes: (_descriptor, count) => {
      read += count;
    },
  });
  assert.equal(puts.slice(-4), [MEDIA_TYPE.manifest, MEDIA_TYPE.manifest, MEDIA_TYPE.index, MEDIA_TYPE.index]);
  assert.equal(puts.slice(0, -4).sort(), [MEDIA_TYPE.config, MEDIA_TYPE.config, ...Array(3).fill(MEDIA_TYPE.layer)]);
  assert.is(new Set(digests(result.blobs)).size, 9);
  assert.equal(digests(seen), digests(result.blobs));
  const total = result.blobs.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  assert.equal(result.bytes, { skipped: 0, linked: 0, mounted: 0, copied: total });
  assert.is(read, total);
  for (const { descriptor } of result.blobs) assert.ok(await to.has(descriptor));
  assert.equal((await copy(root, from, to)).bytes, { skipped: total, linked: 0, mounted: 0, copied: 0 });
});

test("unknown fields go along, byte for byte", async () => {
  const from = createMemoryStore();
  const image = await putImage(from, [bytes("layer")], { "x-future": { a: [1] }, annotations: { b: "1", a: "2" } });
  const to = createMemoryStore();
  await copy(image, from, to);
  const [before, after] = [await collect(from.open(image), 5000), await collect(to.open(image), 5000)];
  assert.ok(before.equals(after));
});

test("between layouts of lading blobs are linked, manifests are written", async (context) => {
  const [from, to] = [await newLayout(context), await newLayout(context)];
  const root = await putImage(from.store, [bytes("layer")]);
  const layer = describe(MEDIA_TYPE.layer, bytes("layer"));
  const result = await copy(root, from.store, to.store);
  const actions = new Map(result.blobs.map(({ descriptor, action }) => [descriptor.mediaType, action]));
  assert.is(actions.get(MEDIA_TYPE.layer), "linked");
  assert.is(actions.get(MEDIA_TYPE.config), "linked");
  assert.is(actions.get(MEDIA_TYPE.manifest), "copied");
  assert.is(result.bytes.copied, root.size);
  assert.is((await lstat(from.blob(layer))).ino, (await lstat(to.blob(layer))).ino);
});

test("nothing is linked from or to a layout of another tool", async (context) => {
  for (const theirs of ["from", "to"]) {
    const [from, to] = [await newLayout(context), await newLayout(context)];
    const { folder } = theirs === "from" ? from : to;
    await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    const root = await putImage(from.store, [bytes("layer")]);
    const { linked } = (await copy(root, from.store, to.store)).bytes;
    assert.is(linked, 0, theirs);
    const layer = describe(MEDIA_TYPE.layer, bytes("layer"));
    assert.is.not((await lstat(from.blob(layer))).ino, (await lstat(to.blob(layer))).ino);
  }
});

const strace =
  missing("strace") ??
  ((await run("strace", ["-qq", "-o", "/dev/null", "true"])).code === 0 ? undefined : "leave to trace");

test.needs(strace, "where a file system takes no links, blobs are copied", async (context) => {
  const [from, to] = [await newLayout(context), await newLayout(context)];
  const root = await putImage(from.store, [bytes("layer")]);
  await from.store.tag([{ name: "x", descriptor: root }]);
  for (const errno of ["EPERM", "EXDEV", "EMLINK"]) {
    const inject = ["-e", "trace=link,linkat", "-e", `inject=link,linkat:error=${errno}`];
    const target = `${to.folder}/${errno}`;
    const words = [process.execPath, childModule, "copy", from.folder, target, "x"];
    const { code, stdout, stderr } = await run("strace", ["-f", "-qq", "-o", "/dev/null", ...inject, ...words]);
    assert.is(code, 0, stderr);
    const { skipped, linked, copied } = JSON.parse(stdout);
    assert.ok(skipped === 0 && linked === 0 && copied > 0, stdout);
    assert.is((await readdir(join(target, "blobs/sha256"))).length, 3);
  }
});

for (const [what, damage, code] of [
  ["damaged", "LAYER", "DIGEST_MISMATCH"],
  ["cut short", "lay", "DIGEST_MISMATCH"],
  ["gone", undefined, "NOT_FOUND"],
] as const) {
  test(`a blob that is ${what} at its source does not get to the destination`, async (context) => {
    const from = await newLayout(context);
    const root = await putImage(from.store, [bytes("layer")]);
    const layer = describe(MEDIA_TYPE.layer, bytes("layer"));
    if (damage === undefined) await unlink(from.blob(layer));
    else await writeFile(from.blob(layer), damage);
    const to = await newLayout(context);
    await writeFile(join(to.folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    for (const store of [createMemoryStore(), to.store]) {
      await rejects(copy(root, from.store, store), code);
      assert.not.ok(await store.has(layer));
      assert.not.ok(await store.has(root));
    }
    assert.equal(await readdir(join(to.folder, ".lading")), []);
  });
}

test("a manifest that is damaged at its source stops the copy before anything moves", async (context) => {
  const from = await newLayout(context);
  const root = await putImage(from.store, [bytes("layer")]);
  const text = await readFile(from.blob(root), "utf8");
  await writeFile(from.blob(root), text.replace("layers", "Layers"));
  const { store: to, puts } = watched(createMemoryStore());
  await rejects(copy(root, from.store, to), "DIGEST_MISMATCH");
  assert.equal(puts, []);
});

test("a manifest that is none is refused", async () => {
  const from = createMemoryStore();
  const root = await putJson(from, MEDIA_TYPE.manifest, { schemaVersion: 2, manifests: [] });
  await rejects(copy(root, from, createMemoryStore()), "FORMAT");
});

test("indexes may be nested 16 deep, and no deeper", async () => {
  const from = createMemoryStore();
  let root = await putImage(from, [bytes("layer")]);
  for (let depth = 0; depth < 16; depth++) root = await putIndex(from, [root]);
  await copy(root, from, createMemoryStore());
  const { store: to, puts } = watched(createMemoryStore());
  const error = await rejects(copy(await putIndex(from, [root]), from, to), "TOO_LARGE");
  assert.is(error.detail.limit, 16);
  assert.equal(puts, []);
});

test("layers that must not be distributed stay where they are", async () => {
  const from = createMemoryStore();
  const mediaType = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
  const kept = { ...describe(mediaType, bytes("secret")), urls: ["https://example.invalid/layer"] };
  const config = await from.put(MEDIA_TYPE.config, fromBytes("{}"));
  const root = await putJson(from, MEDIA_TYPE.manifest, { schemaVersion: 2, config, layers: [kept] });
  const { blobs } = await copy(root, from, createMemoryStore());
  assert.equal(digests(blobs), [config.digest, root.digest].sort());
});

test("a root of any other kind is copied as it is", async () => {
  const from = createMemoryStore();
  const root = await from.put("text/plain", fromBytes("hello"));
  assert.equal((await copy(root, from, createMemoryStore())).bytes, { skipped: 0, linked: 0, mounted: 0, copied: 5 });
});

test("a signal stops the copy", async (context) => {
  const { folder, store: to } = await newLayout(context);
  const from = createMemoryStore();
  const root = await putImage(from, [bytes("one"), bytes("two"), bytes("three")]);
  const controller = new AbortController();
  const { signal } = controller;
  const error = await copy(root, from, to, { signal, jobs: 1, onBlob: () => controller.abort() }).catch(
    (e: Error) => e,
  );
  assert.is((error as Error).name, "AbortError");
  assert.is((await readdir(join(folder, "blobs/sha256"))).length, 1);
  assert.not.ok(await to.has(root));
});

test("a store that has failed is asked for nothing more", async () => {
  const from = createMemoryStore();
  const root = await putImage(
    from,
    Array.from({ length: 20 }, (_, at) => bytes(`layer ${at}`)),
  );
  let puts = 0;
  const put: Store["put"] = async () => {
    puts++;
    throw new Error("the disk broke");
  };
  const error = await copy(root, from, { ...createMemoryStore(), put }, { jobs: 3 }).catch((caught: Error) => caught);
  assert.is((error as Error).message, "the disk broke");
  assert.is(puts, 3);
});

test.run();
