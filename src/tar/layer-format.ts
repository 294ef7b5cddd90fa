/**
 * A tar archive as a layer's bytes, in every format that lading writes.
 *
 * @module
 */

import type { Annotations, Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { LAYER_TYPE } from "../oci/media-type.js";
import type { ByteStream } from "../stream/bytes.js";
import { compress, type OutputCompression } from "../stream/codec.js";
import type { TableOptions } from "./toc.js";

/**
 * How a layer is compressed. `estargz` is gzip and `zstd:chunked` is zstd to every reader; both have a table of contents
 * beside, by which runtimes that know it fetch single files.
 */
export interface LayerFormat {
  readonly type: OutputCompression | "estargz" | "zstd:chunked";
  /** gzip, eStargz: 1 to 12 (6). zstd, zstd:chunked: 1 to 22 (3). */
  readonly level?: number | undefined;
}

/** What a format with a table of contents adds. */
export interface LayerTable {
  /** Of the layer's descriptor. */
  readonly annotations: Annotations;
  /** Of the tar that a plain reader sees: eStargz puts its landmark and table into it. */
  readonly diffId: Digest;
  /** Bytes of that tar. */
  readonly uncompressedSize: number;
}

export interface PackOptions extends TableOptions {
  /** Threads that compress formats without a table (1). */
  readonly jobs?: number | undefined;
  /** Called once before the stream ends, for formats with a table only. */
  readonly onTable?: ((table: LayerTable) => void) | undefined;
}

/** The annotations that name a layer's table of contents, by its digest. */
export const TABLE_ANNOTATION = {
  estargz: "containerd.io/snapshot/stargz/toc.digest",
  "zstd:chunked": "io.github.containers.zstd-chunked.manifest-checksum",
} as const;

/** What every reader takes the format for. */
export function compressionOf({ type }: LayerFormat): OutputCompression {
  if (type === "estargz") return "gzip";
  return type === "zstd:chunked" ? "zstd" : type;
}

/** Which table of contents a layer says that it has; undefined where it names none. */
export function tableOf({ mediaType, annotations }: Descriptor): keyof typeof TABLE_ANNOTATION | undefined {
  if (mediaType.endsWith("gzip") && annotations?.[TABLE_ANNOTATION.estargz] !== undefined) return "estargz";
  if (mediaType.endsWith("zstd") && annotations?.[TABLE_ANNOTATION["zstd:chunked"]] !== undefined)
    return "zstd:chunked";
  return undefined;
}

/** Is the layer of that format already, whatever its level? */
export function isOfFormat(layer: Descriptor, format: LayerFormat): boolean {
  if (layer.mediaType !== LAYER_TYPE[compressionOf(format)]) return false;
  return !(format.type in TABLE_ANNOTATION) || tableOf(layer) === format.type;
}

/**
 * A layer's bytes: the same for the same archive, format and level.
 *
 * @throws {RangeError} For a level that the format does not have.
 * @throws {LadingError} as `writeEstargz()` and `writeZstdChunked()`: for a name that is not UTF-8, and for a path
 * that comes twice; `UNSUPPORTED` for zstd where its native module is absent.
 */
export async function* packTar(
  tar: ByteStream,
  format: LayerFormat,
  options: PackOptions = {},
): AsyncGenerator<Uint8Array> {
  const { signal, jobs, onTable } = options;
  const { type, level } = format;
  const tell = ({ diffId, uncompressedSize }: Omit<LayerTable, "annotations">, annotations: Annotations) =>
    onTable?.({ annotations, diffId, uncompressedSize });
  // Loaded when needed: most runs need neither.
  if (type === "estargz") {
    const { writeEstargz, estargzAnnotations } = await import("./estargz.js");
    yield* writeEstargz(tar, (result) => tell(result, estargzAnnotations(result)), { ...options, level });
  } else if (type === "zstd:chunked") {
    const { writeZstdChunked, zstdChunkedAnnotations } = await import("./zstd-chunked.js");
    yield* writeZstdChunked(tar, (result) => tell(result, zstdChunkedAnnotations(result)), { ...options, level });
  } else {
    yield* compress(tar, { type, level, jobs, signal });
  }
}
