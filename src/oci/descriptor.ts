/**
 * Descriptors: typed, sized, digested pointers to content.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 * @module
 */

import { type Digest, digestOf } from "./digest.js";
import { MEDIA_TYPE } from "./media-type.js";
import type { Platform } from "./platform.js";

export type Annotations = Readonly<Record<string, string>>;

/** A pointer to content. `size` is in bytes, as stored. Field names are the specification's. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Annotations;
  /** The content itself in standard base64. */
  readonly data?: string;
  readonly artifactType?: string;
  readonly platform?: Platform;
}

/** The descriptor of some bytes at hand. */
export function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

/** The empty descriptor: the two bytes `{}`. */
export const EMPTY_DESCRIPTOR: Descriptor = {
  ...describe(MEDIA_TYPE.empty, new TextEncoder().encode("{}")),
  data: "e30=",
};
