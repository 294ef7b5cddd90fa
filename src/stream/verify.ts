/**
 * Content against what its name promises.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { type Algorithm, type Digest, splitDigest } from "../oci/digest.js";
import type { ByteStream } from "./bytes.js";
import { type ContentId, createHasher } from "./hash.js";

/** What content is promised to be. A promise that is absent is not checked. `size` in bytes. */
export interface Promised {
  readonly digest?: Digest | undefined;
  readonly size?: number | undefined;
}

/** {@link Promised}, and how a person would call the content: `blob in oci:out`. */
export interface Expected extends Promised {
  readonly what: string;
}

function mismatch(what: string, expected: string, actual: string): LadingError<"DIGEST_MISMATCH"> {
  const message = `Cannot accept ${what}: it is ${actual}, expected ${expected}; fetch or make it again`;
  return new LadingError("DIGEST_MISMATCH", message, { what, expected, actual });
}

function checkSize(actual: number, { size }: Promised, what: string): void {
  if (size !== undefined && actual !== size) throw mismatch(what, `${size} bytes`, `${actual} bytes`);
}

/**
 * Compares what content is with what was promised of it.
 *
 * @throws {LadingError} `DIGEST_MISMATCH` when size or digest differ.
 */
export function checkContent(actual: ContentId, promised: Promised, what: string): void {
  checkSize(actual.size, promised, what);
  const { digest } = promised;
  if (digest !== undefined && actual.digest !== digest) throw mismatch(what, digest, actual.digest);
}

/**
 * Passes a stream on and checks it on the way. Who reads to the end without an error had the promised bytes. Where the size
 * is promised, the digest is checked before the last bytes are handed out, so wrong content never comes out whole.
 *
 * @throws {LadingError} `DIGEST_MISMATCH` as soon as more bytes came than promised, or at the end when size or digest
 * differ.
 */
export async function* verified(stream: ByteStream, expected: Expected): AsyncGenerator<Uint8Array> {
  const { what, size, digest } = expected;
  const algorithm: Algorithm = digest === undefined ? "sha256" : splitDigest(digest).algorithm;
  const hasher = createHasher(algorithm);
  let received = 0;
  let checked = false;
  for await (const chunk of stream) {
    if (chunk.byteLength === 0) continue;
    received += chunk.byteLength;
    if (size !== undefined && received > size) throw mismatch(what, `${size} bytes`, `${received} bytes or more`);
    hasher.update(chunk);
    if (received === size) {
      checkContent(hasher.end(), expected, what);
      checked = true;
    }
    yield chunk;
  }
  checkSize(received, expected, what);
  if (!checked) checkContent(hasher.end(), expected, what);
}
