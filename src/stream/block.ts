/**
 * Content in blocks of 1 MiB, each of which becomes a gzip member or zstd frame of its own.
 *
 * Every consumer reads their concatenation, blocks can be compressed anywhere and at once, and no compressor's window
 * outlives a block. node:zlib is not used, since its bytes change with Node's version, the machine and the zlib that a
 * distribution links.
 *
 * @module
 */

import type { ByteStream } from "./bytes.js";

/** What compresses blocks. */
export type BlockCompression = "gzip" | "zstd";

/** Bytes of input per member or frame; the last is shorter. Part of what makes the bytes: never change it. */
export const BLOCK_SIZE = 1024 * 1024;

/** Compresses one block; the bytes depend on the block alone, and are valid until its next block. */
export type BlockEncoder = (block: Uint8Array) => Uint8Array;

function checkLevel(type: BlockCompression, level: number, most: number): number {
  if (Number.isInteger(level) && level >= 1 && level <= most) return level;
  throw new RangeError(`Not a level of ${type}: ${level}, expected 1 to ${most}`);
}

/**
 * Loads what compresses one block of at most {@link BLOCK_SIZE}, on this or any other thread.
 *
 * @throws {RangeError} For a level that the compression does not have.
 */
export async function loadBlockEncoder(type: BlockCompression, level?: number): Promise<BlockEncoder> {
  if (type === "gzip") {
    const checked = checkLevel(type, level ?? 6, 12);
    const { loadGzipMember } = await import("./gzip-member.js");
    const gzipMember = await loadGzipMember();
    return (block) => gzipMember(block, checked);
  }
  const checked = checkLevel(type, level ?? 3, 22);
  const { createZstdEncoder } = await import("./zstd-frame.js");
  return createZstdEncoder(checked);
}

/**
 * Cuts a stream into blocks of exactly `size` bytes, the last one shorter, in one buffer that is used again. A stream
 * without bytes gives no block.
 */
export async function* readBlocks(stream: ByteStream, size: number = BLOCK_SIZE): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.byteLength; ) {
      const part = chunk.subarray(at, at + size - filled);
      block.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
      if (filled === size) {
        yield block;
        filled = 0;
      }
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
