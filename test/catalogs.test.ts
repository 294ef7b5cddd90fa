/**
 * Images of packages in registries: where their bytes come from, and go to.
 *
 * @module
 */

import { join } from "node:path";
import * as assert from "uvu/assert";
import { build } from "../src/build.js";
import { openCatalogs } from "../src/catalogs.js";
import { deliver, planDelivery } from "../src/deliver.js";
import { verifyImage } from "../src/image/verify.js";

import { listPackages } from "../src/package/catalog.js";
import { createLayoutStore } from "../src/store/layout.js";
import { openLocalStore } from "../src/store/local.js";
import type { Store } from "../src/store/store.js";
import { openTransport } from "../src/transport.js";
import { startEmbeddedRegistry } from "./support/embedded-registry.js";
import { publish, recipeOf, SIZE } from "./support/published.js";
import { rejects } from "./support/rejects.js";
import { suite, type TestContext } from "./support/suite.js";
import { tempFolder } from "./support/temp.js";

const test = suite("catalogs", { deadlineMs: 120_000 });

async function createLocal(context: TestContext) {
  const folder = join(await tempFolder(context), "store");
  return { folder, local: openLocalStore(folder) };
}

const whole = async (store: Store, name: string) => await verifyImage(store, await store.resolve(name));

test("layers are mounted in their own registry, streamed to another, and kept on no disk", async (context) => {
  const [here, there] = [await startEmbeddedRegistry(context), await startEmbeddedRegistry(context)];
  const catalog = await publish(context, here.host, "team/packages", ["one", "two"]);
  const { local } = await createLocal(context);
  const { root, images, store = local.store } = await build(recipeOf([catalog], "one", "two"), { local });
  const layers = images.flatMap((image) => image.layers).map(({ descriptor }) => descriptor);
  for (const [host, action] of [
    [here.host, "mount"],
    [there.host, "stream"],
  ] as const) {
    const place = await openTransport(`docker://${host}/team/app:1`, { local });
    const plan = await planDelivery(root, store, place);
    const done = await deliver(root, store, place);
    assert.equal(
      plan.blobs.map(({ action: planned, streamed }) => [planned, streamed]),
      done.blobs.map(({ action: was, streamed }) => [was, streamed]),
    );
    assert.is(done.bytes.mounted > 2 * SIZE, action === "mount");
    assert.is(done.blobs.filter(({ streamed }) => streamed).length, action === "stream" ? 2 : 0);
    assert.ok(await whole(place.store, "1"));
  }
  const kept = await Promise.all(layers.map((layer) => local.store.has(layer)));
  assert.equal(kept, [false, false, true], "the generated layer alone is here");
});

test("for other places layers are fetched", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const catalog = await publish(context, host, "team/packages", ["one"]);
  const { folder, local } = await createLocal(context);
  const { root, store = local.store } = await build(recipeOf([catalog], "one"), { local });
  for (const place of [`oci:${join(folder, "../out")}:1`, "store:one:1"]) {
    const to = await openTransport(place, { local });
    const { blobs } = await deliver(root, store, to);
    assert.ok(blobs.every(({ streamed }) => !streamed));
    await whole(to.store, to.name);
  }
  await whole(createLayoutStore(folder), "one:1");
});

test("of a package that several catalogs have, the first one's is taken; without any, the local store", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const first = await publish(context, host, "team/first", ["one"]);
  const second = await publish(context, host, "team/second", ["one", "two"]);
  const { local } = await createLocal(context);
  const digestsOf = async (names: readonly string[]) =>
    (await openCatalogs(names, { local })).packages.map(({ manifest }) => manifest.digest);
  const [[one], both] = [await digestsOf([first]), await digestsOf([second])];
  assert.equal(await digestsOf([first, second]), [one, both[1]]);
  assert.equal(await digestsOf([second, first, second]), both);
  assert.equal((await openCatalogs([], { local })).packages, await listPackages(local.store));
  assert.equal(await digestsOf(["store:", first]), [one]);
});

test("layers that have to be made anew are read from where they are", async (context) => {
  const [here, there] = [await startEmbeddedRegistry(context), await startEmbeddedRegistry(context)];
  const catalog = await publish(context, here.host, "team/packages", ["one", "two", "three"]);
  const { local } = await createLocal(context);
  const recipe = recipeOf([catalog], "one", "two", "three");
  const shapes = [{ maxLayers: 2 }, { compression: { type: "zstd" } }, { singleId: true, squash: {} }] as const;
  for (const [index, shape] of shapes.entries()) {
    const { root, images, store = local.store } = await build(recipe, { local, ...shape });
    const place = await openTransport(`docker://${there.host}/team/app:${index}`, { local });
    const { blobs } = await deliver(root, store, place);
    await whole(place.store, place.name);
    assert.is(images[0]?.layers.length, [2, 4, 1][index]);
    assert.ok(
      blobs.every(({ streamed }) => !streamed),
      "what was made is here",
    );
  }
});

test("what a catalog's registry has lost is an error, and nothing gets a name", async (context) => {
  const registry = await startEmbeddedRegistry(context);
  const catalog = await publish(context, registry.host, "team/packages", ["one"]);
  const { local, folder } = await createLocal(context);
  const { root, images, store = local.store } = await build(recipeOf([catalog], "one"), { local });
  const lost = images[0]?.layers[0]?.descriptor.digest.slice("sha256:".length) ?? "";
  const { rm } = await import("node:fs/promises");
  await rm(join(registry.folder, "team/packages/_layout/blobs/sha256", lost));
  const to = await openTransport(`oci:${join(folder, "../out")}:1`, { local });
  await rejects(deliver(root, store, to), "NOT_FOUND");
  assert.equal(await to.store.tags().catch(() => []), []);
});

test("catalogs are for recipes", async (context) => {
  const { buildFiles } = await import("../src/build-files.js");
  const { local } = await createLocal(context);
  await rejects(buildFiles([], { local }, recipeOf(["store:"])), "UNSUPPORTED");
  await rejects(build(recipeOf(["docker://127.0.0.1:1/none"], "one"), { local }), "NETWORK");
});

test.run();
