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

const ZEROS = new Uint8Array(512);

/** A batch that starts with room for `capacity` bytes and grows as needed. */
export function createBatch(capacity: number): Batch {
  // Plain properties: those with getters are never alike to the engine, which then has to look each of them up.
  const batch: Gathered = {
    bytes: Buffer.allocUnsafe(capacity),
    length: 0,
    room: (count) => makeRoom(batch, count),
    append(bytes) {
      const at = makeRoom(batch, bytes.byteLength);
      batch.bytes.set(bytes, at);
    },
    pad(count) {
      for (let rest = count; rest > 0; rest -= ZEROS.length) {
        // A copy is quicker than `fill()`; what is too much is written over.
        const at = makeRoom(batch, ZEROS.length);
        batch.bytes.set(ZEROS, at);
        batch.length = at + Math.min(rest, ZEROS.length);
      }
    },
    flush() {
      const bytes = batch.bytes.subarray(0, batch.length);
      batch.length = 0;
      return bytes;
    },
  };
  return batch;
}

type Gathered = { -readonly [K in keyof Batch]: Batch[K] };

function makeRoom(batch: Gathered, count: number): number {
  const at = batch.length;
  const end = at + count;
  if (end > batch.bytes.length) {
    const larger = Buffer.allocUnsafe(Math.max(batch.bytes.length * 2, end));
    batch.bytes.copy(larger, 0, 0, at);
    batch.bytes = larger;
  }
  batch.length = end;
  return at;
}
