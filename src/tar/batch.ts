/**
 * Small writes gathered to large chunks, in one buffer that is used again.
 *
 * @module
 */

/** Bytes that are on their way out. */
export interface Batch {
  /** Where the bytes are gathered; another buffer may take its place at every call. */
  readonly bytes: Buffer;
  /** Makes room for `count` more bytes, filled with nothing in particular, and gives its place; they count as written. */
  room(count: number): number;
  /** Copies bytes in. */
  append(bytes: Uint8Array): void;
  /** `count` zero bytes. */
  pad(count: number): void;
  /** Bytes gathered so far. */
  readonly length: number;
  /** What was gathered, valid until the next write; the batch is empty again. */
  flush(): Uint8Array;
}

/** What `Buffer.prototype.fill` ends in, which looks into encodings first. */
const fillBytes = Uint8Array.prototype.fill;

/** A batch that starts with room for `capacity` bytes and grows as needed. */
export function createBatch(capacity: number): Batch {
  let buffer = Buffer.allocUnsafe(capacity);
  let length = 0;
  const reserve = (count: number): void => {
    if (length + count <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + count));
    buffer.copy(larger, 0, 0, length);
    buffer = larger;
  };
  return {
    get length() {
      return length;
    },
    get bytes() {
      return buffer;
    },
    room(count) {
      reserve(count);
      length += count;
      return length - count;
    },
    append(bytes) {
      reserve(bytes.byteLength);
      buffer.set(bytes, length);
      length += bytes.byteLength;
    },
    pad(count) {
      reserve(count);
      fillBytes.call(buffer, 0, length, length + count);
      length += count;
    },
    flush() {
      const bytes = buffer.subarray(0, length);
      length = 0;
      return bytes;
    },
  };
}
