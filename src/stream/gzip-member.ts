/**
 * One gzip member from one block, by the bundled `libdeflate`: the same bytes on every machine and every Node.
 *
 * Pure: the bytes depend on the block and the level alone, so any thread may make them.
 *
 * ```text
 * offset length meaning
 *      0     10 1f 8b, method 8, no flags, mtime 0, no extra flags, operating system 255 (unknown)
 *     10      … raw DEFLATE
 *      …      4 CRC-32 of the block, least significant byte first
 *      …      4 size of the block modulo 2^32
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc1952#section-2.3
 * @module
 */

import { crc32 } from "node:zlib";

const HEADER = Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const TRAILER_LENGTH = 8;
type GzipMember = (block: Uint8Array, level: number) => Uint8Array;

let loaded: Promise<GzipMember> | undefined;

async function load(): Promise<GzipMember> {
  const { loadDeflate } = await import("./libdeflate/index.js");
  const deflate = loadDeflate();
  const room = { before: HEADER.length, after: TRAILER_LENGTH };
  return (block, level) => {
    const member = deflate(block, level, room);
    member.set(HEADER);
    const trailer = new DataView(member.buffer, member.byteOffset + member.byteLength - TRAILER_LENGTH);
    trailer.setUint32(0, crc32(block), true);
    trailer.setUint32(4, block.byteLength, true);
    return member;
  };
}

/**
 * Loads what makes a member of a block at a level, 1 (fast) to 12 (small). A member is valid until the next one is made on
 * this thread.
 */
export async function loadGzipMember(): Promise<GzipMember> {
  loaded ??= load();
  return await loaded;
}
