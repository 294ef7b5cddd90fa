/**
 * The table of contents of layers that are read in parts: eStargz and zstd:chunked write the same document.
 *
 * `{"version":1,"entries":[…]}`, one entry for each of the archive's and one more for each further chunk of a file.
 *
 * @see https://github.com/containerd/stargz-snapshotter/blob/v0.16.3/docs/estargz.md#toc-and-tocentries
 * @see https://github.com/containers/storage/blob/v1.57.2/pkg/chunked/internal/minimal/compression.go
 * @module
 */

import { LadingError } from "../errors.js";
import { DIGEST_SHAPE } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { decodeJson, encodeJson } from "../oci/json.js";
import { listOf, mapOf, recordOf, type Shape, scalarOf } from "../oci/shape.js";
import type { IoOptions } from "../stream/bytes.js";
import type { OpenScratch } from "../stream/spool.js";

/** Bytes of a table that consumers read, uncompressed: 150 MiB. */
export const MAX_TOC = 150 * 1024 * 1024;

export type TocType = "dir" | "reg" | "symlink" | "hardlink" | "char" | "block" | "fifo" | "chunk";

/** One entry. Field names are the specification's; sizes and offsets in bytes, texts as they stand in the archive. */
export interface TocEntry {
  readonly name: string;
  readonly type: TocType;
  readonly linkName?: string;
  /** As in the header, file type bits included where it has them. */
  readonly mode?: number;
  /** Of the whole file. */
  readonly size?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** RFC 3339, UTC; absent for 0. */
  readonly modtime?: string;
  readonly accesstime?: string;
  readonly changetime?: string;
  readonly devMajor?: number;
  readonly devMinor?: number;
  /** Values in standard base64. */
  readonly xattrs?: Readonly<Record<string, string>>;
  /** Of the whole file's content. */
  readonly digest?: Digest;
  /** Bytes of the blob before the compressed chunk. */
  readonly offset?: number;
  /** Bytes of the blob up to the end of the compressed chunk; for a file's first entry, of its last. */
  readonly endOffset?: number;
  /** Bytes of the file before the chunk; absent for 0. */
  readonly chunkOffset?: number;
  /** Absent where the chunk goes to the end of the file. */
  readonly chunkSize?: number;
  readonly chunkDigest?: Digest;
  readonly chunkType?: string;
}

/** The document. */
export interface Toc {
  readonly version: 1;
  readonly entries: readonly TocEntry[];
  /** zstd:chunked: of the compressed tar-split. */
  readonly tarSplitDigest?: Digest;
}

/** What writing a table of contents takes. */
export interface TableOptions extends IoOptions {
  /** Where the table waits for its turn (in memory). */
  readonly scratch?: OpenScratch | undefined;
  /**
   * Somebody holds the archive against the rules of `createTree()` before it comes here, and drops what was written where a path
   * comes twice (no: it is done here).
   */
  readonly checked?: boolean | undefined;
}

const TYPES: ReadonlySet<unknown> = new Set(["dir", "reg", "symlink", "hardlink", "char", "block", "fifo", "chunk"]);
const TEXT = scalarOf("a text", (value): value is string => typeof value === "string");
const NUMBER = scalarOf("a whole number", (value): value is number => Number.isSafeInteger(value));
const SIZE = scalarOf("bytes", (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0);

const ENTRY_SHAPE = recordOf<TocEntry>(
  {
    name: TEXT,
    type: scalarOf("a type of entry", (value): value is TocType => TYPES.has(value)),
    linkName: TEXT,
    mode: NUMBER,
    size: SIZE,
    uid: NUMBER,
    gid: NUMBER,
    modtime: TEXT,
    accesstime: TEXT,
    changetime: TEXT,
    devMajor: NUMBER,
    devMinor: NUMBER,
    xattrs: mapOf(TEXT),
    digest: DIGEST_SHAPE,
    offset: SIZE,
    endOffset: SIZE,
    chunkOffset: SIZE,
    chunkSize: SIZE,
    chunkDigest: DIGEST_SHAPE,
    chunkType: TEXT,
  },
  { required: ["name", "type"] },
);

const TOC_SHAPE: Shape<Toc> = recordOf<Toc>(
  {
    version: scalarOf("1", (value): value is 1 => value === 1),
    entries: listOf(ENTRY_SHAPE),
    tarSplitDigest: DIGEST_SHAPE,
  },
  { required: ["version", "entries"] },
);

const WHAT = "table of contents";

/**
 * Decodes a table of contents.
 *
 * @throws {LadingError} `TOO_LARGE` above 150 MiB; `SYNTAX` when it is no strict JSON or a field is of another type.
 */
export function decodeToc(bytes: Uint8Array): Toc {
  return TOC_SHAPE.read(decodeJson(bytes, { what: WHAT, maxBytes: MAX_TOC, names: TOC_SHAPE.names }), { what: WHAT });
}

/** Takes entries one by one and gives the document's bytes in pieces, so that it need not be kept as objects. */
export interface TocEncoder {
  add(entry: TocEntry): void;
  /** No more entries. Nothing, not even a newline, follows the last brace: readers hash what their decoder consumes. */
  end(tarSplitDigest?: Digest): void;
}

/**
 * Creates an encoder.
 *
 * @param write Takes the pieces. `add()` and `end()` throw {@link LadingError} `TOO_LARGE` once there are over 150 MiB.
 */
export function createTocEncoder(write: (bytes: Uint8Array) => void): TocEncoder {
  let size = 0;
  let separator = '{"version":1,"entries":[';
  const put = (bytes: Uint8Array): void => {
    size += bytes.byteLength;
    if (size > MAX_TOC) throw tocTooLarge();
    write(bytes);
  };
  return {
    add(entry) {
      put(Buffer.from(separator));
      put(encodeJson(ENTRY_SHAPE.write(entry)));
      separator = ",";
    },
    end(tarSplitDigest) {
      const start = separator === "," ? "" : separator;
      put(Buffer.from(tarSplitDigest === undefined ? `${start}]}` : `${start}],"tarSplitDigest":"${tarSplitDigest}"}`));
    },
  };
}

function tocTooLarge(): LadingError<"TOO_LARGE"> {
  const message = `Cannot write ${WHAT}: it is larger than ${MAX_TOC} bytes, which no consumer reads; use gzip or zstd`;
  return new LadingError("TOO_LARGE", message, { what: WHAT, limit: MAX_TOC });
}
