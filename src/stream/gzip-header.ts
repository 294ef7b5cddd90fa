/**
 * The header of a gzip member.
 *
 * ```text
 * offset length meaning
 *      0      2 1f 8b
 *      2      1 compression method: 8
 *      3      1 flags: 1 text, 2 header CRC, 4 extra field, 8 file name, 16 comment; others must be 0
 *      4      4 mtime
 *      8      1 extra flags
 *      9      1 operating system
 *     10      … extra field (length in 2 bytes), file name and comment (each ends with 0), header CRC (2 bytes)
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc1952#section-2.3
 * @module
 */

import { crc32 } from "node:zlib";
import { corrupt } from "./corrupt.js";
import type { Cursor } from "./cursor.js";

/** Bytes that a header may have. Real ones have 10 and a file name; an endless one must not be read for ever. */
const MAX_HEADER = 64 * 1024;

const FLAG = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 } as const;

/** Bytes that are counted, and summed for the header's own CRC. */
interface HeaderReader {
  take(count: number): Promise<Uint8Array>;
  readonly crc: number;
}

function createHeaderReader(cursor: Cursor, what: string): HeaderReader {
  let length = 0;
  let crc = 0;
  return {
    get crc() {
      return crc;
    },
    async take(count) {
      length += count;
      if (length > MAX_HEADER) throw corrupt(what, `its gzip header is longer than ${MAX_HEADER} bytes`, cursor.offset);
      const bytes = await cursor.take(count);
      if (bytes.byteLength < count) throw corrupt(what, "it ends inside the gzip header", cursor.offset);
      crc = crc32(bytes, crc);
      return bytes;
    },
  };
}

const uint16 = (bytes: Uint8Array) => (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);

async function skipText(reader: HeaderReader): Promise<void> {
  while ((await reader.take(1))[0] !== 0);
}

/** Consumes one header. Throws `CORRUPT` when it is cut short, breaks the format, or is longer than 64 KiB. */
export async function readGzipHeader(cursor: Cursor, what: string): Promise<void> {
  const start = cursor.offset;
  const reader = createHeaderReader(cursor, what);
  const [id1, id2, method, flags = 0] = await reader.take(10);
  if (id1 !== 0x1f || id2 !== 0x8b) throw corrupt(what, "it does not start with a gzip header", start);
  if (method !== 8) throw corrupt(what, `its gzip header names compression method ${method}, expected 8`, start);
  if (flags & FLAG.reserved) throw corrupt(what, "its gzip header has reserved flags", start);
  if (flags & FLAG.extra) await reader.take(uint16(await reader.take(2)));
  if (flags & FLAG.name) await skipText(reader);
  if (flags & FLAG.comment) await skipText(reader);
  if (flags & FLAG.headerCrc) {
    const expected = reader.crc & 0xffff;
    if (uint16(await reader.take(2)) !== expected) throw corrupt(what, "its gzip header fails its checksum", start);
  }
}
