/**
 * Debian packages that are nearly right.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { readFileList } from "../../src/package/file-list.js";
import { importPackages } from "../../src/package/import.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { arOf, controlOf, debMembers, type Part } from "../support/deb.js";
import { makeTar } from "./archives.js";
import { mutateBytes, mutateText, type Random } from "./random.js";
import type { Tools } from "./targets.js";

const FIELDS = {
  Depends: "libc6 (>= 2.14), a | b, c:any (<< 1~)",
  Provides: "demo-api (= 1)",
  Description: "a demo\n of several\n .\n lines",
};
const WORDS = [
  ":",
  ",",
  "|",
  "(",
  ")",
  ">=",
  "<<",
  "=",
  "~",
  "\n",
  "\n ",
  "Package",
  "0",
  "-",
  "amd64",
  "all",
  "1:2-3",
];

/** A package of which one part is odd. */
export function makeDeb(random: Random): Buffer {
  const control = random.once(2) ? mutateText(random, controlOf(FIELDS), WORDS) : controlOf(FIELDS);
  const { version, control: meta, data } = debMembers({ control });
  const inner: Part = random.once(2) ? ["data.tar.gz", gzipSync(makeTar(random))] : data;
  const parts: Part[] = [version, meta, inner];
  if (random.once(5)) parts.splice(random.below(3), 1);
  if (random.once(5))
    parts.splice(random.below(4), 0, random.pick<Part>([["_gpgorigin", "x"], ["control.tar", ""], inner]));
  const whole = arOf(...parts);
  return random.once(3) ? mutateBytes(random, whole) : whole;
}

/** Bytes of a package's uncompressed archive of files, as dpkg-deb takes it out. */
function tarSizeByDpkg(path: string): number {
  const tar = execFileSync("dpkg-deb", ["--fsys-tarfile", path], { stdio: "pipe" });
  return tar.length;
}

/** What dpkg-deb reads of it; undefined where all that it minds is a field of one letter, which harms nobody. */
function fieldsByDpkg(path: string): string | undefined {
  try {
    return execFileSync("dpkg-deb", ["-f", path, "Package", "Version"], { stdio: "pipe" }).toString();
  } catch (error) {
    if (/user-defined field name .* too short/.test(String(error))) return undefined;
    throw error;
  }
}

/** What is accepted is a package for dpkg-deb, too. */
export async function tryDeb(input: Buffer, { folder, has }: Tools): Promise<void> {
  const path = join(folder, "fuzz.deb");
  await writeFile(path, input);
  try {
    const store = createMemoryStore();
    const [imported] = await importPackages(store, [path]);
    if (imported === undefined) throw new Error("Nothing came of it, not even an error");
    const { layer, name, version } = imported.package;
    assert.is((await readFileList(store, layer.files)).length, layer.entries);
    if (!has("dpkg-deb")) return;
    const shown = fieldsByDpkg(path);
    if (shown === undefined) return;
    assert.is(shown, `Package: ${name}\nVersion: ${version}\n`);
    if (layer.normalized.length === 0) assert.is(tarSizeByDpkg(path), layer.uncompressedSize);
  } finally {
    await rm(path, { force: true });
  }
}
