import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { buildFiles } from "../../src/build-files.js";
import { importPackages } from "../../src/package/import.js";
import { createMemoryCache } from "../../src/store/cache.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { openLocalStore } from "../../src/store/local.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { file, tarOf } from "../image/make.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("package/small-file");

/** Enough for threads to be worth it. */
const COUNT = 70;

/** Small tarballs, every seventh of them a package. */
async function prepare(context: TestContext) {
  const folder = await tempFolder(context);
  await mkdir(join(folder, "in"));
  const paths: string[] = [];
  for (let at = 0; at < COUNT; at++) {
    const path = join(folder, "in", `t${at}.tar.gz`);
    await writeFile(path, gzipSync(await tarOf([file(`opt/${at}/a`, `content ${at}`)])));
    if (at % 7 === 0) await writeFile(`${path}.json`, JSON.stringify({ name: `t${at}`, version: "1" }));
    paths.push(path);
  }
  // Longer than a clock tick: files that changed later than that are not remembered.
  await sleep(150);
  return { folder, paths, packages: paths.filter((_, at) => at % 7 === 0) };
}

test("threads give the image, the packages and the records that one thread gives", async (context) => {
  const { folder, paths } = await prepare(context);
  const build = async (name: string, jobs: number) => {
    const local = openLocalStore(join(folder, name));
    const first = await buildFiles(paths, { local, jobs });
    const layers: string[] = [];
    const again = await buildFiles(paths.slice(1), {
      local,
      jobs,
      onLayer: ({ digest }) => layers.push(digest),
    });
    const names = (await local.store.tags()).map((tag) => tag.name).sort();
    return { root: first.root, read: first.packageBytesRead, again: again.packageBytesRead, layers, names };
  };
  const [threads, one] = [await build("threads", 2), await build("one", 1)];
  assert.equal(threads, one);
  assert.ok(one.read > 0);
  assert.is(one.again, 0);
  assert.is(one.names.length, COUNT / 7);
});

test("the first file that is refused is named, and nothing is left over", async (context) => {
  const { folder, paths } = await prepare(context);
  for (const at of [31, 12]) await writeFile(paths[at] as string, gzipSync("no tar at all ".repeat(100)));
  const messages: string[] = [];
  for (const jobs of [1, 2]) {
    const local = openLocalStore(join(folder, `store${jobs}`));
    messages.push((await rejects(buildFiles(paths, { local, jobs }), "FORMAT")).message);
  }
  assert.is(messages[0], messages[1]);
});

test("packages are imported by threads into any layout, with a cache or without", async (context) => {
  const { folder, paths, packages } = await prepare(context);
  for (const path of paths) await writeFile(`${path}.json`, JSON.stringify({ name: `n${paths.indexOf(path)}` }));
  const imported = async (store: Parameters<typeof importPackages>[0], options = {}) =>
    (await importPackages(store, paths, { jobs: 2, ...options })).map((each) => each.package.manifest.digest);
  const inMemory = await imported(createMemoryStore());
  assert.is(new Set(inMemory).size, COUNT);
  assert.equal(await imported(createLayoutStore(join(folder, "layout"))), inMemory);
  assert.equal(await imported(createLayoutStore(join(folder, "other")), { cache: createMemoryCache() }), inMemory);
  assert.ok(packages.length > 0);
});

test("a build that is stopped stops its threads", async (context) => {
  const { folder, paths } = await prepare(context);
  const stop = new AbortController();
  const local = openLocalStore(join(folder, "store"));
  const running = buildFiles(paths, { local, jobs: 2, signal: stop.signal, onStep: () => stop.abort() });
  assert.is(await running.catch((error: Error) => error.name), "AbortError");
});

test.run();
