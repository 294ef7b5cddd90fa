/**
 * A table of contents as files, and their content read as a consumer reads it: each chunk from its own offset.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Digest } from "../oci/digest.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { type DecompressLimits, decompress } from "../stream/codec.js";
import { createHasher } from "../stream/hash.js";
import { checkContent } from "../stream/verify.js";
import { escapePath } from "./escape.js";
import type { Toc, TocEntry } from "./toc.js";

/** A blob that can be read from anywhere. */
export interface BlobRanges {
  /** Bytes. */
  readonly size: number;
  /** The bytes from `start` to before `end`. */
  open(start: number, end: number): ByteStream;
}

export interface VerifyLayerOptions extends IoOptions {
  /** How far the blob may grow when it is read as a whole. */
  readonly limits?: DecompressLimits | undefined;
}

/** A chunk, with everything that the table leaves out said. Sizes and offsets in bytes. */
export interface TocChunk {
  readonly offset: number;
  /** Where the compressed chunk ends at the latest. */
  readonly endOffset: number;
  readonly size: number;
  readonly digest: Digest;
}

/** An entry of the archive as the table has it, chunks joined. */
export interface TocFile {
  readonly entry: TocEntry;
  readonly chunks: readonly TocChunk[];
}

export type TocFiles = ReadonlyMap<string, TocFile>;

/** A layer that breaks the rules of its format. `what` is how a person would call the format. */
export function brokenLayer(what: string, why: string): LadingError<"CORRUPT"> {
  return new LadingError("CORRUPT", `Cannot verify ${what} layer: ${why}; fetch or build it again`, { what, why });
}

/** How a message shows a name of a table. */
export function showName(name: string): string {
  return `"${escapePath(Buffer.from(name.slice(0, 300)).toString("latin1"))}"`;
}

/**
 * The files of a table by name, in its order.
 *
 * @param end Bytes of the blob up to the end of the last chunk at most.
 * @throws {LadingError} `CORRUPT` for a name that comes twice, and for chunks that leave gaps, overlap, lack a digest or an
 * offset, or share an offset with others.
 */
export function listTocFiles(toc: Toc, end: number, what: string): TocFiles {
  const groups: TocEntry[][] = [];
  for (const entry of toc.entries) {
    if (entry.type !== "chunk") groups.push([entry]);
    else if (groups.at(-1)?.[0]?.type === "reg") groups.at(-1)?.push(entry);
    else throw brokenLayer(what, `its table has a chunk of ${showName(entry.name)} without a file`);
  }
  const ends = chunkEnds(toc, end, what);
  const files = new Map<string, TocFile>();
  for (const group of groups) {
    const [entry] = group;
    if (entry === undefined) continue;
    if (files.has(entry.name)) throw brokenLayer(what, `its table has ${showName(entry.name)} twice`);
    files.set(entry.name, { entry, chunks: hasContent(entry) ? listChunks(entry, group, ends, what) : [] });
  }
  return files;
}

function hasContent({ type, size = 0 }: TocEntry): boolean {
  return type === "reg" && size > 0;
}

/** Where each chunk ends at the latest: the next one's offset, or the end. */
function chunkEnds(toc: Toc, end: number, what: string): ReadonlyMap<number, number> {
  const offsets: number[] = [];
  for (const entry of toc.entries) {
    if (entry.type !== "chunk" && !hasContent(entry)) continue;
    if (entry.offset === undefined) throw brokenLayer(what, `${showName(entry.name)} has no offset in its table`);
    offsets.push(entry.offset);
  }
  offsets.sort((left, right) => left - right);
  const ends = new Map<number, number>();
  offsets.forEach((offset, index) => {
    if (ends.has(offset)) throw brokenLayer(what, `two chunks of its table are at byte ${offset}`);
    ends.set(offset, offsets[index + 1] ?? end);
  });
  return ends;
}

function listChunks(
  entry: TocEntry,
  group: readonly TocEntry[],
  ends: ReadonlyMap<number, number>,
  what: string,
): readonly TocChunk[] {
  const { size = 0 } = entry;
  let covered = 0;
  const chunks = group.map(({ offset = 0, chunkOffset = 0, chunkSize, chunkDigest }) => {
    if (chunkOffset !== covered) throw brokenLayer(what, `the chunks of ${showName(entry.name)} leave gaps or overlap`);
    const chunk = chunkSize || size - chunkOffset;
    covered += chunk;
    const digest = chunkDigest ?? (group.length === 1 ? entry.digest : undefined);
    if (digest === undefined) throw brokenLayer(what, `a chunk of ${showName(entry.name)} has no digest in its table`);
    const isLast = covered === size;
    const endOffset = (isLast ? entry.endOffset : undefined) ?? ends.get(offset) ?? offset;
    return { offset, endOffset, size: chunk, digest };
  });
  if (covered !== size)
    throw brokenLayer(what, `the chunks of ${showName(entry.name)} have ${covered} bytes of ${size}`);
  return chunks;
}

export interface OpenTocFileOptions extends VerifyLayerOptions {
  readonly compression: "gzip" | "zstd";
  readonly what: string;
  /** Does a chunk's range hold the chunk alone, so that anything after it is wrong? */
  readonly isExact: boolean;
}

/**
 * A file's content, each chunk read from its own offset.
 *
 * @throws {LadingError} `DIGEST_MISMATCH` when a chunk or the file is not what the table says; `CORRUPT` when a chunk is cut
 * short or has more than it should; what decompression and the blob throw.
 */
export async function* openTocFile(
  blob: BlobRanges,
  { entry, chunks }: TocFile,
  options: OpenTocFileOptions,
): AsyncGenerator<Uint8Array> {
  const shown = showName(entry.name);
  const whole = createHasher();
  for (const chunk of chunks) {
    for await (const bytes of openChunk(blob, chunk, shown, options)) {
      whole.update(bytes);
      yield bytes;
    }
  }
  checkContent(whole.end(), { digest: entry.digest, size: entry.size ?? 0 }, `${shown} of ${options.what} layer`);
}

async function* openChunk(
  blob: BlobRanges,
  { offset, endOffset, size, digest }: TocChunk,
  shown: string,
  { compression, what, isExact, signal, limits }: OpenTocFileOptions,
): AsyncGenerator<Uint8Array> {
  if (offset >= endOffset || endOffset > blob.size) throw brokenLayer(what, `a chunk of ${shown} lies outside of it`);
  const hasher = createHasher();
  let left = size;
  for await (const bytes of decompress(blob.open(offset, endOffset), compression, { signal, limits, what: shown })) {
    const part = bytes.subarray(0, left);
    hasher.update(part);
    if (part.byteLength > 0) yield part;
    left -= part.byteLength;
    if (isExact && part.byteLength < bytes.byteLength)
      throw brokenLayer(what, `a chunk of ${shown} goes on after its end`);
    if (left === 0 && !isExact) break;
  }
  checkContent(hasher.end(), { digest, size }, `chunk at byte ${offset} of ${what} layer`);
}
