/**
 * The digests that the build of `matrix.ts` has on every machine; `run.ts --write` writes them anew where that is meant.
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../support/root.js";
import type { Digests } from "./matrix.js";

const PATH = join(root, "test/determinism/golden.json");

export async function readGolden(): Promise<Digests> {
  return JSON.parse(await readFile(PATH, "utf8")) as Digests;
}

export async function writeGolden(digests: Digests): Promise<void> {
  await writeFile(PATH, `${JSON.stringify(digests, null, 2)}\n`);
}
