/**
 * Bytes in flight.
 *
 * @module
 */

import { LadingError } from "../errors.js";

/**
 * Bytes, once, in order, with back-pressure. **A chunk is valid until the next one is asked for**: producers reuse their
 * buffers. Who keeps a chunk copies it. Whoever stops early calls `return()` (as `for await` does), which frees what the
 * producer holds.
 */
export type ByteStream = AsyncIterable<Uint8Array>;

/** What every call that does input or output takes: a signal that stops it with an `AbortError`. */
export interface IoOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A stream of one chunk, or of none where there are no bytes. */
export async function* fromBytes(bytes: Uint8Array | string): AsyncGenerator<Uint8Array> {
  const chunk = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  if (chunk.byteLength > 0) yield chunk;
}

/**
 * The whole of a stream in memory.
 *
 * @param limit Bytes that are allowed.
 * @param what Names the content in the error.
 * @throws {LadingError} `TOO_LARGE` as soon as more than `limit` bytes have come.
 */
export async function collect(stream: ByteStream, limit: number, what = "content"): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > limit) {
      throw new LadingError("TOO_LARGE", `Cannot read ${what}: it is larger than ${limit} bytes`, { what, limit });
    }
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks, size);
}
