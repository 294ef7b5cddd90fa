/**
 * A blob of any store, read from anywhere in it.
 *
 * Stores give blobs from the start. One that lies in a file is read there. Else a reader goes forward through the blob and
 * waits where it was left, so that ranges in ascending order cost one reading, however many there are.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { Store } from "../store/store.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { readFile } from "../stream/file.js";
import type { BlobRanges } from "../tar/toc-file.js";

/** A reading that stands somewhere in the blob. */
interface Reader {
  readonly chunks: AsyncIterator<Uint8Array>;
  /** What came last, and how many bytes came before it. */
  chunk: Uint8Array;
  start: number;
  isBusy: boolean;
}

/** Readings that wait at once; what is read in two places by turns needs two. */
const MAX_WAITING = 3;

async function advance(reader: Reader): Promise<boolean> {
  const { done, value } = await reader.chunks.next();
  reader.start += reader.chunk.byteLength;
  reader.chunk = done ? new Uint8Array(0) : value;
  return done !== true;
}

/** The bytes of a range; reads on to the end of the blob where the range does, so that the store can check the whole. */
async function* readRange(reader: Reader, from: number, end: number, size: number): ByteStream {
  let at = from;
  while (at < end) {
    if (at >= reader.start + reader.chunk.byteLength) {
      if (!(await advance(reader))) return;
      continue;
    }
    const piece = reader.chunk.subarray(at - reader.start, end - reader.start);
    at += piece.byteLength;
    yield piece;
  }
  if (end === size) while (await advance(reader));
}

/** Opens a blob for reading in parts. `close()` lets go of all readings. */
export async function openRanges(
  store: Store,
  descriptor: Descriptor,
  { signal }: IoOptions = {},
): Promise<BlobRanges & { close(): Promise<void> }> {
  const { size } = descriptor;
  const file = await store.sharedFile?.(descriptor);
  if (file !== undefined) {
    const open = (start: number, end: number) => readFile(file, { start, end, signal, mayBeTouched: true });
    return { size, open, close: async () => {} };
  }
  const waiting: Reader[] = [];
  const take = async (from: number): Promise<Reader> => {
    const fits = waiting.filter(({ start, isBusy }) => !isBusy && start <= from).sort((a, b) => b.start - a.start);
    const found = fits[0];
    if (found !== undefined) return found;
    const idle = waiting.filter(({ isBusy }) => !isBusy);
    for (const old of idle.slice(MAX_WAITING - 1)) {
      waiting.splice(waiting.indexOf(old), 1);
      await old.chunks.return?.();
    }
    const chunks = store.open(descriptor, { signal })[Symbol.asyncIterator]();
    const opened: Reader = { chunks, chunk: new Uint8Array(0), start: 0, isBusy: false };
    waiting.push(opened);
    return opened;
  };
  async function* open(start: number, end: number): ByteStream {
    const reader = await take(start);
    reader.isBusy = true;
    try {
      yield* readRange(reader, start, end, size);
    } finally {
      reader.isBusy = false;
    }
  }
  return {
    size,
    open,
    close: async () => {
      for (const { chunks } of waiting) await chunks.return?.();
    },
  };
}
