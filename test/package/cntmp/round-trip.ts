/**
 * Exports packages of a size and imports them elsewhere, in a process of its own; prints its peak memory in bytes.
 *
 * ```text
 * node round-trip.js FOLDER COUNT BYTES
 * ```
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { listPackages } from "../../../src/package/catalog.js";
import { exportPackages } from "../../../src/package/cntmp/write.js";
import { createPackage } from "../../../src/package/create.js";
import { importPackages } from "../../../src/package/import.js";
import { createLayoutStore } from "../../../src/store/layout.js";
import { header } from "../../support/hostile-tar.js";

const BLOCK = 1024 * 1024;

/** A tar of one file of random bytes, so that nothing of it can be compressed. */
async function writeTarball(path: string, size: number): Promise<void> {
  const file = await open(path, "w");
  await file.write(header({ name: "data", size }));
  for (let at = 0; at < size; at += BLOCK) await file.write(randomBytes(Math.min(BLOCK, size - at)));
  await file.write(Buffer.alloc(1024));
  await file.close();
}

const [folder = ".", count = "", size = ""] = process.argv.slice(2);
const store = createLayoutStore(join(folder, "from"));
const path = join(folder, "tarball");
for (let n = 1; n <= Number(count); n++) {
  await writeTarball(path, Number(size));
  await createPackage(store, { name: `p${n}`, from: path }, { compression: { type: "none" } });
}
const packages = await listPackages(store);
await exportPackages(store, packages, join(folder, "all.cntmp"));
const to = createLayoutStore(join(folder, "to"));
await importPackages(to, [join(folder, "all.cntmp")], { jobs: 2 });
assert.equal(await listPackages(to), packages);
process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
