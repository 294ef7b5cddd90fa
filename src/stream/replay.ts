/**
 * Content that can be read again from any place.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { ByteStream } from "./bytes.js";
import { type Cursor, createCursor } from "./cursor.js";

/** Content of a known size, read piece by piece. One piece at a time: a new one ends what is left of the one before. */
export interface Replay {
  /** May a piece begin before the end of what was read? */
  readonly goesBack: boolean;
  /**
   * The bytes from `start` to before `end`. The piece that ends with the content also reads the source to its end, so that
   * the source's own checks run.
   *
   * @throws {LadingError} `CORRUPT` where the content ends early or goes on beyond its size; what the source throws.
   */
  read(start: number, end: number): ByteStream;
  /** Lets the source go. */
  close(): Promise<void>;
}

function wrongSize(size: number, why: string, offset: number): LadingError<"CORRUPT"> {
  return new LadingError("CORRUPT", `Cannot read content of ${size} bytes: it ${why}; fetch or make it again`, {
    what: "content",
    why,
    offset,
  });
}

/**
 * Pieces that follow each other are read from one opening of the source; for any other, the source is opened anew and what
 * lies before the piece is read and dropped, so that checks which the source makes on its way stay whole.
 *
 * @param first The content, opened.
 * @param reopen Opens it again from its start. Absent: the content can be read once.
 */
export function createReplay(first: ByteStream, size: number, reopen?: () => ByteStream): Replay {
  let cursor: Cursor | undefined = createCursor(first);
  let isReading = false;

  async function close(): Promise<void> {
    const old = cursor;
    cursor = undefined;
    await old?.close();
  }

  /** What was cut off in the middle of a read may still be reading: it is left, and another one opened. */
  async function cursorAt(start: number): Promise<Cursor> {
    if (cursor === undefined || isReading || cursor.offset > start) {
      if (reopen === undefined) throw wrongSize(size, "can be read only once", start);
      const old = cursor;
      cursor = createCursor(reopen());
      old?.close().catch(() => undefined);
    }
    const found = cursor;
    isReading = true;
    while (found.offset < start) {
      if (!(await found.fill())) throw wrongSize(size, `ends after ${found.offset}`, found.offset);
      found.skip(Math.min(found.rest.byteLength, start - found.offset));
    }
    return found;
  }

  async function* read(start: number, end: number): ByteStream {
    const at = await cursorAt(start);
    while (at.offset < end) {
      if (!(await at.fill())) throw wrongSize(size, `ends after ${at.offset}`, at.offset);
      const piece = at.rest.subarray(0, end - at.offset);
      at.skip(piece.byteLength);
      yield piece;
    }
    if (end === size && (await at.fill())) throw wrongSize(size, "goes on", size);
    if (at === cursor) isReading = false;
  }

  return { goesBack: reopen !== undefined, read, close };
}
