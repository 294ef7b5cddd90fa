/**
 * `LayerPlan`: a layer that is not yet bytes, or not yet this image's.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { ListedFile } from "../package/file-list.js";
import type { Package } from "../package/package.js";
import type { WriteEntry } from "../tar/entry.js";

/** Where a layer comes from. */
export type LayerPlan =
  | { readonly kind: "base"; readonly layer: Layer }
  /** `through` tells which of its paths lead through a lower layer's symlink, and whereto; mostly none. */
  | { readonly kind: "package"; readonly package: Package; readonly through: PathRewrites }
  | { readonly kind: "tarball"; readonly name: string; readonly layer: Layer; readonly through: PathRewrites }
  | { readonly kind: "files"; readonly entries: readonly WriteEntry[] }
  | { readonly kind: "generated"; readonly entries: readonly WriteEntry[] };

/**
 * Paths that must be written elsewhere, since a layer below has a symlink on the way: the symlink's path to the real folder,
 * as in `Entry.path`. Sorted by path.
 */
export type PathRewrites = readonly { readonly symlink: string; readonly folder: string }[];

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

/** A layer's files, for whoever looks for conflicts. */
export interface LayerFiles {
  /** What a person would call the layer. */
  readonly label: string;
  readonly files: readonly ListedFile[];
}
