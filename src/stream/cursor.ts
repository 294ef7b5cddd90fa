/**
 * A place in a byte stream, for readers of formats.
 *
 * @module
 */

import type { ByteStream } from "./bytes.js";

/** Reads a stream by counts of bytes instead of by chunks. */
export interface Cursor {
  /** Bytes from the start of the stream to the first one that is not yet consumed. */
  readonly offset: number;
  /** What is at hand and not yet consumed: a view of the stream's chunk, valid until `fill` or `take`. */
  readonly rest: Uint8Array;
  /** Makes sure that `rest` is not empty; false at the end of the stream. */
  fill(): Promise<boolean>;
  /** Consumes the first `count` bytes of `rest`. */
  skip(count: number): void;
  /** Consumes `count` bytes and gives them, or fewer at the end of the stream; valid until `fill` or `take`. */
  take(count: number): Promise<Uint8Array>;
  /** Consumes everything to the end, so that whoever counts or hashes the stream upstream sees all of it. */
  drain(): Promise<void>;
  /** Lets the stream go. Call it however reading ends. */
  close(): Promise<void>;
}

const NOTHING = new Uint8Array(0);

/** Creates a cursor at the start of a stream, which is then the cursor's alone. */
export function createCursor(stream: ByteStream): Cursor {
  const iterator = stream[Symbol.asyncIterator]();
  let rest: Uint8Array = NOTHING;
  let offset = 0;
  const skip = (count: number) => {
    rest = rest.subarray(count);
    offset += count;
  };
  const fill = async () => {
    while (rest.byteLength === 0) {
      const next = await iterator.next();
      if (next.done) return false;
      rest = next.value;
    }
    return true;
  };
  const gather = async (count: number) => {
    const gathered = new Uint8Array(count);
    let have = 0;
    while (have < count && (await fill())) {
      const part = rest.subarray(0, count - have);
      gathered.set(part, have);
      have += part.byteLength;
      skip(part.byteLength);
    }
    return gathered.subarray(0, have);
  };
  return {
    get offset() {
      return offset;
    },
    get rest() {
      return rest;
    },
    fill,
    skip,
    async take(count) {
      if (rest.byteLength < count) return gather(count);
      const taken = rest.subarray(0, count);
      skip(count);
      return taken;
    },
    async drain() {
      while (await fill()) skip(rest.byteLength);
    },
    async close() {
      rest = NOTHING;
      await iterator.return?.();
    },
  };
}
