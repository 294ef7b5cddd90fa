import { createHash } from "node:crypto";
import fc from "fast-check";
import type { ByteStream } from "../../src/stream/bytes.js";

/** What a stream under test went through. */
export interface Trace {
  closed: boolean;
  pulled: number;
}

/**
 * The bytes in chunks of these sizes, again and again, in one buffer that is overwritten before the next chunk: who keeps a
 * chunk instead of copying it sees rubbish.
 */
export async function* pieces(
  bytes: Uint8Array,
  sizes: readonly number[] = [65_536],
  trace?: Trace,
): AsyncGenerator<Uint8Array> {
  // As files give them: slice() of a Buffer is a view, and of a Uint8Array a copy.
  const buffer = Buffer.alloc(Math.max(1, ...sizes));
  try {
    for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
      const part = bytes.subarray(at, at + Math.max(1, sizes[turn % sizes.length] ?? 1));
      buffer.fill(0xa5);
      buffer.set(part);
      at += part.byteLength;
      if (trace) trace.pulled = at;
      yield buffer.subarray(0, part.byteLength);
    }
    buffer.fill(0xa5);
  } finally {
    if (trace) trace.closed = true;
  }
}

/** Everything a stream gives, copied. */
export async function gather(stream: ByteStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Counts a stream's bytes and keeps none. */
export async function count(stream: ByteStream): Promise<number> {
  let size = 0;
  for await (const chunk of stream) size += chunk.byteLength;
  return size;
}

/** Bytes that are the same on every machine: text that compresses, with noise between. `size` in bytes. */
export function corpus(size: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed >>> 0 || 1;
  for (let at = 0; at < size; ) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    at += bytes.write(`${(state >>> 0) % 997} packages in layer ${(state >>> 0).toString(36)}\n`, at, "latin1");
  }
  return bytes;
}

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A few chunk sizes, small ones often. */
export const chunkSizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 5000 })), {
  minLength: 1,
  maxLength: 4,
});
