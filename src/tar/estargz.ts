/**
 * eStargz: a gzip layer whose files can be fetched one by one.
 *
 * ```text
 * member: header blocks    member: content, padding, header blocks    …    member: table of contents, end    footer
 * ```
 *
 * Any reader of gzip and tar sees the archive, with a landmark before its entries and the table after them. The archive's own
 * header blocks stay as they are; what it has of another table or landmark, and its end, go away.
 *
 * @see https://github.com/containerd/stargz-snapshotter/blob/v0.16.3/docs/estargz.md
 * @module
 */

import type { Annotations } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { BLOCK_SIZE, loadBlockEncoder } from "../stream/block.js";
import type { ByteStream } from "../stream/bytes.js";
import { createHasher, type Hasher } from "../stream/hash.js";
import { createSpool, type Spool } from "../stream/spool.js";
import { type Batch, createBatch } from "./batch.js";
import { type ChunkedEntry, type Chunker, createChunker } from "./chunker.js";
import { blocks, encodeHeader } from "./encode.js";
import type { Entry } from "./entry.js";
import { encodeEstargzFooter } from "./estargz-footer.js";
import { BLOCK } from "./header.js";
import { createPieces, type Pieces } from "./pieces.js";
import { unsafeEntry } from "./refusal.js";
import { createSplitter, type SplitHandlers } from "./split.js";
import { createTocEncoder, type TableOptions, type TocEncoder, type TocEntry } from "./toc.js";
import { tocEntry } from "./toc-entry.js";
import { addToTree, createTree } from "./tree.js";

export interface EstargzOptions extends TableOptions {
  /** Bytes of a file in one gzip member (4 MiB), at most 16 MiB. */
  readonly chunkSize?: number | undefined;
  /** 1 to 12 (6). */
  readonly level?: number | undefined;
}

/** What was written. Sizes in bytes. */
export interface EstargzResult {
  /** Of the table's JSON, uncompressed. */
  readonly tocDigest: Digest;
  /** Of the archive that a reader of gzip sees, landmark and table included. */
  readonly diffId: Digest;
  readonly uncompressedSize: number;
  /** Count of the archive's entries, landmark and table not counted. */
  readonly entries: number;
}

/** The table's name in the archive. */
export const ESTARGZ_TOC = "stargz.index.json";
/** Says that nothing is worth fetching ahead. */
const NO_PREFETCH = ".no.prefetch.landmark";
const PREFETCH = ".prefetch.landmark";
/** The names of landmarks. */
export const LANDMARKS: ReadonlySet<string> = new Set([NO_PREFETCH, PREFETCH]);
const RESERVED: ReadonlySet<string> = new Set([ESTARGZ_TOC, ...LANDMARKS]);
/** What a landmark holds. */
export const LANDMARK = Uint8Array.of(0x0f);

const CHUNK_SIZE = 4 * 1024 * 1024;
/** Bytes up to which the table's member is compressed at once, as other members are. Part of what makes the bytes. */
const WHOLE_TABLE = 4 * 1024 * 1024;
const LEVEL = 6;
/** Permissions of the landmark and the table. */
const OWN_MODE = 0o644;
const PIECE = 64 * 1024;

/** Is it the path of something that eStargz adds to an archive and that is no part of its content? */
export function isEstargzOwn(path: string): boolean {
  return RESERVED.has(path);
}

/** The annotations that a layer's descriptor needs so that the layer is read in parts. */
export function estargzAnnotations({ tocDigest, uncompressedSize }: EstargzResult): Annotations {
  return {
    "containerd.io/snapshot/stargz/toc.digest": tocDigest,
    "io.containers.estargz.uncompressed-size": String(uncompressedSize),
  };
}

/**
 * The eStargz blob of an uncompressed archive, in one pass. The same archive, chunk size and level give the same bytes.
 *
 * @param onEnd Called once, before the stream ends.
 * @throws {LadingError} as `createScanner()`, `addToTree()` and `tocEntry()`, and `UNSAFE_ENTRY` also for a path that comes
 * twice; `TOO_LARGE` for a table of over 150 MiB; what the stream throws.
 * @throws {RangeError} For a chunk size or level out of range.
 */
export async function* writeEstargz(
  tar: ByteStream,
  onEnd: (result: EstargzResult) => void,
  options: EstargzOptions = {},
): AsyncGenerator<Uint8Array> {
  const table = createSpool(options.scratch);
  try {
    yield* writeAll(tar, onEnd, table, options);
  } finally {
    table.close();
  }
}

async function* writeAll(
  tar: ByteStream,
  onEnd: (result: EstargzResult) => void,
  table: Spool,
  { chunkSize = CHUNK_SIZE, level = LEVEL, signal, checked = false }: EstargzOptions,
): AsyncGenerator<Uint8Array> {
  const out = createBatch(PIECE);
  const pieces = createPieces(await loadBlockEncoder("gzip", level), out, chunkSize + BLOCK_SIZE);
  const hasher = createHasher();
  const tocHasher = createHasher();
  const toc = createTocEncoder((bytes) => {
    tocHasher.update(bytes);
    table.append(bytes);
  });
  const chunker = createChunker(pieces, { chunkSize, isClosed: false, onEntry: (entry) => addEntry(toc, entry) });
  const sink = createSink(pieces, hasher);
  writeLandmark(sink, chunker);
  const keeper = createKeeper(sink, chunker, checked);
  const splitter = createSplitter(keeper.handlers);
  for await (const chunk of tar) {
    signal?.throwIfAborted();
    for (let at = 0; at < chunk.byteLength; at += PIECE) {
      splitter.write(chunk.subarray(at, at + PIECE));
      if (out.length > 0) yield out.flush();
    }
  }
  splitter.end();
  toc.end();
  const tocOffset = pieces.cut();
  yield* writeTable(endOfArchive(table, hasher), table.size, { pieces, out }, level);
  out.append(encodeEstargzFooter(tocOffset));
  yield out.flush();
  const { digest: diffId, size: uncompressedSize } = hasher.end();
  onEnd({ tocDigest: tocHasher.end().digest, diffId, uncompressedSize, entries: keeper.entries });
}

/** Compresses the table's entry and the archive's end. Readers take them from one gzip member. */
async function* writeTable(
  end: Iterable<Uint8Array>,
  size: number,
  { pieces, out }: { readonly pieces: Pieces; readonly out: Batch },
  level: number,
): AsyncGenerator<Uint8Array> {
  if (size <= WHOLE_TABLE) {
    const whole = createBatch(size + 4 * BLOCK);
    for (const bytes of end) whole.append(bytes);
    pieces.write(whole.flush());
    return;
  }
  const { loadJoinedGzip } = await import("../stream/gzip-joined.js");
  const join = await loadJoinedGzip(level);
  for (const bytes of join(end)) {
    out.append(bytes);
    if (out.length >= PIECE) yield out.flush();
  }
}

function ownFile(path: string, size: number): Uint8Array {
  return encodeHeader({ path, type: "file", mode: OWN_MODE, uid: 0, gid: 0, mtime: 0, size });
}

/** The table as an entry of the archive, and the archive's end. */
function* endOfArchive(table: Spool, hasher: Hasher): Generator<Uint8Array> {
  const chunk = (bytes: Uint8Array): Uint8Array => {
    hasher.update(bytes);
    return bytes;
  };
  yield chunk(ownFile(ESTARGZ_TOC, table.size));
  for (const bytes of table.read()) yield chunk(bytes);
  yield chunk(Buffer.alloc(blocks(table.size) - table.size + 2 * BLOCK));
}

/** The first entry. */
function writeLandmark({ write, hash }: Sink, chunker: Chunker): void {
  write(ownFile(NO_PREFETCH, LANDMARK.length));
  chunker.start({ name: NO_PREFETCH, type: "reg", mode: OWN_MODE, size: LANDMARK.length, uid: 0, gid: 0 });
  hash(LANDMARK);
  chunker.data(LANDMARK);
  chunker.end();
  write(Buffer.alloc(BLOCK - LANDMARK.length));
}

/** Where the archive's bytes go. */
interface Sink {
  /** Hashes bytes and puts them into the pieces. */
  write(bytes: Uint8Array): void;
  /** Hashes bytes that a chunker puts into the pieces. */
  hash(bytes: Uint8Array): void;
}

function createSink(pieces: Pieces, hasher: Hasher): Sink {
  return {
    write(bytes) {
      hasher.update(bytes);
      pieces.append(bytes);
    },
    hash: (bytes) => hasher.update(bytes),
  };
}

interface Keeper {
  readonly handlers: SplitHandlers;
  /** Count of entries that were kept. */
  readonly entries: number;
}

/** Leaves out what this format has of its own, and passes everything else on. */
function createKeeper({ write, hash }: Sink, chunker: Chunker, checked: boolean): Keeper {
  const tree = checked ? undefined : createTree();
  let entries = 0;
  let keep = false;
  return {
    get entries() {
      return entries;
    },
    handlers: {
      header(header) {
        const { entry } = header;
        keep = !isReserved(entry);
        if (!keep) return;
        const isTwice = tree !== undefined && addToTree(tree, entry, entries) !== undefined;
        if (isTwice) throw unsafeEntry(entry.path, "its path comes twice");
        entries++;
        const { accesstime: _, changetime: __, ...described } = tocEntry(header);
        write(header.blocks);
        chunker.start(described);
      },
      data(bytes) {
        if (!keep) return;
        hash(bytes);
        chunker.data(bytes);
      },
      endEntry() {
        if (keep) chunker.end();
      },
      padding(bytes) {
        if (keep) write(bytes);
      },
      tail() {},
    },
  };
}

/** A hard link to such a file would be left without its target. */
function isReserved({ path, type, linkpath }: Entry): boolean {
  return RESERVED.has(path) || (type === "hardlink" && linkpath !== undefined && RESERVED.has(linkpath));
}

function addEntry(toc: TocEncoder, { entry, digest, chunks }: ChunkedEntry): void {
  if (chunks.length === 0) toc.add(entry);
  chunks.forEach((chunk, index) => {
    const { offset, chunkOffset, chunkSize, chunkDigest } = chunk;
    const isLast = index === chunks.length - 1;
    const first: TocEntry = { ...entry, ...(digest && { digest }) };
    const described: TocEntry = index === 0 ? first : { name: entry.name, type: "chunk", chunkOffset };
    toc.add({ ...described, offset, ...(!isLast && { chunkSize }), chunkDigest });
  });
}
