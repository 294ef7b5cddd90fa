/**
 * Referrers: manifests that say by their `subject` which other one they belong to.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 * @module
 */

import type { Descriptor } from "./descriptor.js";
import { type Digest, splitDigest } from "./digest.js";
import { decodeIndex, decodeManifest } from "./manifest.js";
import { isIndexType, isManifestType } from "./media-type.js";

/** A manifest with a subject. */
export interface Referrer {
  readonly subject: Descriptor;
  /** As a list of referrers has it: with its type and its annotations. */
  readonly descriptor: Descriptor;
}

/** What a manifest or index refers to; undefined where it has no subject. Throws like `decodeManifest`. */
export function readReferrer({ mediaType, digest, size }: Descriptor, bytes: Uint8Array): Referrer | undefined {
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) return undefined;
  const { subject, artifactType, annotations, config } = isIndexType(mediaType)
    ? { ...decodeIndex(bytes, mediaType), config: undefined }
    : decodeManifest(bytes, mediaType);
  if (subject === undefined) return undefined;
  const type = artifactType ?? config?.mediaType;
  const more = { ...(type && { artifactType: type }), ...(annotations && { annotations }) };
  return { subject, descriptor: { mediaType, digest, size, ...more } };
}

/** The tag under which registries without the referrers API have a list of what refers to a manifest. */
export function referrersTag(subject: Digest): string {
  const { algorithm, hex } = splitDigest(subject);
  return `${algorithm}-${hex.slice(0, 64)}`;
}
