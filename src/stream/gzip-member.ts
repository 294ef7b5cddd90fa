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

/** One compressor for all streams of a thread: what it gives is copied before another of them has its turn. */
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
 * Loads what makes a member of a block at a level, 1 (fast) to 12 (small), in memory of its own: a member is valid until it
 * makes the next one.
 */
export async function loadGzipMember(): Promise<GzipMember> {
  loaded ??= load();
  const make = await loaded;
  let own = new Uint8Array(0);
  return (block, level) => {
    const member = make(block, level);
    if (own.length < member.length) own = new Uint8Array(Math.max(member.length, 2 * own.length));
    own.set(member);
    return own.subarray(0, member.length);
  };
}
