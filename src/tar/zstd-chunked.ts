/**
 * zstd:chunked: a zstd layer whose files and chunks can be fetched one by one.
 *
 * ```text
 * frame: header blocks   frame: chunk   …   frame: end   skippable: table   skippable: tar-split   skippable: footer
 * ```
 *
 * Any reader of zstd sees the archive, byte for byte: the diffId is the one that it had. The table and the tar-split are zstd
 * frames themselves, each of at most 1 MiB of input; readers take any number of them in a row.
 *
 * @see https://github.com/containers/storage/blob/v1.57.2/pkg/chunked/internal/minimal/compression.go
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1.2
 * @module
 */

import type { Annotations } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { BLOCK_SIZE, type BlockEncoder, loadBlockEncoder } from "../stream/block.js";
import type { ByteStream } from "../stream/bytes.js";
import { createHasher, type Hasher } from "../stream/hash.js";
import { createSpool, type Spool } from "../stream/spool.js";
import { createBatch } from "./batch.js";
import { type ChunkedEntry, type Chunker, createChunker } from "./chunker.js";
import { createCrc64 } from "./crc64.js";
import { createPieces, type Pieces } from "./pieces.js";
import { unsafeEntry } from "./refusal.js";
import { createSplitter, type SplitHandlers } from "./split.js";
import { encodeSplitPart, type SplitPart } from "./tar-split.js";
import { createTocEncoder, type TableOptions, type TocEncoder, type TocEntry } from "./toc.js";
import { tocEntry } from "./toc-entry.js";
import { addToTree, createTree } from "./tree.js";
import { encodeZstdChunkedFooter, TOC_TYPE, type ZstdChunkedPositions } from "./zstd-chunked-footer.js";

export interface ZstdChunkedOptions extends TableOptions {
  /** Bytes of a file in one frame (1 MiB), at most 16 MiB. */
  readonly chunkSize?: number | undefined;
  /** 1 to 22 (3). */
  readonly level?: number | undefined;
}

/** What was written. Sizes in bytes. */
export interface ZstdChunkedResult extends ZstdChunkedPositions {
  /** Of the table as it stands in the blob, compressed. */
  readonly tocDigest: Digest;
  /** Of the archive. */
  readonly diffId: Digest;
  readonly uncompressedSize: number;
  /** Count of the archive's entries. */
  readonly entries: number;
}

const PIECE = 64 * 1024;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Bytes before a skippable frame's content. */
const SKIPPABLE_HEADER = 8;
const PREFIX = "io.github.containers.zstd-chunked";

/** The annotations that a layer's descriptor needs so that the layer is read in parts. */
export function zstdChunkedAnnotations({ tocDigest, toc, tarSplit }: ZstdChunkedResult): Annotations {
  return {
    [`${PREFIX}.manifest-checksum`]: tocDigest,
    [`${PREFIX}.manifest-position`]: `${toc.offset}:${toc.size}:${toc.uncompressedSize}:${TOC_TYPE}`,
    [`${PREFIX}.tarsplit-position`]: `${tarSplit.offset}:${tarSplit.size}:${tarSplit.uncompressedSize}`,
  };
}

/**
 * The zstd:chunked blob of an uncompressed archive, in one pass. The same archive, chunk size and level give the same bytes.
 *
 * @param onEnd Called once, before the stream ends.
 * @throws {LadingError} as `createScanner()`, `addToTree()` and `tocEntry()`, and `UNSAFE_ENTRY` also for a path that comes
 * twice; `TOO_LARGE` for a table of over 150 MiB; `UNSUPPORTED` where zstd's native module is absent; what the stream throws.
 * @throws {RangeError} For a chunk size or level out of range.
 */
export async function* writeZstdChunked(
  tar: ByteStream,
  onEnd: (result: ZstdChunkedResult) => void,
  options: ZstdChunkedOptions = {},
): AsyncGenerator<Uint8Array> {
  const spools = { table: createSpool(options.scratch), tarSplit: createSpool(options.scratch) };
  try {
    yield* writeAll(tar, onEnd, spools, options);
  } finally {
    spools.table.close();
    spools.tarSplit.close();
  }
}

async function* writeAll(
  tar: ByteStream,
  onEnd: (result: ZstdChunkedResult) => void,
  spools: { readonly table: Spool; readonly tarSplit: Spool },
  { chunkSize = BLOCK_SIZE, level, signal, checked = false }: ZstdChunkedOptions,
): AsyncGenerator<Uint8Array> {
  const encode = await loadBlockEncoder("zstd", level);
  const out = createBatch(PIECE);
  const pieces = createPieces(encode, out, Math.max(chunkSize, BLOCK_SIZE));
  const frames = createFrames(encode, spools.table);
  const toc = createTocEncoder((bytes) => frames.append(bytes));
  const chunker = createChunker(pieces, { chunkSize, isClosed: true, onEntry: (entry) => addEntry(toc, entry) });
  const hasher = createHasher();
  const packer = createPacker(pieces, chunker, { hasher, tarSplit: createFrames(encode, spools.tarSplit), checked });
  const splitter = createSplitter(packer.handlers);
  for await (const chunk of tar) {
    signal?.throwIfAborted();
    for (let at = 0; at < chunk.byteLength; at += PIECE) {
      splitter.write(chunk.subarray(at, at + PIECE));
      if (out.length > 0) yield out.flush();
    }
  }
  const { entries } = splitter.end();
  pieces.cut();
  yield out.flush();
  const tarSplit = packer.end();
  toc.end(tarSplit.digest);
  const table = frames.end();
  const positions = placed(pieces.offset, table, tarSplit);
  yield* skippable(table.size, spools.table.read());
  yield* skippable(tarSplit.size, spools.tarSplit.read());
  const footer = encodeZstdChunkedFooter(positions);
  yield* skippable(footer.byteLength, [footer]);
  const { digest: diffId, size: uncompressedSize } = hasher.end();
  onEnd({ ...positions, tocDigest: table.digest, diffId, uncompressedSize, entries });
}

/** Something compressed. Sizes in bytes. */
interface Compressed {
  readonly size: number;
  readonly digest: Digest;
  readonly uncompressedSize: number;
}

interface Frames {
  append(bytes: Uint8Array): void;
  end(): Compressed;
}

/** Compresses into a spool as it comes. */
function createFrames(encode: BlockEncoder, spool: Spool): Frames {
  const out = createBatch(PIECE);
  const pieces = createPieces(encode, out, BLOCK_SIZE);
  const hasher = createHasher();
  const drain = (): void => {
    if (out.length === 0) return;
    const bytes = out.flush();
    hasher.update(bytes);
    spool.append(bytes);
  };
  return {
    append(bytes) {
      pieces.append(bytes);
      drain();
    },
    end() {
      pieces.cut();
      drain();
      return { ...hasher.end(), uncompressedSize: pieces.size };
    },
  };
}

/** Where the two stand, the first after `offset` bytes of frames. */
function placed(offset: number, table: Compressed, tarSplit: Compressed): ZstdChunkedPositions {
  const after = offset + SKIPPABLE_HEADER;
  const last = after + table.size + SKIPPABLE_HEADER;
  return {
    toc: { offset: after, size: table.size, uncompressedSize: table.uncompressedSize },
    tarSplit: { offset: last, size: tarSplit.size, uncompressedSize: tarSplit.uncompressedSize },
  };
}

function* skippable(size: number, chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  const header = Buffer.alloc(SKIPPABLE_HEADER);
  header.writeUInt32LE(SKIPPABLE_MAGIC, 0);
  header.writeUInt32LE(size, 4);
  yield header;
  yield* chunks;
}

interface Packer {
  readonly handlers: SplitHandlers;
  /** The whole tar-split. */
  end(): Compressed;
}

/** Passes everything on, and notes down in a tar-split what is not content. */
function createPacker(
  pieces: Pieces,
  chunker: Chunker,
  { hasher, tarSplit, checked }: { readonly hasher: Hasher; readonly tarSplit: Frames; readonly checked: boolean },
): Packer {
  const tree = checked ? undefined : createTree();
  let position = 0;
  let ordinal = 0;
  let padding = Buffer.alloc(0);
  let file: TocEntry = { name: "", type: "reg" };
  let sum = createCrc64();
  const note = (part: SplitPart): void => tarSplit.append(encodeSplitPart(part, position++));
  const between = (bytes: Uint8Array): void => {
    hasher.update(bytes);
    pieces.append(bytes);
  };
  /** Readers expect the padding before the header blocks that follow it, in one part. */
  const noteRaw = (bytes: Uint8Array): void => {
    note({ kind: "raw", bytes: Buffer.concat([padding, bytes]) });
    padding = Buffer.alloc(0);
  };
  return {
    handlers: {
      header(header) {
        const { entry, blocks } = header;
        const isTwice = tree !== undefined && addToTree(tree, entry, ordinal) !== undefined;
        ordinal++;
        if (isTwice) throw unsafeEntry(entry.path, "its path comes twice");
        file = tocEntry(header);
        sum = createCrc64();
        between(blocks);
        noteRaw(blocks);
        chunker.start(file);
      },
      data(bytes) {
        hasher.update(bytes);
        sum.update(bytes);
        chunker.data(bytes);
      },
      endEntry() {
        note({ kind: "file", name: file.name, size: file.size ?? 0, sum: sum.digest() });
        chunker.end();
      },
      padding(bytes) {
        between(bytes);
        padding = Buffer.from(bytes);
      },
      tail(bytes) {
        between(bytes);
        noteRaw(bytes);
      },
    },
    end() {
      if (padding.length > 0) noteRaw(Buffer.alloc(0));
      return tarSplit.end();
    },
  };
}

function addEntry(toc: TocEncoder, { entry, digest, chunks }: ChunkedEntry): void {
  const last = chunks.at(-1);
  if (last === undefined) toc.add(entry);
  chunks.forEach(({ chunkOffset, ...chunk }, index) => {
    if (index > 0) {
      toc.add({ name: entry.name, type: "chunk", chunkOffset, ...chunk });
      return;
    }
    const { offset, chunkSize, chunkDigest } = chunk;
    const whole = { ...entry, ...(digest && { digest }), offset, endOffset: last?.endOffset ?? offset };
    toc.add(chunks.length === 1 ? whole : { ...whole, chunkSize, chunkDigest });
  });
}
