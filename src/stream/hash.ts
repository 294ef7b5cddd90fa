/**
 * Digests of bytes in flight.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type Algorithm, type Digest, digestFromHex } from "../oci/digest.js";
import type { ByteStream } from "./bytes.js";

/** What bytes are, as far as a name needs: `size` in bytes. */
export interface ContentId {
  readonly digest: Digest;
  readonly size: number;
}

/** Takes bytes piece by piece; copies none. */
export interface Hasher {
  update(chunk: Uint8Array): void;
  /** The digest and size of all that came. Once; nothing may come after it. */
  end(): ContentId;
}

/** Creates a hasher that counts, too. */
export function createHasher(algorithm: Algorithm = "sha256"): Hasher {
  const hash = createHash(algorithm);
  let size = 0;
  return {
    update(chunk) {
      hash.update(chunk);
      size += chunk.byteLength;
    },
    end: () => ({ digest: digestFromHex(algorithm, hash.digest("hex")), size }),
  };
}

/**
 * Passes a stream on as it is and tells what it was.
 *
 * @param onEnd Called once, after the last chunk and before the stream ends; never when it fails or is left early.
 */
export async function* hashing(
  stream: ByteStream,
  onEnd: (content: ContentId) => void,
  algorithm: Algorithm = "sha256",
): AsyncGenerator<Uint8Array> {
  const hasher = createHasher(algorithm);
  for await (const chunk of stream) {
    hasher.update(chunk);
    yield chunk;
  }
  onEnd(hasher.end());
}
