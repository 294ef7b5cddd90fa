/**
 * One gzip member of any length from pieces, each of which is compressed for itself.
 *
 * A piece of libdeflate's is a whole DEFLATE stream. One that is short enough is a single block, whose first bit says that it
 * is the last; without it, and with an empty stored block behind it that ends at a byte, another piece may follow.
 *
 * ```text
 * block, first bit 0   [00]   00 00 ff ff   block …   01 00 00 ff ff   CRC-32   size
 * ```
 *
 * The byte in brackets is there where the block leaves fewer than three bits of its last byte for the head of the stored one.
 *
 * @see https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4
 * @module
 */

import { crc32, inflateRawSync } from "node:zlib";

/** Bytes of a piece. libdeflate makes no second block of fewer than 5000 bytes. Part of what makes the bytes. */
const PIECE = 8 * 1024;
const HEADER = Buffer.from("1f8b08000000000000ff", "hex");
const EMPTY_STORED = Buffer.from("0000ffff", "hex");
const END = Buffer.from("010000ffff", "hex");
/** A last block of one character, to see whether what is before it ended. */
const MARK = Buffer.from("4b0400", "hex");
const MARK_TEXT = "a";
const NO_ROOM = { before: 0, after: 0 };

/** Is the stored block's head in the last byte already? The bits that nobody uses are 0, as its head is. */
function endsWithHead(block: Buffer, piece: Uint8Array): boolean {
  if ((block.at(-1) ?? 0) >= 0x20) return false;
  try {
    const found = inflateRawSync(Buffer.concat([block, EMPTY_STORED, MARK]), { maxOutputLength: PIECE + 1 });
    return found.length === piece.length + 1 && found.toString("latin1", piece.length) === MARK_TEXT;
  } catch {
    return false;
  }
}

/** `chunks` in pieces of the same size, the last one shorter; valid until the next. */
function* inPieces(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  const piece = new Uint8Array(PIECE);
  let filled = 0;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; ) {
      const part = chunk.subarray(at, at + PIECE - filled);
      piece.set(part, filled);
      filled += part.byteLength;
      at += part.byteLength;
      if (filled < PIECE) continue;
      yield piece;
      filled = 0;
    }
  }
  if (filled > 0) yield piece.subarray(0, filled);
}

/** Makes a member of chunks, piece by piece. How the bytes are cut into chunks makes no difference. */
export type JoinGzip = (chunks: Iterable<Uint8Array>) => Generator<Uint8Array>;

/** Loads what makes a member at a level, 1 (fast) to 12 (small). */
export async function loadJoinedGzip(level: number): Promise<JoinGzip> {
  const { loadDeflate } = await import("./libdeflate/index.js");
  const deflate = loadDeflate();
  return function* join(chunks) {
    let crc = 0;
    let size = 0;
    yield HEADER;
    for (const piece of inPieces(chunks)) {
      crc = crc32(piece, crc);
      size += piece.byteLength;
      const block = Buffer.from(deflate(piece, level, NO_ROOM));
      block.writeUInt8(block.readUInt8(0) & 0xfe, 0);
      yield block;
      if (!endsWithHead(block, piece)) yield EMPTY_STORED.subarray(0, 1);
      yield EMPTY_STORED;
    }
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(crc, 0);
    trailer.writeUInt32LE(size % 2 ** 32, 4);
    yield END;
    yield trailer;
  };
}
