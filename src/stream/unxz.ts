/**
 * xz, decoded.
 *
 * @see https://tukaani.org/xz/xz-file-format-1.2.1.txt
 * @module
 */

import type { ByteStream } from "./bytes.js";
import { corrupt, type DecodeContext, dictionaryTooLarge, MAX_DICTIONARY, unsupported } from "./corrupt.js";
import { createCursor } from "./cursor.js";
import { createXzEngine, XZ_RESULT, type XzEngine } from "./xz-engine.js";

/** Bytes of a stream's header; the first block's header follows. */
const STREAM_HEADER = 12;

function fail(result: number, what: string, offset: number): Error {
  if (result === XZ_RESULT.memoryLimit || result === XZ_RESULT.memory) return dictionaryTooLarge(what, MAX_DICTIONARY);
  if (result === XZ_RESULT.options) {
    const known = "the decoder knows no checksum but CRC-32 and CRC-64, and no filter but LZMA2";
    const why = offset <= STREAM_HEADER ? "its xz checksum is of another type" : "it uses an xz filter or option";
    return unsupported(what, `${why}: ${known}`);
  }
  if (result === XZ_RESULT.buffer) return corrupt(what, "it ends inside an xz stream", offset);
  if (result !== XZ_RESULT.format) return corrupt(what, "its xz data is broken", offset);
  const isStart = offset <= STREAM_HEADER;
  return corrupt(
    what,
    isStart ? "it does not start with an xz header" : "there are bytes after the last xz stream",
    offset,
  );
}

/**
 * Decodes xz: one stream or several, with padding between them. Chunks have at most 64 KiB and share a buffer. Unlike with
 * other formats, `onTrailing` is not asked: the format has a rule for what follows a stream, and xz itself refuses the rest.
 *
 * @throws {LadingError} `CORRUPT` when it is cut short, breaks the format, fails a checksum, or goes on after the last
 * stream; `TOO_LARGE` for a dictionary above 64 MiB; `UNSUPPORTED` for a SHA-256 check or a filter such as BCJ.
 */
export async function* unxz(stream: ByteStream, { what, claim }: DecodeContext): AsyncGenerator<Uint8Array> {
  const cursor = createCursor(stream);
  let engine: XzEngine | undefined;
  try {
    engine = await createXzEngine();
    for (let isEnd = false; ; ) {
      const { result, consumed, output } = engine.step(cursor.rest, isEnd);
      cursor.skip(consumed);
      // Memory that it has grown by becomes real only with the steps to come.
      await claim?.(engine.memory);
      if (output.byteLength > 0) yield output;
      if (result === XZ_RESULT.streamEnd) return;
      // The decoder gives what it holds before it says that it got no further without input.
      const isStarved = cursor.rest.byteLength === 0 && output.byteLength === 0;
      if (result !== XZ_RESULT.ok && !(isStarved && result === XZ_RESULT.buffer && !isEnd)) {
        throw fail(result, what, cursor.offset);
      }
      if (isStarved) isEnd = !(await cursor.fill());
    }
  } finally {
    engine?.close();
    await cursor.close();
  }
}
