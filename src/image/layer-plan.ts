/**
 * What is known of a layer before and after its bytes rest in a store.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";

/**
 * Paths of a layer that must be written elsewhere, since a layer below has a symlink on the way: the symlink's path and the
 * real folder, as in `Entry.path`. Sorted by symlink. With `create` the folder is not there yet: the layer's own entry for
 * the directory becomes it; else that entry is left out.
 */
export type PathRewrites = readonly {
  readonly symlink: string;
  readonly folder: string;
  readonly create?: true;
}[];

/** A layer at rest in a store, with all that an image needs to know of it. */
export interface Layer {
  readonly descriptor: Descriptor;
  /** Digest of the uncompressed tar. */
  readonly diffId: Digest;
  /** Bytes of the uncompressed tar. */
  readonly uncompressedSize: number;
  /** What made it, one line of the image's history. */
  readonly createdBy: string;
}
