/**
 * Metadata that somebody wrote to do harm, from a file to a resolution and its lock: a typed error or a right answer, in
 * bounded time, and nothing half-written.
 */

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { EMPTY_RECIPE } from "../../src/build-files.js";
import { isLadingError } from "../../src/errors.js";
import { lockRecipe, writeLock } from "../../src/lock-file.js";
import { listPackages } from "../../src/package/catalog.js";
import { importPackages } from "../../src/package/import.js";
import { createLock, encodeLock } from "../../src/resolve/lock.js";
import { decodeLock } from "../../src/resolve/lock-read.js";
import { resolvePinned } from "../../src/resolve/pinned.js";
import { resolve } from "../../src/resolve/resolve.js";
import { openLocalStore } from "../../src/store/local.js";
import { file, tarOf } from "../image/make.js";
import { apcera, ask, make, OPTIONS } from "../resolve/make.js";
import { rejects, throws } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("hostile/metadata", { deadlineMs: 120_000 });

async function prepare(context: TestContext) {
  const folder = await tempFolder(context);
  const local = openLocalStore(join(folder, "store"));
  const bytes = gzipSync(await tarOf([file("srv/a", "a")]));
  const importing = async (document: string) => {
    await writeFile(join(folder, "a.tar.gz"), bytes);
    await writeFile(join(folder, "a.json"), document);
    return await importPackages(local.store, [join(folder, "a.tar.gz")], {});
  };
  return { folder, local, importing };
}

test("a path in a name is refused, or stays a name: nothing is written outside the store", async (context) => {
  const { folder, local, importing } = await prepare(context);
  const before = await readdir(folder);
  for (const name of ["../../outside", "/etc/passwd", "a/../../b", "..", ".", "a\0b", "a\nb"]) {
    try {
      await importing(JSON.stringify({ name, provides: ["runtime=a"] }));
    } catch (error) {
      assert.ok(isLadingError(error), `${JSON.stringify(name)}: ${String(error)}`);
    }
  }
  const added = (await readdir(folder)).filter((each) => !before.includes(each));
  assert.equal(
    added.filter((each) => !["a.json", "a.tar.gz", "store"].includes(each)),
    [],
  );
  for (const { name } of await local.store.tags()) assert.match(name ?? "", /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
});

test("a key __proto__ is refused, and constructor and toString are names like any other", async (context) => {
  const { folder, local, importing } = await prepare(context);
  await rejects(importing('{"name": "a", "__proto__": {"polluted": true}}'), "SYNTAX");
  assert.is(({} as { polluted?: boolean }).polluted, undefined);
  assert.equal(await listPackages(local.store), []);
  await importing(
    JSON.stringify({ name: "constructor", provides: ["runtime=toString"], environment: { toString: "1" } }),
  );
  const recipe = { ...EMPTY_RECIPE, packages: ask("runtime=toString", "=constructor") };
  const { lock } = await lockRecipe(recipe, local.store);
  await writeLock(join(folder, "lading.lock.json"), lock);
  assert.equal(decodeLock(await readFile(join(folder, "lading.lock.json"))), lock);
  const names = ["__proto__", "constructor", "hasOwnProperty"].map((name) => make(`${name} 1`, { needs: ["valueOf"] }));
  const resolution = resolve(ask("__proto__", "constructor"), [...names, make("valueOf 1")], OPTIONS);
  assert.equal(
    resolution.packages.map((each) => each.package.name),
    ["valueOf", "__proto__", "constructor"],
  );
});

test("packages in a circle are an error that shows it, with pins as well", () => {
  const ring = ["a", "b", "c"].map((name, at) =>
    apcera(name, { provides: [`file=${at}`], needs: [`file=${(at + 1) % 3}`] }),
  );
  assert.is(throws(() => resolve(ask("=a"), ring, OPTIONS), "CYCLE").detail.cycle.length, 4);
  throws(() => resolvePinned(ask("=a"), ring, OPTIONS, { packages: ring }), "CYCLE");
});

test("a chain of 10,000 packages is resolved, locked and kept", () => {
  const places = Array.from({ length: 10_000 }, (_, at) => at);
  const chain = places.map((at) => make(`p${at} 1`, { needs: at === 0 ? [] : [`p${at - 1}`] }));
  const resolution = resolve(ask("p9999"), chain, OPTIONS);
  const lock = createLock(ask("p9999"), [resolution]);
  assert.is(decodeLock(Buffer.from(encodeLock(lock))).platforms[0]?.packages.length, 10_000);
  const newer = places.map((at) => make(`p${at} 2`, { needs: at === 0 ? [] : [`p${at - 1}`] }));
  const again = resolvePinned(ask("p9999"), [...chain, ...newer], OPTIONS, { packages: chain });
  assert.equal(again.resolution.packages, resolution.packages);
});

test("a pinned package with a million provides is kept", () => {
  const provides = Array.from({ length: 1_000_000 }, (_, at) => ({ type: "file" as const, name: `/f${at}` }));
  const big = { ...apcera("big 1"), provides };
  const app = apcera("app 1", { needs: ["file=/f999999"] });
  const { resolution } = resolvePinned(ask("=app"), [big, app], OPTIONS, { packages: [big, app] });
  assert.is(resolution.packages.length, 2);
});

test.run();
