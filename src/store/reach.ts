/**
 * What names lead to: every content that a root reaches.
 *
 * @module
 */

import { errnoOf, isLadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { childrenOf, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isReferableType } from "../oci/media-type.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { mapConcurrent } from "../stream/pool.js";
import type { BlobReader } from "./store.js";

/** Manifests that are read at once. */
const READS = 8;

/** What was found so far; it may be used again for more roots. */
export interface Reached {
  /** Every content that is reached, whether it is there or not. */
  readonly content: Map<Digest, Descriptor>;
  /** Manifests that are named and not there, so that nobody can say what they need. */
  readonly missing: Set<Digest>;
}

/** Nothing yet. */
export function reachNothing(): Reached {
  return { content: new Map(), missing: new Set() };
}

/** What one manifest calls a layer may be a manifest to another, which needs more. */
function isNew({ digest, mediaType }: Descriptor, { content }: Reached): boolean {
  const known = content.get(digest);
  return known === undefined || (isReferableType(mediaType) && !isReferableType(known.mediaType));
}

function isAbsent(error: unknown): boolean {
  return isLadingError(error, "NOT_FOUND") || errnoOf(error) === "ENOENT";
}

/**
 * Adds what these roots reach. Manifests that are known already are not read again.
 *
 * @throws {LadingError} `DIGEST_MISMATCH`, `SYNTAX`, `FORMAT` for a manifest that is there and cannot be read: what it needs is then
 * unknown. What `store.open` throws but `NOT_FOUND`.
 */
export async function reach(
  roots: readonly Descriptor[],
  store: Pick<BlobReader, "open">,
  reached: Reached,
  options: IoOptions = {},
): Promise<void> {
  let level = roots;
  while (level.length > 0) {
    const news = level.filter((descriptor) => isNew(descriptor, reached));
    for (const descriptor of news) reached.content.set(descriptor.digest, descriptor);
    const manifests = news.filter(({ mediaType }) => isReferableType(mediaType));
    const read = (manifest: Descriptor) => readChildren(manifest, store, reached, options);
    level = (await mapConcurrent(manifests, READS, read, options.signal)).flat();
  }
}

async function readChildren(
  manifest: Descriptor,
  store: Pick<BlobReader, "open">,
  { missing }: Reached,
  options: IoOptions,
): Promise<readonly Descriptor[]> {
  try {
    const bytes = await collect(store.open(manifest, options), MAX_MANIFEST_BYTES, `manifest ${manifest.digest}`);
    return childrenOf(manifest.mediaType, bytes);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    missing.add(manifest.digest);
    return [];
  }
}
