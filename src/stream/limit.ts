/**
 * Streams that may not grow past a limit.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { ByteStream } from "./bytes.js";

/**
 * Passes a stream on as long as it is small enough.
 *
 * @param max Bytes that are allowed.
 * @param what Names the content in the error.
 * @throws {LadingError} `TOO_LARGE` as soon as more than `max` bytes came; the chunk that passes it is not handed out.
 */
export async function* limited(stream: ByteStream, max: number, what: string): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > max) {
      throw new LadingError("TOO_LARGE", `Cannot read ${what}: it is larger than ${max} bytes`, { what, limit: max });
    }
    yield chunk;
  }
}
