/**
 * The last 64 bytes of a zstd:chunked blob, which a skippable frame holds; the layer's annotations say the same.
 *
 * ```text
 * offset length meaning, all numbers little endian
 *      0      8 offset of the compressed table of contents
 *      8      8 its size
 *     16      8 its size uncompressed
 *     24      8 type of the table: 1
 *     32      8 offset of the compressed tar-split
 *     40      8 its size
 *     48      8 its size uncompressed
 *     56      8 `GNUlInUx`
 * ```
 *
 * @see https://github.com/containers/storage/blob/v1.57.2/pkg/chunked/internal/minimal/compression.go
 * @module
 */

/** Bytes of the footer, without the skippable frame's own header. */
export const ZSTD_CHUNKED_FOOTER_SIZE = 64;

/** Where something compressed stands in the blob. In bytes. */
export interface Position {
  readonly offset: number;
  readonly size: number;
  readonly uncompressedSize: number;
}

/** What the footer says. */
export interface ZstdChunkedPositions {
  readonly toc: Position;
  readonly tarSplit: Position;
}

/** The only type of table that there is, CRFS's. */
export const TOC_TYPE = 1;
const MAGIC = Buffer.from("GNUlInUx");
const FIELDS = 7;

/** Encodes the footer. */
export function encodeZstdChunkedFooter({ toc, tarSplit }: ZstdChunkedPositions): Uint8Array {
  const bytes = Buffer.alloc(ZSTD_CHUNKED_FOOTER_SIZE);
  const fields = [toc.offset, toc.size, toc.uncompressedSize, TOC_TYPE];
  fields.push(tarSplit.offset, tarSplit.size, tarSplit.uncompressedSize);
  for (const [index, field] of fields.entries()) bytes.writeBigUInt64LE(BigInt(field), 8 * index);
  MAGIC.copy(bytes, 8 * FIELDS);
  return bytes;
}

/** What a footer says; undefined where the bytes are none. */
export function decodeZstdChunkedFooter(bytes: Uint8Array): ZstdChunkedPositions | undefined {
  if (bytes.byteLength !== ZSTD_CHUNKED_FOOTER_SIZE) return undefined;
  const footer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = (index: number) => Number(footer.readBigUInt64LE(8 * index));
  const position = (index: number): Position => {
    return { offset: field(index), size: field(index + 1), uncompressedSize: field(index + 2) };
  };
  const isFooter = footer.subarray(8 * FIELDS).equals(MAGIC) && field(3) === TOC_TYPE;
  const isSafe = [0, 1, 2, 4, 5, 6].every((index) => Number.isSafeInteger(field(index)));
  return isFooter && isSafe ? { toc: position(0), tarSplit: position(4) } : undefined;
}
