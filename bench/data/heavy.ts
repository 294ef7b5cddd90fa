/**
 * A layer too large to be stored uncompressed.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { open, rename } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { encodeHeader } from "../../src/tar/encode.js";
import { fileEntry, noise } from "./make-tar.js";

const PART = 16 * 2 ** 20;

/** 16 MiB that gzip makes about 50 times smaller: large enough to matter, and no bomb. */
function part(): Buffer {
  const bytes = Buffer.alloc(PART);
  const grain = noise("heavy", PART / 64);
  for (let at = 0; at < PART; at += 4096) grain.copy(bytes, at, at / 64, at / 64 + 64);
  return bytes;
}

/**
 * Writes a gzipped archive of one file of `size` bytes, a multiple of 16 MiB. Gzip files may be put one after another, so the
 * same compressed part is written again and again.
 */
export async function createHeavyLayer(path: string, size: number): Promise<void> {
  if (size % PART !== 0) throw new RangeError(`${size} is no multiple of ${PART}`);
  const header = gzipSync(encodeHeader(fileEntry({ path: "opt/heavy", size })));
  const body = gzipSync(part());
  const end = gzipSync(Buffer.alloc(1024));
  const temporary = `${path}.${randomUUID()}.part`;
  const file = await open(temporary, "wx");
  try {
    await file.write(header);
    for (let at = 0; at < size; at += PART) await file.write(body);
    await file.write(end);
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
