/**
 * Manifests and indexes.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 * @module
 */

import { LadingError } from "../errors.js";
import {
  ANNOTATIONS_SHAPE,
  type Annotations,
  DESCRIPTOR_SHAPE,
  type Descriptor,
  MEDIA_TYPE_SHAPE,
} from "./descriptor.js";
import { decodeJson, encodeJson, MAX_DOCUMENT_BYTES } from "./json.js";
import { isIndexType, isManifestType } from "./media-type.js";
import { listOf, recordOf, type Shape, scalarOf } from "./shape.js";

/** Bytes that a manifest may have (4 MiB): registries and other tools take no more. */
export const MAX_MANIFEST_BYTES = MAX_DOCUMENT_BYTES;

/** The manifest of one image or artifact. Layers stand base first. */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Annotations;
}

/** A list of manifests, mostly one for each platform. */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Annotations;
}

const VERSION = scalarOf("2", (value): value is 2 => value === 2);

const MANIFEST_SHAPE = recordOf<Manifest>(
  {
    schemaVersion: VERSION,
    mediaType: MEDIA_TYPE_SHAPE,
    artifactType: MEDIA_TYPE_SHAPE,
    config: DESCRIPTOR_SHAPE,
    layers: listOf(DESCRIPTOR_SHAPE),
    subject: DESCRIPTOR_SHAPE,
    annotations: ANNOTATIONS_SHAPE,
  },
  { required: ["schemaVersion", "config", "layers"], passed: ["manifests", "fsLayers"] },
);

const INDEX_SHAPE = recordOf<Index>(
  {
    schemaVersion: VERSION,
    mediaType: MEDIA_TYPE_SHAPE,
    artifactType: MEDIA_TYPE_SHAPE,
    manifests: listOf(DESCRIPTOR_SHAPE),
    subject: DESCRIPTOR_SHAPE,
    annotations: ANNOTATIONS_SHAPE,
  },
  { required: ["schemaVersion", "manifests"], passed: ["config", "layers", "fsLayers"] },
);

export interface DecodeManifestOptions {
  /** What the descriptor or the registry says that the bytes are; its parameters are ignored. */
  readonly mediaType?: string | undefined;
  /** What the document is, for messages (`manifest`, `index`). */
  readonly what?: string | undefined;
  /** Bytes that are allowed (4 MiB). */
  readonly maxBytes?: number | undefined;
}

/**
 * Decodes the manifest of one image or artifact, of the OCI or the Docker family. Unknown fields are kept; an optional
 * field that is `null` counts as absent.
 *
 * @param given Its media type as others say it, or options.
 * @throws {LadingError} `TOO_LARGE` above `maxBytes`.
 * @throws {LadingError} `SYNTAX` when it is no strict JSON, or when a field is not of the specification's type.
 * @throws {LadingError} `FORMAT` when it is something else than a manifest: by its own media type, by the one that is
 * given, because the two differ, or because it has the fields of another document.
 * @throws {LadingError} `DIGEST_MISMATCH` when the `data` of a descriptor is not what its digest and size say.
 */
export function decodeManifest(bytes: Uint8Array, given: string | DecodeManifestOptions = {}): Manifest {
  return decode(bytes, given, {
    what: "manifest",
    shape: MANIFEST_SHAPE,
    isType: isManifestType,
    foreign: ["manifests"],
  });
}

/** Decodes an index, of the OCI or the Docker family; otherwise as {@link decodeManifest}. */
export function decodeIndex(bytes: Uint8Array, given: string | DecodeManifestOptions = {}): Index {
  return decode(bytes, given, {
    what: "index",
    shape: INDEX_SHAPE,
    isType: isIndexType,
    foreign: ["layers", "config"],
  });
}

interface Kind<T> {
  readonly what: string;
  readonly shape: Shape<T>;
  readonly isType: (mediaType: string) => boolean;
  /** Fields that only other documents have. Readers differ on what a document with both is. */
  readonly foreign: readonly string[];
}

function decode<T>(bytes: Uint8Array, given: string | DecodeManifestOptions, kind: Kind<T>): T {
  const options = typeof given === "string" ? { mediaType: given } : given;
  const { what = kind.what, maxBytes } = options;
  const value = decodeJson(bytes, { what, maxBytes, names: kind.shape.names });
  const said = options.mediaType?.split(";")[0]?.trim().toLowerCase();
  checkKind(value, said, what, kind);
  return kind.shape.read(value, { what });
}

function checkKind(value: unknown, said: string | undefined, what: string, kind: Kind<unknown>): void {
  const fields: { readonly mediaType?: unknown } = { ...(value as object | null) };
  const own = typeof fields.mediaType === "string" ? fields.mediaType : undefined;
  for (const type of [said, own]) {
    if (type !== undefined && !kind.isType(type)) throw refuse(what, kind.what, `media type ${shorten(type)}`);
  }
  if (said !== undefined && own !== undefined && said !== own) {
    throw refuse(what, said, `${own}, by its own field mediaType`);
  }
  const foreign = [...kind.foreign, "fsLayers"].find((name) => Object.hasOwn(fields, name));
  if (foreign !== undefined) throw refuse(what, kind.what, `a document with the field ${foreign}`);
}

function refuse(what: string, wanted: string, found: string): LadingError<"FORMAT"> {
  return new LadingError("FORMAT", `Cannot decode ${what}: found ${found}, expected ${wanted}`, { wanted, found });
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Encodes a manifest: fields in the specification's order, unknown ones last, annotations sorted. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return encodeJson(MANIFEST_SHAPE.write(manifest));
}

/** Encodes an index, as {@link encodeManifest} does. */
export function encodeIndex(index: Index): Uint8Array {
  return encodeJson(INDEX_SHAPE.write(index));
}

/**
 * What a document needs to be whole: a manifest's config and layers, an index's manifests, nothing for anything else. The
 * `subject` is not among them: it need not exist. Throws like {@link decodeManifest}.
 */
export function childrenOf(mediaType: string, bytes: Uint8Array): readonly Descriptor[] {
  if (isIndexType(mediaType)) return decodeIndex(bytes, mediaType).manifests;
  if (!isManifestType(mediaType)) return [];
  const { config, layers } = decodeManifest(bytes, mediaType);
  return [config, ...layers];
}
