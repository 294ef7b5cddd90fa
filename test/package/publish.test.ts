/**
 * Publishing to repositories, alone and at once.
 *
 * @module
 */

import * as assert from "uvu/assert";
import { createHttpClient } from "../../src/http/client.js";
import { CATALOG_ANNOTATION, listPackage, packageTag } from "../../src/package/artifact.js";
import { listPackages } from "../../src/package/catalog.js";
import { CATALOG_TAG, catalogEntry, encodeCatalog } from "../../src/package/catalog-document.js";
import { importPackages } from "../../src/package/import.js";
import type { Package } from "../../src/package/package.js";
import { publishPackages } from "../../src/package/publish.js";
import { listPublished } from "../../src/package/published.js";
import { searchPackages } from "../../src/package/search.js";
import { updateCatalog } from "../../src/package/update-catalog.js";
import { createRegistryStore } from "../../src/registry/client.js";
import { copy } from "../../src/store/copy.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { collect } from "../../src/stream/bytes.js";
import { controlOf, debOf, diskFile } from "../support/deb.js";
import { startDockerRegistry } from "../support/docker-registry.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("package/publish", { deadlineMs: 120_000 });
const REGISTRIES = [
  ["lading serve", startEmbeddedRegistry, undefined],
  ["docker-registry", startDockerRegistry, missing("docker-registry")],
] as const;

const control = (name: string, more: Readonly<Record<string, string>> = {}) =>
  controlOf({ Package: name, Description: `The ${name} of tests\n and more`, ...more });

/** A store with small packages of these names. */
async function storeOf(context: TestContext, names: readonly string[], content = ""): Promise<Store> {
  const folder = await tempFolder(context);
  const store = createMemoryStore();
  const paths: string[] = [];
  for (const name of names) {
    const deb = debOf({ control: control(name), files: [[`./usr/share/${name}`, `${name}${content}`]] });
    paths.push((await diskFile(folder, `${name}.deb`, deb)).path);
  }
  await importPackages(store, paths);
  return store;
}

/** Connections that count the requests. */
function createCountingClient() {
  const client = createHttpClient();
  let count = 0;
  const request: typeof client.request = (asked) => {
    count++;
    return client.request(asked);
  };
  return { client: { ...client, request }, count: () => count };
}

const namesOf = async (store: Store) => (await listPublished(store)).map(({ name }) => name);
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

for (const [registry, start, lacking] of REGISTRIES) {
  test.needs(lacking, `${registry}: what is published is listed, whole, in one document`, async (context) => {
    const { host } = await start(context);
    const local = await storeOf(context, ["one", "two"]);
    const to = createRegistryStore({ registry: host, repository: "team/packages" });
    const { packages, listed, bytes } = await publishPackages(local, ["one"], to);
    assert.equal([packages.map(({ status }) => status), listed, bytes.copied > 0], [["published"], 1, true]);
    const again = await publishPackages(local, [], to, { all: true });
    assert.equal(
      again.packages.map(({ status }) => status),
      ["unchanged", "published"],
    );
    assert.equal(await listPublished(to), await listPackages(local));
    const { client, count } = createCountingClient();
    await listPublished(createRegistryStore({ registry: host, repository: "team/packages" }, { client }));
    assert.is(count(), 1);
    assert.equal(
      searchPackages(await listPublished(to), "TWO of").map(({ name }) => name),
      ["two"],
    );
  });

  test.needs(lacking, `${registry}: a catalog in shards`, async (context) => {
    const { host } = await start(context);
    const local = await storeOf(context, ["one", "two", "three", "four"]);
    const to = createRegistryStore({ registry: host, repository: "team/packages" });
    const packages = await listPackages(local);
    for (const pkg of packages) {
      await copy(pkg.manifest, local, to);
      await to.tag([{ name: packageTag(pkg), descriptor: pkg.manifest }]);
    }
    assert.is(await updateCatalog(to, packages, { maxBytes: 3000 }), 4);
    const root = JSON.parse(String(await collect(to.open(await to.resolve(CATALOG_TAG)), 1e6)));
    assert.ok(root.manifests.every(({ artifactType = "" }) => artifactType === "application/vnd.lading.catalog.v1"));
    assert.equal(await listPublished(to), packages);
  });

  test.needs(lacking, `${registry}: eight who publish at once are all listed`, async (context) => {
    const { host } = await start(context);
    const publishers = range(8).map((number) => range(3).map((index) => `p${number}-${index}`));
    const stores = await Promise.all(publishers.map((names) => storeOf(context, names)));
    const open = () => createRegistryStore({ registry: host, repository: "team/packages" });
    await Promise.all(stores.map((store) => publishPackages(store, [], open(), { all: true })));
    assert.equal(await namesOf(open()), publishers.flat());
  });
}

test("whoever's catalog comes late lists what others published meanwhile", async (context) => {
  const [mine, others] = [await storeOf(context, ["one"]), await storeOf(context, ["one", "two"], " changed")];
  const to = createMemoryStore("docker://host/team");
  await publishPackages(mine, ["one"], to);
  let isFirst = true;
  /** The repository as it is for a slow publisher: just before its catalog is there, others have published all of theirs. */
  const slow: Store = {
    ...to,
    async tag(roots, options) {
      const isOvertaken = isFirst && roots.some(({ name }) => name === CATALOG_TAG);
      if (isOvertaken) isFirst = false;
      if (isOvertaken) await publishPackages(others, [], to, { all: true, override: true });
      await to.tag(roots, options);
    },
  };
  await publishPackages(await storeOf(context, ["three"]), ["three"], slow);
  const expected = [...(await listPackages(others)), ...(await listPackages(await storeOf(context, ["three"])))];
  const digestsOf = (packages: readonly Package[]) => packages.map(({ manifest }) => manifest.digest).sort();
  assert.equal(digestsOf(await listPublished(to)), digestsOf(expected));
});

test("another package of the same name and version is refused, replaced or left", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const [before, after] = [await storeOf(context, ["one"]), await storeOf(context, ["one", "two"], " changed")];
  const to = createRegistryStore({ registry: host, repository: "team/packages" });
  await publishPackages(before, ["one"], to);
  assert.match(
    (await rejects(publishPackages(after, ["two", "one"], to), "EXISTS")).message,
    /Cannot publish .*--override replaces it/,
  );
  assert.equal(await namesOf(to), ["one"], "and nothing else was published");
  const skipped = await publishPackages(after, ["one"], to, { skipExisting: true });
  assert.equal(
    skipped.packages.map(({ status }) => status),
    ["skipped"],
  );
  assert.equal(await listPublished(to), await listPackages(before));
  const replaced = await publishPackages(after, ["one"], to, { override: true });
  assert.equal(
    replaced.packages.map(({ status }) => status),
    ["replaced"],
  );
  assert.equal(
    (await listPublished(to)).map(({ manifest }) => manifest.digest),
    [(await listPackages(after))[0]?.manifest.digest],
  );
});

test("a repository without a catalog says so; a tag that is no catalog, too", async () => {
  const store = createMemoryStore("docker://host/team");
  assert.match((await rejects(listPublished(store), "NOT_FOUND")).message, /there is none/);
  const descriptor = await storeIndex(store);
  await store.tag([{ name: CATALOG_TAG, descriptor }]);
  assert.match((await rejects(listPublished(store), "FORMAT")).message, /something else/);
});

async function storeIndex(store: Store) {
  const { encodeIndex } = await import("../../src/oci/manifest.js");
  const { fromBytes } = await import("../../src/stream/bytes.js");
  const mediaType = "application/vnd.oci.image.index.v1+json";
  return await store.put(mediaType, fromBytes(encodeIndex({ schemaVersion: 2, mediaType, manifests: [] })));
}

test("the tags are the truth: what was left out comes in, and what went goes", async (context) => {
  const store = await storeOf(context, ["one", "two", "three"]);
  const [first, second] = (await listPackages(store)) as [Package, Package];
  assert.is(await updateCatalog(store, []), 3);
  await store.untag([packageTag(first), CATALOG_TAG]);
  await store.tag([{ name: "other-0123456789ab", descriptor: await storeIndex(store) }]);
  assert.is(await updateCatalog(store, []), 2);
  await store.untag([packageTag(second)]);
  assert.is(await updateCatalog(store, []), 1);
  assert.equal(await namesOf(store), ["two"]);
});

test("a large catalog is spread over shards, and a package that changes leaves the others", async (context) => {
  const store = await storeOf(
    context,
    range(24).map((index) => `p${String(index).padStart(2, "0")}`),
  );
  const packages = await listPackages(store);
  const maxBytes = 10_000;
  await updateCatalog(store, packages, { maxBytes });
  const { size } = await store.resolve(CATALOG_TAG);
  assert.ok(size < maxBytes, `${size}`);
  assert.equal(await listPublished(store), packages);
  const entries = packages.map((pkg) => catalogEntry(packageTag(pkg), listPackage(pkg)));
  const changed = entries.map((entry, index) => (index === 5 ? { ...entry, size: entry.size + 1 } : entry));
  const [before, after] = [entries, changed].map((each) => encodeCatalog([...each].reverse(), maxBytes).shards);
  assert.ok((before?.length ?? 0) > 2);
  const isSame = (shard: Uint8Array, index: number) => Buffer.compare(shard, after?.[index] ?? Buffer.of()) === 0;
  assert.is(before?.filter((shard, index) => !isSame(shard, index)).length, 1);
});

test("a line that is too long is left to the package itself", async (context) => {
  const store = await storeOf(context, ["one"]);
  const [pkg] = (await listPackages(store)) as [Package];
  const listed = listPackage(pkg);
  const long = { ...listed, annotations: { [CATALOG_ANNOTATION]: "x".repeat(300_000) } };
  assert.equal(Object.keys(catalogEntry("t", long).annotations ?? {}), ["io.lading.tag"]);
});

test.run();
