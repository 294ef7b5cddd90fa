/**
 * What an image is made of.
 *
 * @module
 */

import type { Platform } from "../oci/platform.js";
import type { Package, PackageLayer } from "../package/package.js";
import type { RecipeFiles } from "../recipe/recipe.js";
import type { OpenBase } from "./base.js";
import type { ImageSettings } from "./compose.js";

/** What becomes one layer: a package, or a bare tarball under the name that it was given by. */
export type Content =
  | { readonly kind: "package"; readonly package: Package }
  | { readonly kind: "tarball"; readonly name: string; readonly layer: PackageLayer };

/** What an image is to hold. */
export interface ImageContents {
  readonly platform: Platform;
  readonly base?: OpenBase | undefined;
  /** In layer order, lowest first. */
  readonly contents: readonly Content[];
  readonly files: readonly RecipeFiles[];
  /** The folder that `files` are relative to. */
  readonly folder: string;
  readonly settings: ImageSettings;
}

/** What messages call it. */
export function labelOf(content: Content): string {
  return content.kind === "package" ? content.package.name : content.name;
}

export const layerOf = (content: Content) => (content.kind === "package" ? content.package.layer : content.layer);
