/**
 * Files cut into chunks, each a piece of the blob of its own, and the table's entries that say where they are.
 *
 * @module
 */

import type { Digest } from "../oci/digest.js";
import { createHasher, type Hasher } from "../stream/hash.js";
import type { Pieces } from "./pieces.js";
import type { TocEntry } from "./toc.js";

/** One chunk of a file. Sizes and offsets in bytes. */
export interface Chunk {
  /** Where it starts and ends in the blob. */
  readonly offset: number;
  readonly endOffset: number;
  /** Where it starts in the file, and its size there. */
  readonly chunkOffset: number;
  readonly chunkSize: number;
  readonly chunkDigest: Digest;
}

/** An entry of the archive, complete. */
export interface ChunkedEntry {
  readonly entry: TocEntry;
  /** Of the content; absent where there is none. */
  readonly digest?: Digest;
  readonly chunks: readonly Chunk[];
}

export interface Chunker {
  /** An entry begins; its header blocks are in the pieces already. */
  start(entry: TocEntry): void;
  data(bytes: Uint8Array): void;
  end(): void;
}

export interface ChunkerOptions {
  /** Bytes of a file in one chunk; its last one is shorter. */
  readonly chunkSize: number;
  /** Does a piece end with a file's content, so that headers never share one with it? */
  readonly isClosed: boolean;
  /** Told of each entry when it is complete. */
  readonly onEntry: (entry: ChunkedEntry) => void;
}

const MAX_CHUNK = 16 * 1024 * 1024;

/**
 * Creates a chunker that writes content to `pieces`.
 *
 * @throws {RangeError} For a chunk size that is not between 1 byte and 16 MiB.
 */
export function createChunker(pieces: Pieces, { chunkSize, isClosed, onEntry }: ChunkerOptions): Chunker {
  if (!Number.isInteger(chunkSize) || chunkSize < 1 || chunkSize > MAX_CHUNK) {
    throw new RangeError(`Not a size of a chunk: ${chunkSize}, expected 1 to ${MAX_CHUNK} bytes`);
  }
  let entry: TocEntry | undefined;
  let chunks: Chunk[] = [];
  let whole: Hasher = createHasher();
  let part: Hasher = createHasher();
  let offset = 0;
  let taken = 0;
  let inChunk = 0;

  const startChunk = (): void => {
    offset = pieces.cut();
    part = createHasher();
    inChunk = 0;
  };
  const endChunk = (isLast: boolean): void => {
    const endOffset = isClosed || !isLast ? pieces.cut() : offset;
    const { digest, size } = part.end();
    chunks.push({ offset, endOffset, chunkOffset: taken - size, chunkSize: size, chunkDigest: digest });
    if (!isLast) startChunk();
  };
  return {
    start(next) {
      entry = next;
      chunks = [];
      taken = 0;
      if ((next.size ?? 0) === 0) return;
      whole = createHasher();
      startChunk();
    },
    data(bytes) {
      const size = entry?.size ?? 0;
      whole.update(bytes);
      for (let at = 0; at < bytes.byteLength; ) {
        const slice = bytes.subarray(at, at + chunkSize - inChunk);
        part.update(slice);
        pieces.append(slice);
        at += slice.byteLength;
        taken += slice.byteLength;
        inChunk += slice.byteLength;
        if (inChunk === chunkSize || taken === size) endChunk(taken === size);
      }
    },
    end() {
      if (entry === undefined) return;
      onEntry({ entry, chunks, ...(chunks.length > 0 && { digest: whole.end().digest }) });
      entry = undefined;
    },
  };
}
