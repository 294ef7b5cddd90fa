/**
 * A look at the start of a stream that takes nothing away.
 *
 * @module
 */

import type { ByteStream } from "./bytes.js";
import { createCursor } from "./cursor.js";
import { HEAD_SIZE } from "./detect.js";

/** A stream whose first bytes are known. Iterate `stream` or leave it by `close()`; it gives every byte, `head` included. */
export interface Peeked {
  /** A copy of the first bytes: fewer than asked for only where the stream has fewer. */
  readonly head: Uint8Array;
  readonly stream: ByteStream;
  /** Lets the stream go where nobody iterates it. */
  close(): Promise<void>;
}

/**
 * Reads the first bytes of a stream ahead.
 *
 * @param size Bytes wanted ({@link HEAD_SIZE}).
 */
export async function peek(stream: ByteStream, size: number = HEAD_SIZE): Promise<Peeked> {
  const cursor = createCursor(stream);
  const first = await cursor.take(size).catch(async (error: unknown) => {
    await cursor.close();
    throw error;
  });
  const head = Uint8Array.from(first);
  async function* replay(): AsyncGenerator<Uint8Array> {
    try {
      if (head.byteLength > 0) yield head;
      while (await cursor.fill()) {
        const chunk = cursor.rest;
        cursor.skip(chunk.byteLength);
        yield chunk;
      }
    } finally {
      await cursor.close();
    }
  }
  return { head, stream: replay(), close: () => cursor.close() };
}
