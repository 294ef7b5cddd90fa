/**
 * Manifests that were just pushed or fetched, so that tagging them needs no request.
 *
 * @module
 */

import type { Digest } from "../oci/digest.js";

/** Bytes that are kept at most (16 MiB). */
const LIMIT = 16 * 1024 * 1024;

export interface ManifestCache {
  find(digest: Digest): Uint8Array | undefined;
  /** Keeps bytes that were verified; the oldest go when there are too many. */
  keep(digest: Digest, bytes: Uint8Array): void;
}

export function createManifestCache(): ManifestCache {
  const kept = new Map<Digest, Uint8Array>();
  let size = 0;
  return {
    find: (digest) => kept.get(digest),
    keep(digest, bytes) {
      if (kept.has(digest)) return;
      kept.set(digest, bytes);
      size += bytes.byteLength;
      for (const [oldest, { byteLength }] of kept) {
        if (size <= LIMIT) break;
        kept.delete(oldest);
        size -= byteLength;
      }
    },
  };
}
