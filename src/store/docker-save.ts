/**
 * `manifest.json`, by which `docker load` finds the images of an archive.
 *
 * @see https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md#combined-image-json--filesystem-changeset-format
 * @module
 */

import { LadingError } from "../errors.js";
import { TEXT_SHAPE } from "../oci/descriptor.js";
import { decodeJson, encodeJson } from "../oci/json.js";
import { formatReference, parseReference } from "../oci/reference.js";
import { listOf, recordOf } from "../oci/shape.js";

/** One image. The paths are those of members. */
export interface SavedImage {
  readonly Config: string;
  /** `HOST/NAME:TAG`, or `NAME:TAG` of Docker Hub. */
  readonly RepoTags?: readonly string[];
  /** Base first. */
  readonly Layers: readonly string[];
}

const IMAGES = listOf(
  recordOf<SavedImage>(
    { Config: TEXT_SHAPE, RepoTags: listOf(TEXT_SHAPE), Layers: listOf(TEXT_SHAPE) },
    { required: ["Config", "Layers"] },
  ),
);

/** Reads `manifest.json`. `path` names it in errors. Throws `SYNTAX` and `TOO_LARGE`. */
export function decodeSavedImages(bytes: Uint8Array, path: string): readonly SavedImage[] {
  return IMAGES.read(decodeJson(bytes, { what: path, names: IMAGES.names }), { what: path });
}

export function encodeSavedImages(images: readonly SavedImage[]): Uint8Array {
  return encodeJson(IMAGES.write(images));
}

/**
 * The one spelling of an image's name, as `docker images` shows it: `debian:12`, `127.0.0.1:5000/team/py:latest`.
 *
 * @throws {LadingError} `SYNTAX` where it is no reference, or names a digest.
 */
export function savedName(text: string): string {
  const { registry, repository, tag = "latest", digest } = parseReference(text);
  if (digest !== undefined) {
    const message = `Cannot parse reference ${JSON.stringify(text.slice(0, 300))}: an image in a Docker archive has a tag and no digest`;
    throw new LadingError("SYNTAX", message, { kind: "reference", input: text.slice(0, 300) });
  }
  if (registry !== "docker.io") return `${registry}/${repository}:${tag}`;
  return `${repository.replace(/^library\/(?=[^/]+$)/, "")}:${tag}`;
}

/** The same name in full, and its tag alone. */
export function fullName(text: string): { readonly name: string; readonly tag: string } {
  const reference = parseReference(text);
  return { name: formatReference(reference), tag: reference.tag ?? "latest" };
}
