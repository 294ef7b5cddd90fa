/**
 * Telling packages in a store's list from images.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import { MEDIA_TYPE } from "../oci/media-type.js";

/** Is it a descriptor of a package? */
export function isPackageDescriptor({ artifactType }: Descriptor): boolean {
  return artifactType === MEDIA_TYPE.package;
}
