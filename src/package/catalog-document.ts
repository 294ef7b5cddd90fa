/**
 * The catalog of a repository: an OCI index that lists its packages, each with all that resolving needs.
 *
 * ```text
 * index  artifactType application/vnd.lading.catalog.v1, tag lading-catalog
 *   manifests  a package's manifest, annotations io.lading.package (its line) and io.lading.tag; sorted by tag
 * ```
 *
 * Registries take no index above 4 MiB. Above 3 MiB the packages are spread over such indexes by the hash of their tags, and
 * the catalog is an index of these; so a package that changes leaves all shards but its own as they are.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { encodeIndex } from "../oci/manifest.js";
import { MEDIA_TYPE } from "../oci/media-type.js";
import { CATALOG_ANNOTATION } from "./artifact.js";

/** The tag of a repository's catalog. A package's tag ends in twelve hexadecimal digits, so none is this one. */
export const CATALOG_TAG = "lading-catalog";
/** The annotation that names the tag of a package. */
export const TAG_ANNOTATION = "io.lading.tag";
/** Bytes from which a catalog is spread over shards. */
const MAX_INDEX = 3 * 1024 * 1024;
/** Characters of the longest line that stands in a catalog. What has a longer one tells of itself. */
const MAX_LINE = 256 * 1024;
/** Bits of the hash that may choose a shard. */
const MAX_BITS = 13;

/** Could it be the tag of a package? */
export function isPackageTag(name: string): boolean {
  return /-[0-9a-f]{12}$/.test(name);
}

/** A package as a catalog lists it: its descriptor with its line, and its tag. */
export function catalogEntry(tag: string, { annotations, ...descriptor }: Descriptor): Descriptor {
  const line = annotations?.[CATALOG_ANNOTATION];
  const kept = line === undefined || line.length > MAX_LINE ? {} : { [CATALOG_ANNOTATION]: line };
  return { ...descriptor, annotations: { ...kept, [TAG_ANNOTATION]: tag } };
}

/** The tag of a package that a catalog lists. */
export function entryTag({ annotations }: Descriptor): string {
  return annotations?.[TAG_ANNOTATION] ?? "";
}

function encode(manifests: readonly Descriptor[]): Uint8Array {
  const { index: mediaType, catalog: artifactType } = MEDIA_TYPE;
  return encodeIndex({ schemaVersion: 2, mediaType, artifactType, manifests });
}

/** The shard of a tag: the first bits of its hash. */
function shardOf(tag: string, bits: number): number {
  return createHash("sha256").update(tag).digest().readUInt16BE(0) >>> (16 - bits);
}

function spread(entries: readonly Descriptor[], bits: number): readonly Uint8Array[] {
  const shards = new Map<number, Descriptor[]>();
  for (const entry of entries) {
    const shard = shardOf(entryTag(entry), bits);
    const members = shards.get(shard);
    if (members === undefined) shards.set(shard, [entry]);
    else members.push(entry);
  }
  return [...shards].sort(([left], [right]) => left - right).map(([, members]) => encode(members));
}

/** A catalog as documents: the shards, where it needs any, and the index of them all. */
export interface CatalogDocuments {
  readonly shards: readonly Uint8Array[];
  /** Makes the index that is tagged, once the shards have descriptors. */
  root(shards: readonly Descriptor[]): Uint8Array;
}

/**
 * Encodes a catalog. The same entries in any order give the same bytes.
 *
 * @param maxBytes Bytes that an index may have (3 MiB).
 * @throws {LadingError} `TOO_LARGE` for more packages than shards can hold, some hundred thousand.
 */
export function encodeCatalog(entries: readonly Descriptor[], maxBytes = MAX_INDEX): CatalogDocuments {
  const sorted = [...entries].sort((left, right) => (entryTag(left) < entryTag(right) ? -1 : 1));
  const whole = encode(sorted);
  if (whole.byteLength <= maxBytes) return { shards: [], root: () => whole };
  const first = Math.ceil(Math.log2(whole.byteLength / maxBytes));
  for (let bits = Math.max(1, first); bits <= MAX_BITS; bits++) {
    const shards = spread(sorted, bits);
    if (shards.every(({ byteLength }) => byteLength <= maxBytes)) return { shards, root: encodeShards };
  }
  const message = `Cannot write a catalog of ${entries.length} packages: its lines have ${whole.byteLength} bytes, more than shards can hold; publish some of them to another repository`;
  throw new LadingError("TOO_LARGE", message, { what: "catalog", limit: maxBytes * 2 ** MAX_BITS });
}

function encodeShards(shards: readonly Descriptor[]): Uint8Array {
  return encode(shards.map((shard) => ({ ...shard, artifactType: MEDIA_TYPE.catalog })));
}
