import { chmod, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { buildCached } from "../../src/image/build-cache.js";
import type { BuildImageOptions } from "../../src/image/build-image.js";
import type { Content, ImageContents } from "../../src/image/content.js";
import { verifyImage } from "../../src/image/verify.js";
import { decodeManifest } from "../../src/oci/manifest.js";
import { openLocalStore } from "../../src/store/local.js";
import { collect } from "../../src/stream/bytes.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { AMD64, addPackage, contentOf, directory, file, NO_SETTINGS, symlink } from "./make.js";

const test = suite("image/build-cache");

/** Longer than a clock tick: files that changed later than that are not remembered. */
const TICK_MS = 150;

/** A store with two packages, and a recipe's folder with a file. */
async function prepare(context: TestContext) {
  const folder = await tempFolder(context);
  const local = openLocalStore(join(folder, "store"));
  const os = await addPackage(local.store, "os", [directory("usr"), symlink("bin", "usr"), file("usr/x", "1")]);
  const tool = await addPackage(local.store, "tool", [file("bin/tool"), file("usr/x", "2")]);
  await writeFile(join(folder, "app"), "first");
  await sleep(TICK_MS);
  const contents: readonly Content[] = [os, tool].map(contentOf);
  const files = [{ from: "app", to: "/srv/app", ignore: [] }];
  const input: ImageContents = { platform: AMD64, contents, files, folder, settings: NO_SETTINGS };
  const warnings: string[] = [];
  const onWarning: BuildImageOptions["onWarning"] = ({ message }) => warnings.push(message);
  const build = (more: Partial<ImageContents> = {}, options: BuildImageOptions = {}) =>
    buildCached(local.store, local.cache, { ...input, ...more }, { onWarning, ...options });
  return { folder, local, input, build, warnings };
}

test("a second build is known, reads nothing, and warns again", async (context) => {
  const { folder, build, warnings } = await prepare(context);
  const first = await build();
  assert.is(first.known, false);
  await chmod(join(folder, "app"), 0o644);
  await sleep(TICK_MS);
  const again = await build();
  const known = await build();
  assert.equal([again.known, known.known], [false, true]);
  assert.equal(known.descriptor, first.descriptor);
  assert.equal(known.layers, first.layers);
  assert.equal(
    warnings,
    Array.from({ length: 3 }, () => "tool replaces /usr/x of os"),
  );
});

const CHANGES: readonly (readonly [title: string, input: Partial<ImageContents>, options: BuildImageOptions])[] = [
  ["another platform", { platform: { os: "linux", architecture: "arm64" } }, {}],
  ["another setting", { settings: { ...NO_SETTINGS, user: "joe" } }, {}],
  ["environments in another order", { settings: { ...NO_SETTINGS, environments: [{ B: "", A: "" }] } }, {}],
  ["other contents", { contents: [] }, {}],
  ["another target", { files: [{ from: "app", to: "/srv/other", ignore: [] }] }, {}],
  ["another epoch", {}, { epoch: 1 }],
  ["another compression", {}, { compression: { type: "none" } }],
];

test("whatever changes the image changes the key", async (context) => {
  const { build } = await prepare(context);
  await build();
  assert.is((await build()).known, true);
  const seen = new Set([(await build()).descriptor.digest]);
  for (const [title, input, options] of CHANGES) {
    const { known, descriptor } = await build(input, options);
    assert.is(known, false, title);
    seen.add(descriptor.digest);
  }
  assert.is(seen.size, CHANGES.length + 1);
});

test("an edited file gives another image; one edited within a tick too", async (context) => {
  const { folder, build } = await prepare(context);
  const first = await build();
  await writeFile(join(folder, "app"), "other");
  const second = await build();
  await writeFile(join(folder, "app"), "third");
  const isFresh = Date.now() - (await stat(join(folder, "app"))).ctimeMs < 50;
  const third = await build();
  assert.is(new Set([first, second, third].map(({ descriptor }) => descriptor.digest)).size, 3);
  // What was so fresh is not remembered, until it has settled.
  await sleep(TICK_MS);
  if (isFresh) assert.is((await build()).known, false);
  await build();
  assert.is((await build()).known, true);
});

test("an mtime that is set back is seen", async (context) => {
  const { folder, build } = await prepare(context);
  const first = await build();
  await writeFile(join(folder, "app"), "other");
  await utimes(join(folder, "app"), 1, 1);
  assert.is.not((await build()).descriptor.digest, first.descriptor.digest);
});

test("whatever blob is missing, the image is built again and whole", async (context) => {
  const { folder, local, build } = await prepare(context);
  const { descriptor, layers } = await build();
  const manifest = decodeManifest(await collect(local.store.open(descriptor), 1 << 20));
  // Layers of packages are not lading's to make again: those that it made are.
  const made = [descriptor, manifest.config, ...layers.slice(1).map((layer) => layer.descriptor)];
  for (const { digest } of made) {
    await rm(join(folder, "store/blobs", digest.replace(":", "/")));
    const again = await build();
    assert.equal([again.known, again.descriptor], [false, descriptor], digest);
    await verifyImage(local.store, descriptor);
  }
});

test("a cache that holds nonsense is as good as none", async (context) => {
  const { local, input, build } = await prepare(context);
  const { descriptor } = await build();
  for (const record of [
    3,
    "x",
    {},
    { layers: [], warnings: [] },
    { descriptor: {}, config: 1, layers: [{}], warnings: [] },
  ]) {
    const cache = { get: async () => record, set: async () => {} };
    const built = await buildCached(local.store, cache, input, {});
    assert.equal([built.known, built.descriptor], [false, descriptor], JSON.stringify(record));
  }
});

test.run();
