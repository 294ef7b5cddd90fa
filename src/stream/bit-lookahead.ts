/**
 * Bits of a stream, read ahead: for formats whose parts say nowhere how long they are.
 *
 * @module
 */

import type { Cursor } from "./cursor.js";

/** Reads that many bits, 32 at most, most significant first; null goes on to the next whole byte. Throws {@link STARVED}. */
export type ReadBits = (count: number | null) => number;

/** Thrown by {@link ReadBits} where the bytes at hand do not suffice. */
export const STARVED = Symbol("not enough input");

/** Input that is looked at, and dropped block by block; a block may start inside a byte. */
export interface Lookahead {
  readonly read: ReadBits;
  /** Bits from the start of the input to the next one that is read. */
  readonly position: number;
  /** Goes back to a position that was not dropped yet. */
  seek(position: number): void;
  /** Makes sure that there are `count` bytes from the position on; gives how many there are. */
  fill(count: number): Promise<number>;
}

/** Creates a lookahead that starts where the cursor is, and consumes it. */
export function createLookahead(cursor: Cursor): Lookahead {
  let bytes = new Uint8Array(0);
  /** Bytes of the input before `bytes`. */
  let base = 0;
  let at = 0;
  const readBit = () => {
    const byte = bytes[at >> 3];
    if (byte === undefined) throw STARVED;
    const bit = (byte >> (7 - (at & 7))) & 1;
    at++;
    return bit;
  };
  const readBits = (count: number) => {
    let value = 0;
    for (let left = count; left > 0; ) {
      const byte = bytes[at >> 3];
      if (byte === undefined) throw STARVED;
      const free = 8 - (at & 7);
      const part = Math.min(free, left);
      value = (value << part) | ((byte >> (free - part)) & ((1 << part) - 1));
      at += part;
      left -= part;
    }
    return value;
  };
  return {
    read(count) {
      if (count === 1) return readBit();
      if (count !== null) return readBits(count);
      at = (at + 7) & ~7;
      return 0;
    },
    get position() {
      return base * 8 + at;
    },
    seek(position) {
      at = position - base * 8;
    },
    async fill(count) {
      const start = at >> 3;
      const kept = bytes.subarray(start);
      base += start;
      at &= 7;
      if (kept.byteLength >= count) bytes = kept;
      else bytes = await refill(cursor, kept, count);
      return bytes.byteLength;
    },
  };
}

async function refill(cursor: Cursor, kept: Uint8Array, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  bytes.set(kept);
  let have = kept.byteLength;
  while (have < count && (await cursor.fill())) {
    const part = cursor.rest.subarray(0, count - have);
    bytes.set(part, have);
    have += part.byteLength;
    cursor.skip(part.byteLength);
  }
  return bytes.subarray(0, have);
}
