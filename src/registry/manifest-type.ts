/**
 * What kind of manifest some bytes are.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { decodeJson } from "../oci/json.js";
import { childrenOf } from "../oci/manifest.js";
import { isReferableType, MEDIA_TYPE } from "../oci/media-type.js";

/**
 * The media type of a manifest or index, checked against its content.
 *
 * @param contentType What a header says; its parameters, and types that are no manifest's, are ignored.
 * @throws {LadingError} `FORMAT` where header and content differ, or where it is neither manifest nor index; `SYNTAX` and
 * `TOO_LARGE` as `decodeManifest` does.
 */
export function manifestTypeOf(bytes: Uint8Array, contentType?: string): string {
  const said = contentType?.split(";")[0]?.trim().toLowerCase();
  const mediaType = said !== undefined && isReferableType(said) ? said : ownType(bytes);
  childrenOf(mediaType, bytes);
  return mediaType;
}

function ownType(bytes: Uint8Array): string {
  const value = decodeJson(bytes, { what: "manifest" });
  const fields: Readonly<Record<string, unknown>> = { ...(value as object | null) };
  const own = fields.mediaType;
  if (own === undefined && Array.isArray(fields.manifests)) return MEDIA_TYPE.index;
  if (own === undefined && typeof fields.config === "object") return MEDIA_TYPE.manifest;
  if (typeof own === "string" && isReferableType(own)) return own;
  const found = typeof own === "string" ? `media type ${own.slice(0, 100)}` : "another document";
  const message = `Cannot decode manifest: found ${found}, expected a manifest or an index of the OCI or Docker family`;
  throw new LadingError("FORMAT", message, { wanted: "manifest or index", found });
}
