/**
 * The WebAssembly of the package `libdeflate`, taken out of it at build, as it is and with vector instructions.
 *
 * After every 32 KiB of input libdeflate moves the positions in its tables back by 32768: up to 262,144 numbers of 16 bits.
 * Where it is compiled for a processor it uses vector instructions for that; the package does not, and spends a seventh of
 * its time there. The second module has the same loops, eight numbers at a time, and gives the same bytes.
 *
 * ```text
 * loop                                        loop
 *   p = tables + 2 * k                          p = tables + 2 * k
 *   p[0] = max(p[0], 0) | 0x8000                p[0..7] = p[0..7] + -32768, saturated
 *   … p[1], p[2], p[3]                          p[8..15] = p[8..15] + -32768, saturated
 *   repeat unless (k += 4) == count             repeat unless (k += 16) == count
 * end                                         end; nop …
 * ```
 *
 * @see https://webassembly.github.io/spec/core/binary/instructions.html
 * @module
 */

import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** How many such loops the pinned version has. */
const LOOPS = 15;
const LANES_PER_TURN = 16;
const MINUS_32768 = Buffer.alloc(16, Uint8Array.of(0x00, 0x80));

// local.get, i32.const, i32.add and so on, as bytes that stand for characters.
const STORED = String.raw`\x22(?<v>.)\x20\k<v>\x2e\x01\x00\x22\k<v>\x41\x00\x20\k<v>\x41\x00\x4a\x1b\x41\x80\x80\x02\x72\x3b\x01\x00`;
const stored = (name: string) => STORED.replaceAll("<v>", `<${name}>`);
const next = (offset: number, name: string) =>
  String.raw`\x20\k<tables>\x20\k<p>\x41\x0${offset}\x72\x6a${stored(name)}`;
const LOOP = new RegExp(
  String.raw`\x03\x40\x20(?<tables>.)\x20(?<k>.)\x41\x01\x74\x22(?<p>.)\x6a${stored("v0")}` +
    [2, 4, 6].map((offset) => next(offset, `v${offset}`)).join("") +
    String.raw`\x20\k<k>\x41\x04\x6a\x22\k<k>\x41(?<count>[\x80-\xff]{2}[\x00-\x7f])\x47\x0d\x00\x0b`,
  "gs",
);

function byteOf(text: string | undefined): number {
  return text?.charCodeAt(0) ?? 0;
}

/** Eight numbers at `offset` from the address in local `p`. */
function addVector(p: number, offset: number): readonly number[] {
  const load = [0xfd, 0x00, 0x00, offset];
  const addSaturated = [0xfd, 0x8f, 0x01];
  const store = [0xfd, 0x0b, 0x00, offset];
  return [0x20, p, 0x20, p, ...load, 0xfd, 0x0c, ...MINUS_32768, ...addSaturated, ...store];
}

function vectorLoop(groups: Readonly<Record<string, string>>, length: number): string {
  const [tables, k, p] = [byteOf(groups.tables), byteOf(groups.k), byteOf(groups.p)];
  const count = Buffer.from(groups.count ?? "", "latin1");
  const address = [0x20, tables, 0x20, k, 0x41, 0x01, 0x74, 0x6a, 0x21, p];
  const repeat = [0x20, k, 0x41, LANES_PER_TURN, 0x6a, 0x22, k, 0x41, ...count, 0x47, 0x0d, 0x00];
  const code = [0x03, 0x40, ...address, ...addVector(p, 0), ...addVector(p, 16), ...repeat, 0x0b];
  return Buffer.from(code).toString("latin1").padEnd(length, "\x01");
}

/** The same module with its loops over the tables done by vectors. */
function withVectors(wasm: Buffer): Buffer {
  let found = 0;
  const replaced = wasm.toString("latin1").replace(LOOP, (loop: string, ...rest: readonly unknown[]) => {
    found++;
    return vectorLoop(rest.at(-1) as Record<string, string>, loop.length);
  });
  if (found !== LOOPS) throw new Error(`libdeflate has ${found} loops over its tables, expected ${LOOPS}`);
  return Buffer.from(replaced, "latin1");
}

/** Writes both modules and the package's licence into a folder. The package itself is for building only. */
export async function bundleLibdeflate(folder: string): Promise<void> {
  const from = dirname(createRequire(import.meta.url).resolve("libdeflate"));
  const text = await readFile(join(from, "dist/libdeflate.wasm.mjs"), "utf8");
  const base64 = /"data:application\/octet-stream;base64,([A-Za-z0-9+/=]+)"/.exec(text)?.[1];
  if (base64 === undefined) throw new Error("The package libdeflate does not hold its WebAssembly where it did");
  const wasm = Buffer.from(base64, "base64");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "libdeflate.wasm"), wasm);
  await writeFile(join(folder, "libdeflate-vectors.wasm"), withVectors(wasm));
  await copyFile(join(from, "LICENSE.txt"), join(folder, "LICENSE.txt"));
}
