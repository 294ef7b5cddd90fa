/**
 * Descriptors: typed, sized, digested pointers to content.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 * @module
 */

import { LadingError } from "../errors.js";
import { type Digest, digestOf, isDigest, splitDigest } from "./digest.js";
import { MEDIA_TYPE } from "./media-type.js";
import { PLATFORM_SHAPE, type Platform } from "./platform.js";
import { listOf, mapOf, type Place, recordOf, refuseValue, type Shape, scalarOf, textOf } from "./shape.js";

/** Texts by name. Names are unique; `org.opencontainers.` names are the specification's. */
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

/** A digest that lading can verify; anything else could not be trusted, and might not be safe in a path. */
export const DIGEST_SHAPE = scalarOf("sha256:<64 lower-case hex digits> or sha512:<128>", isDigest);

/** Any text without a NUL, which no system call and few tools would take. */
export const TEXT_SHAPE = textOf("a text without NUL", /^[^\0]*$/);

export const ANNOTATIONS_SHAPE: Shape<Annotations> = mapOf(TEXT_SHAPE);

/** RFC 6838 section 4.2, as the specification's schema has it. */
export const MEDIA_TYPE_SHAPE = textOf(
  "a media type such as application/json",
  /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/,
);

const SIZE_SHAPE = scalarOf(
  "a whole number of bytes",
  (value): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0,
);

const FIELDS = recordOf<Descriptor>(
  {
    mediaType: MEDIA_TYPE_SHAPE,
    digest: DIGEST_SHAPE,
    size: SIZE_SHAPE,
    urls: listOf(TEXT_SHAPE),
    annotations: ANNOTATIONS_SHAPE,
    data: textOf("standard base64", /^[A-Za-z0-9+/]*={0,2}$/),
    platform: PLATFORM_SHAPE,
    artifactType: MEDIA_TYPE_SHAPE,
  },
  { required: ["mediaType", "digest", "size"] },
);

/** A descriptor whose `data`, where it has one, is what digest and size say. */
export const DESCRIPTOR_SHAPE: Shape<Descriptor> = {
  ...FIELDS,
  read(value, place) {
    const descriptor = FIELDS.read(value, place);
    if (descriptor.data !== undefined) checkData(descriptor, descriptor.data, place);
    return descriptor;
  },
};

function checkData({ digest, size }: Descriptor, data: string, place: Place): void {
  const at = { what: place.what, parent: place, key: "data" };
  const bytes = Buffer.from(data, "base64");
  if (bytes.toString("base64") !== data) throw refuseValue(at, data, "standard base64 with padding");
  const actual = digestOf(bytes, splitDigest(digest).algorithm);
  if (actual === digest && bytes.byteLength === size) return;
  const message = `Cannot decode ${place.what}: the data that stands in a descriptor has ${bytes.byteLength} bytes and digest ${actual}, expected ${size} bytes and ${digest}`;
  throw new LadingError("DIGEST_MISMATCH", message, { what: "data of a descriptor", expected: digest, actual });
}
