import { rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import type { BuildOptions } from "../src/build.js";
import { buildFiles, EMPTY_RECIPE } from "../src/build-files.js";
import { importPackages } from "../src/package/import.js";
import type { Recipe } from "../src/recipe/recipe.js";
import { blobPath } from "../src/store/layout-blobs.js";
import { openLocalStore } from "../src/store/local.js";
import { createTemporaryFile } from "../src/store/write-file.js";
import { file, tarOf } from "./image/make.js";
import { suite, type TestContext } from "./support/suite.js";
import { tempFolder } from "./support/temp.js";

const test = suite("build-files");

/** Longer than a clock tick: files that changed later than that are not remembered. */
const TICK_MS = 150;

/** Two tarballs, one of them a package that needs another of the store, and a store whose cache counts what it is asked. */
async function prepare(context: TestContext) {
  const folder = await tempFolder(context);
  const place = (name: string) => join(folder, name);
  const write = async (name: string, content: string, document?: object) => {
    await writeFile(place(`${name}.tar.gz`), gzipSync(await tarOf([file(name, content), file("shared", name)])));
    if (document !== undefined) await writeFile(place(`${name}.json`), JSON.stringify({ name, ...document }));
  };
  await write("app", "app", { dependencies: ["runtime=lib"] });
  await write("bare", "bare");
  const addLibrary = async (to: BuildOptions["local"], content: string) => {
    await write("lib", content, { provides: ["runtime=lib"] });
    await importPackages(to.store, [place("lib.tar.gz")], { override: true });
  };
  const open = (name: string) => {
    const { store, cache } = openLocalStore(place(name));
    const asked: string[] = [];
    const counted: typeof cache = {
      get(key) {
        asked.push(key);
        return cache.get(key);
      },
      set: cache.set,
    };
    return { local: { store, cache: counted }, asked };
  };
  const { local, asked } = open("store");
  await addLibrary(local, "lib");
  await sleep(TICK_MS);
  const paths = [place("app.tar.gz"), place("bare.tar.gz")];
  const build = async (options: Partial<BuildOptions> = {}, recipe: Partial<Recipe> = {}) => {
    asked.length = 0;
    const result = await buildFiles(paths, { local, ...options }, { ...EMPTY_RECIPE, ...recipe });
    return { ...result, fromRecord: asked.length === 1 };
  };
  return { place, write, addLibrary, open, local, paths, build };
}

async function prepareKnown(context: TestContext) {
  const prepared = await prepare(context);
  await prepared.build();
  const second = await prepared.build();
  // The first build lists the package, which changes what the second may choose from.
  const third = await prepared.build();
  assert.equal([second.fromRecord, third.fromRecord], [false, true]);
  return { ...prepared, known: third };
}

test("a build of files that are as they were is found by one record, with its warnings", async (context) => {
  const { build, known } = await prepareKnown(context);
  assert.equal([known.packageBytesRead, known.images[0]?.known], [0, true]);
  const told: string[] = [];
  await build({ onWarning: ({ message }) => told.push(message) });
  assert.equal(told, ["app replaces /shared of lib", "bare.tar.gz replaces /shared of app"]);
  assert.equal(
    known.warnings.map(({ message }) => message),
    told,
  );
});

type Known = Awaited<ReturnType<typeof prepareKnown>>;
type Change = (known: Known) => Promise<unknown>;
const CHANGES: readonly (readonly [title: string, change: Change])[] = [
  ["a file of the same size and another content", ({ write }) => write("bare", "BARE")],
  ["a file replaced by an older one", ({ place, write }) => replaceByOlder(place, write)],
  ["another document", ({ write }) => write("app", "app", { dependencies: [] })],
  ["no document any more", ({ place }) => rm(place("app.json"))],
  ["a document where there was none", ({ place }) => writeFile(place("bare.tar.gz.json"), '{"name":"bare"}')],
  ["another package in the store", ({ addLibrary, local }) => addLibrary(local, "new")],
];

async function replaceByOlder(place: Known["place"], write: Known["write"]): Promise<void> {
  await write("old", "old");
  await rename(place("old.tar.gz"), place("bare.tar.gz"));
}

for (const [title, change] of CHANGES) {
  test(`${title} makes another image, the one that a new store gives`, async (context) => {
    const prepared = await prepareKnown(context);
    await change(prepared);
    const { root, fromRecord } = await prepared.build();
    assert.equal([fromRecord, root.digest !== prepared.known.root.digest], [false, true]);
    const { local } = prepared.open("new");
    await importPackages(local.store, [prepared.place("lib.tar.gz")]);
    assert.is((await buildFiles(prepared.paths, { local })).root.digest, root.digest);
  });
}

const OPTIONS: readonly (readonly [title: string, options: Partial<BuildOptions>, recipe: Partial<Recipe>])[] = [
  ["another time", { epoch: 1 }, {}],
  ["another format", { compression: { type: "none" } }, {}],
  ["one layer", { squash: {} }, {}],
  ["flattening", { singleId: true }, {}],
  ["another place", { transform: { at: "/opt" } }, {}],
  ["another platform", { platforms: [{ os: "linux", architecture: "arm64" }] }, {}],
  ["another user", {}, { user: "joe" }],
];

for (const [title, options, recipe] of OPTIONS) {
  test(`${title} makes another image, which has a record of its own`, async (context) => {
    const { build, known } = await prepareKnown(context);
    const first = await build(options, recipe);
    assert.equal([first.fromRecord, first.root.digest !== known.root.digest], [false, true]);
    const again = await build(options, recipe);
    assert.equal([again.fromRecord, again.root], [true, first.root]);
  });
}

test("what the store has lost is made again", async (context) => {
  const { build, known, place, local } = await prepareKnown(context);
  // The package of the store comes from no file here.
  const [, ...layers] = known.images.flatMap((image) => image.layers.map(({ descriptor }) => descriptor));
  assert.is(layers.length, 3);
  for (const lost of [known.root, ...layers]) {
    await rm(blobPath(place("store"), lost.digest));
    const { root, fromRecord } = await build();
    assert.equal([fromRecord, root], [false, known.root]);
    assert.ok(await local.store.has(lost));
    assert.is((await build()).fromRecord, true);
  }
});

test("what does not look like a record is none", async (context) => {
  const { local, build } = await prepareKnown(context);
  const before = await build();
  const harms: readonly ((record: Record<string, unknown>) => unknown)[] = [
    () => null,
    () => 5,
    ({ result }) => ({ result, needed: 5 }),
    ({ needed }) => ({ result: {}, needed }),
    ({ result, needed }) => ({ result: { ...(result as object), images: [null] }, needed }),
    ({ result, needed }) => ({ result: { ...(result as object), root: { ...before.root, size: 1 } }, needed }),
    ({ result }) => ({ result, needed: [null] }),
  ];
  for (const harm of harms) {
    const get = async (key: string) => {
      const record = await local.cache.get(key);
      return key.startsWith("files ") ? harm(record as Record<string, unknown>) : record;
    };
    const { root } = await build({ local: { ...local, cache: { ...local.cache, get } } });
    assert.equal(root, before.root);
  }
});

test("a known build takes away what a run that was killed left behind", async (context) => {
  const { place, build } = await prepareKnown(context);
  const { path } = await createTemporaryFile(place("store/.lading"));
  const dead = path.replace(/-\d+-\d*-(?=[0-9a-f]+$)/, "-4194304-1-");
  await rename(path, dead);
  assert.ok((await build()).fromRecord);
  assert.is(await stat(dead).catch(() => undefined), undefined);
});

test("a file that changed just before is not remembered", async (context) => {
  const { build, write } = await prepareKnown(context);
  await write("bare", "other");
  const { now } = Date;
  const changed = now();
  context.defer(() => void Object.assign(Date, { now }));
  Object.assign(Date, { now: () => changed });
  await build();
  await build();
  assert.is((await build()).fromRecord, false);
});

test.run();
