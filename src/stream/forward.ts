/**
 * Ranges of something that can only be read from its start.
 *
 * A reader goes forward and waits where it was left, so that ranges in ascending order cost one reading, however many there are.
 *
 * @module
 */

import type { ByteStream } from "./bytes.js";

/** A reading that stands somewhere. */
interface Reader {
  readonly chunks: AsyncIterator<Uint8Array>;
  /** What came last, and how many bytes came before it. */
  chunk: Uint8Array;
  start: number;
  isBusy: boolean;
}

/** Ranges, as long as it is not closed. */
export interface ForwardRanges {
  /** The bytes from `start` to before `end`; fewer where the stream ends before. */
  open(start: number, end: number): ByteStream;
  /** Lets go of all readings. */
  close(): Promise<void>;
}

/** Readings that wait at once; what is read in two places by turns needs two. */
const MAX_WAITING = 3;

async function advance(reader: Reader): Promise<boolean> {
  const { done, value } = await reader.chunks.next();
  reader.start += reader.chunk.byteLength;
  reader.chunk = done ? new Uint8Array(0) : value;
  return done !== true;
}

/** The bytes of a range; reads on to the end of the stream where the range does, so that its source can check the whole. */
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

/**
 * Creates ranges of a stream.
 *
 * @param openStream Starts the stream anew.
 * @param size Its bytes.
 */
export function createForwardRanges(openStream: () => ByteStream, size: number): ForwardRanges {
  const waiting: Reader[] = [];
  const take = async (from: number): Promise<Reader> => {
    const fits = waiting.filter(({ start, isBusy }) => !isBusy && start <= from).sort((a, b) => b.start - a.start);
    const found = fits[0];
    if (found !== undefined) {
      found.isBusy = true;
      return found;
    }
    const idle = waiting.filter(({ isBusy }) => !isBusy);
    for (const old of idle.slice(MAX_WAITING - 1)) {
      waiting.splice(waiting.indexOf(old), 1);
      await old.chunks.return?.();
    }
    const chunks = openStream()[Symbol.asyncIterator]();
    const opened: Reader = { chunks, chunk: new Uint8Array(0), start: 0, isBusy: true };
    waiting.push(opened);
    return opened;
  };
  async function* open(start: number, end: number): ByteStream {
    const reader = await take(start);
    try {
      yield* readRange(reader, start, end, size);
    } catch (error) {
      waiting.splice(waiting.indexOf(reader), 1);
      throw error;
    } finally {
      reader.isBusy = false;
    }
  }
  return {
    open,
    async close() {
      const idle = waiting.filter(({ isBusy }) => !isBusy);
      for (const reader of idle) {
        waiting.splice(waiting.indexOf(reader), 1);
        await reader.chunks.return?.();
      }
    },
  };
}
