/**
 * Whether a zstd:chunked blob is what it says: the steps of a consumer that pulls it in parts, and a plain reading besides.
 *
 * @see https://github.com/containers/storage/blob/v1.57.2/pkg/chunked/compression_linux.go
 * @module
 */

import { type Digest, digestOf } from "../oci/digest.js";
import { type ByteStream, collect } from "../stream/bytes.js";
import { decompress } from "../stream/codec.js";
import { type ContentId, createHasher, hashing } from "../stream/hash.js";
import { checkContent } from "../stream/verify.js";
import { createCrc64 } from "./crc64.js";
import { createSplitter } from "./split.js";
import { readTarSplit, type SplitPart } from "./tar-split.js";
import { decodeToc, MAX_TOC } from "./toc.js";
import {
  type BlobRanges,
  brokenLayer,
  listTocFiles,
  openTocFile,
  showName,
  type TocFiles,
  type VerifyLayerOptions,
} from "./toc-file.js";
import { createTocMatch } from "./toc-match.js";
import type { ZstdChunkedResult } from "./zstd-chunked.js";
import { decodeZstdChunkedFooter, type Position, ZSTD_CHUNKED_FOOTER_SIZE } from "./zstd-chunked-footer.js";

const WHAT = "zstd:chunked";
const RANGE = { compression: "zstd", what: WHAT, isExact: true } as const;

/**
 * Verifies a blob: the footer, the table against `tocDigest`, the tar-split against the table, every chunk read from its own
 * offset, the archive put together from tar-split and files against the table, and that a reader of zstd sees that archive.
 *
 * @param tocDigest As the layer's annotation has it. What it should say besides is `zstdChunkedAnnotations()` of the result.
 * @returns What the blob is, as its writer would tell.
 * @throws {LadingError} `CORRUPT` when it breaks the format, or table and archive differ; `DIGEST_MISMATCH` when the table,
 * the tar-split, a chunk, a file or the archive is not what was promised; `SYNTAX` when the table or tar-split is no such
 * document; `FORMAT` and
 * whatever else decompression, `createScanner()` and the blob throw.
 */
export async function verifyZstdChunked(
  blob: BlobRanges,
  tocDigest: Digest,
  options: VerifyLayerOptions = {},
): Promise<ZstdChunkedResult> {
  const positions = await readFooter(blob);
  const toc = decodeToc(await readPart(blob, positions.toc, { what: "table", digest: tocDigest }, options));
  const { tarSplitDigest } = toc;
  if (tarSplitDigest === undefined) throw brokenLayer(WHAT, "its table has no digest of a tar-split");
  const tarSplit = openPart(blob, positions.tarSplit, { what: "tar-split", digest: tarSplitDigest }, options);
  const files = listTocFiles(toc, positions.toc.offset, WHAT);
  const match = createTocMatch(files, new Map(), { what: WHAT, isExact: true });
  const splitter = createSplitter(match.handlers);
  const rebuilt = createHasher();
  for await (const bytes of rebuildTar(blob, readTarSplit(tarSplit), files, options)) {
    rebuilt.update(bytes);
    splitter.write(bytes);
  }
  splitter.end();
  match.end();
  const archive = rebuilt.end();
  checkContent(await readPlain(blob, options), archive, `archive of ${WHAT} layer`);
  return { ...positions, tocDigest, diffId: archive.digest, uncompressedSize: archive.size, entries: files.size };
}

async function readFooter(blob: BlobRanges) {
  const start = Math.max(0, blob.size - ZSTD_CHUNKED_FOOTER_SIZE);
  const positions = decodeZstdChunkedFooter(await collect(blob.open(start, blob.size), ZSTD_CHUNKED_FOOTER_SIZE));
  if (positions === undefined) throw brokenLayer(WHAT, "it does not end with a footer");
  for (const { offset, size } of [positions.toc, positions.tarSplit]) {
    if (offset + size > start) throw brokenLayer(WHAT, "its footer points outside of it");
  }
  return positions;
}

interface Part {
  readonly what: string;
  /** Of the compressed bytes. */
  readonly digest: Digest;
}

/** Checked before it is decompressed, as consumers do. */
async function* openPart(blob: BlobRanges, position: Position, part: Part, options: VerifyLayerOptions): ByteStream {
  const { offset, size, uncompressedSize } = position;
  const compressed = () => blob.open(offset, offset + size);
  const hasher = createHasher();
  for await (const bytes of compressed()) hasher.update(bytes);
  checkContent(hasher.end(), { digest: part.digest, size }, `${part.what} of ${WHAT} layer`);
  let count = 0;
  for await (const bytes of decompress(compressed(), "zstd", { ...options, what: part.what })) {
    count += bytes.byteLength;
    yield bytes;
  }
  if (count !== uncompressedSize) {
    throw brokenLayer(WHAT, `its ${part.what} has ${count} bytes, its footer says ${uncompressedSize}`);
  }
}

async function readPart(
  blob: BlobRanges,
  position: Position,
  part: Part,
  options: VerifyLayerOptions,
): Promise<Buffer> {
  return collect(openPart(blob, position, part, options), MAX_TOC, part.what);
}

/** The archive from the parts of a tar-split and the table's files. */
async function* rebuildTar(
  blob: BlobRanges,
  parts: AsyncIterable<SplitPart>,
  files: TocFiles,
  options: VerifyLayerOptions,
): ByteStream {
  for await (const part of parts) {
    if (part.kind === "raw") {
      yield part.bytes;
      continue;
    }
    const file = files.get(part.name);
    if (file === undefined)
      throw brokenLayer(WHAT, `its tar-split has ${showName(part.name)}, which its table has not`);
    const size = file.entry.type === "reg" ? (file.entry.size ?? 0) : 0;
    if (size !== part.size)
      throw brokenLayer(WHAT, `the size of ${showName(part.name)} differs in table and tar-split`);
    if (size === 0) continue;
    const crc = createCrc64();
    for await (const bytes of openTocFile(blob, file, { ...RANGE, ...options })) {
      crc.update(bytes);
      yield bytes;
    }
    if (!crc.digest().equals(part.sum)) throw brokenLayer(WHAT, `the CRC-64 of ${showName(part.name)} is wrong`);
  }
}

async function readPlain(blob: BlobRanges, options: VerifyLayerOptions): Promise<ContentId> {
  let content: ContentId = { digest: digestOf(""), size: 0 };
  const plain = decompress(blob.open(0, blob.size), "zstd", { ...options, what: `${WHAT} layer` });
  for await (const _ of hashing(plain, (end) => (content = end))) options.signal?.throwIfAborted();
  return content;
}
