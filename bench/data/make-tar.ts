/**
 * Archives of seeded content: the same bytes on every machine of one Node, from no network and no clock.
 *
 * @module
 */

import { createCipheriv, createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { encodeHeader } from "../../src/tar/encode.js";
import type { Entry } from "../../src/tar/entry.js";
import { writeTar } from "../../src/tar/write.js";

/** A file of an archive that is to be made. */
export interface MadeFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** Words to choose from, 4 to 11 bytes each. */
const WORDS = 1024;
const PIECE = 256 * 1024;

/** `size` bytes that nothing can compress, always the same of one seed. */
export function noise(seed: string, size: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-128-ctr", key.subarray(0, 16), key.subarray(16)).update(Buffer.alloc(size));
}

/** `size` bytes that gzip makes about 3.3 times smaller, as it does with what packages hold: words, and noise between. */
export function prose(seed: string, size: number): Buffer {
  const letters = noise("words", WORDS * 11);
  const choice = noise(seed, size + 2);
  const made = Buffer.allocUnsafe(size);
  for (let at = 0, from = 0; at < size; from += 2) {
    const pick = choice.readUInt16LE(from % size);
    if (pick % 32 === 0) {
      at += choice.copy(made, at, from % size, (from % size) + 6);
    } else {
      const word = (pick >> 5) % WORDS;
      at += letters.copy(made, at, word * 11, word * 11 + 4 + (word % 8));
    }
  }
  return made;
}

/** The header of a plain file. */
export function fileEntry({ path, size }: MadeFile): Entry {
  return { path, type: "file", mode: 0o644, uid: 0, gid: 0, mtime: 1_600_000_000, size };
}

/** An archive of `files`. Their content comes from one piece of prose, turned round for each. */
export async function* makeTar(seed: string, files: Iterable<MadeFile>): AsyncGenerator<Uint8Array> {
  const content = prose(seed, PIECE);
  let turn = 0;
  function* entries() {
    for (const file of files) {
      const start = (turn++ * 977) % (PIECE / 2);
      yield { ...fileEntry(file), open: () => pieces(`${seed} ${file.path}`, content, start, file.size) };
    }
  }
  yield* writeTar(entries());
}

/** Small files are a part of the content; of large ones every piece is another. */
async function* pieces(seed: string, content: Buffer, start: number, size: number): AsyncGenerator<Uint8Array> {
  if (size <= PIECE / 2) {
    if (size > 0) yield content.subarray(start, start + size);
    return;
  }
  for (let at = 0; at < size; at += PIECE) yield prose(`${seed} ${at}`, Math.min(PIECE, size - at));
}

/** Writes a file whole or not at all, gzipped at level 6 where its name ends in `.gz`. */
export async function writeMade(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  // writeTar() uses its buffers again, and streams keep what they are given.
  async function* copied() {
    for await (const chunk of bytes) yield Buffer.from(chunk);
  }
  const source = Readable.from(copied());
  const target = createWriteStream(`${path}.part`);
  if (path.endsWith(".gz")) await pipeline(source, createGzip({ level: 6, chunkSize: PIECE }), target);
  else await pipeline(source, target);
  await rename(`${path}.part`, path);
}

/** A tar, then the bytes of a whole other one: `first` before everything of `tar`. */
export async function* prependFile(file: MadeFile, content: Uint8Array, tar: AsyncIterable<Uint8Array>) {
  yield encodeHeader(fileEntry(file));
  yield content;
  yield Buffer.alloc((512 - (file.size % 512)) % 512);
  yield* tar;
}
