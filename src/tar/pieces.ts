/**
 * Output in pieces, each of which is compressed for itself and can be read from its own offset.
 *
 * @module
 */

import type { BlockEncoder } from "../stream/block.js";
import type { Batch } from "./batch.js";

export interface Pieces {
  /** Compressed bytes so far. */
  readonly offset: number;
  /** Bytes that came, before compression. */
  readonly size: number;
  /** More of the current piece. */
  append(bytes: Uint8Array): void;
  /** Ends the current piece; nothing happens where it is empty. Gives the offset at which the next one starts. */
  cut(): number;
  /** These bytes, however many, as one piece. */
  write(bytes: Uint8Array): void;
}

/**
 * Creates pieces. Where a piece is cut depends on the bytes and the calls of `cut()` alone, not on how the bytes come.
 *
 * @param out Gets the compressed bytes.
 * @param limit Bytes after which a piece is cut in any case.
 */
export function createPieces(encode: BlockEncoder, out: Batch, limit: number): Pieces {
  let pending = Buffer.alloc(0);
  let filled = 0;
  let offset = 0;
  let size = 0;
  const put = (bytes: Uint8Array): void => {
    const encoded = encode(bytes);
    out.append(encoded);
    offset += encoded.byteLength;
  };
  const cut = (): number => {
    if (filled > 0) put(pending.subarray(0, filled));
    filled = 0;
    return offset;
  };
  const reserve = (count: number): void => {
    if (count <= pending.length) return;
    const larger = Buffer.allocUnsafe(Math.min(limit, Math.max(64 * 1024, 2 * count)));
    pending.copy(larger, 0, 0, filled);
    pending = larger;
  };
  return {
    get offset() {
      return offset;
    },
    get size() {
      return size;
    },
    append(bytes) {
      for (let at = 0; at < bytes.byteLength; ) {
        const part = bytes.subarray(at, at + limit - filled);
        reserve(filled + part.byteLength);
        pending.set(part, filled);
        filled += part.byteLength;
        at += part.byteLength;
        if (filled === limit) cut();
      }
      size += bytes.byteLength;
    },
    cut,
    write(bytes) {
      cut();
      put(bytes);
      size += bytes.byteLength;
    },
  };
}
