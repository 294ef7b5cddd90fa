/**
 * Reading many small blobs in a known order without waiting for each.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { type ByteStream, collect, fromBytes, type IoOptions } from "../stream/bytes.js";
import type { Store } from "./store.js";

/** Blobs that are read before they are asked for, and the bytes that one of them may have: half a mebibyte in all. */
const AHEAD = 8;
const SMALL = 64 * 1024;

async function* fromPromise(bytes: Promise<Buffer>): ByteStream {
  yield* fromBytes(await bytes);
}

/**
 * The same store, which reads the next few small blobs while one of them is worked on.
 *
 * @param order The blobs that will be opened, in that order. Others are opened as ever.
 * @param options Of the reading ahead; what it throws, `open` throws.
 */
export function readAhead(store: Store, order: readonly Descriptor[], options: IoOptions): Store {
  const coming = order.filter(({ size }) => size <= SMALL)[Symbol.iterator]();
  const ready = new Map<Digest, Promise<Buffer>>();
  function fill(): void {
    while (ready.size < AHEAD) {
      const { value: next, done } = coming.next();
      if (done) return;
      const bytes = collect(store.open(next, options), SMALL, `blob ${next.digest}`);
      // It may fail before it is asked for, or never be asked for.
      bytes.catch(() => {});
      ready.set(next.digest, bytes);
    }
  }
  fill();
  return {
    ...store,
    open(descriptor, more) {
      const bytes = ready.get(descriptor.digest);
      if (bytes === undefined) return store.open(descriptor, more);
      ready.delete(descriptor.digest);
      fill();
      return fromPromise(bytes);
    },
  };
}
