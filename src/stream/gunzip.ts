/**
 * gzip, decoded.
 *
 * @see https://www.rfc-editor.org/rfc/rfc1952
 * @module
 */

import { crc32 } from "node:zlib";
import type { ByteStream } from "./bytes.js";
import { corrupt, type DecodeContext } from "./corrupt.js";
import { type Cursor, createCursor } from "./cursor.js";
import { readGzipHeader } from "./gzip-header.js";
import { createInflater, type Inflater } from "./inflate.js";

function reason(error: unknown): string {
  return `its deflate data is broken: ${error instanceof Error ? error.message : String(error)}`;
}

async function step(inflater: Inflater, cursor: Cursor, what: string) {
  try {
    return await inflater.step(cursor.rest);
  } catch (error) {
    throw corrupt(what, reason(error), cursor.offset);
  }
}

/** The 8 bytes after the data: CRC-32 and size modulo 2^32 of the uncompressed member, least significant byte first. */
async function checkTrailer(cursor: Cursor, crc: number, size: number, what: string): Promise<void> {
  const trailer = await cursor.take(8);
  if (trailer.byteLength < 8) throw corrupt(what, "it ends inside the last 8 bytes of a gzip member", cursor.offset);
  const view = new DataView(trailer.buffer, trailer.byteOffset, 8);
  if (view.getUint32(0, true) !== crc)
    throw corrupt(what, "its gzip checksum (CRC-32) does not match", cursor.offset - 8);
  if (view.getUint32(4, true) !== size) throw corrupt(what, "its gzip size (ISIZE) does not match", cursor.offset - 4);
}

async function* readMember(cursor: Cursor, inflater: Inflater, what: string): AsyncGenerator<Uint8Array> {
  await readGzipHeader(cursor, what);
  let crc = 0;
  let size = 0;
  for (let ended = false; !ended; ) {
    // A step without input gives what zlib still holds after a full output buffer; only then is more input needed.
    const { consumed, output, ended: isEnd } = await step(inflater, cursor, what);
    cursor.skip(consumed);
    ended = isEnd;
    const progress = consumed > 0 || output.byteLength > 0;
    if (output.byteLength > 0) {
      crc = crc32(output, crc);
      size = (size + output.byteLength) >>> 0;
      yield output;
    }
    if (!ended && !progress && !(await cursor.fill())) {
      throw corrupt(what, "it ends inside a gzip member", cursor.offset);
    }
  }
  await checkTrailer(cursor, crc, size, what);
}

/** Is there another member? Bytes that start none are told of, or refused. */
async function hasMember(cursor: Cursor, { what, onTrailing }: DecodeContext): Promise<boolean> {
  if (!(await cursor.fill())) return false;
  const offset = cursor.offset;
  if (cursor.rest[0] === 0x1f) return true;
  if (onTrailing === undefined) throw corrupt(what, "there are bytes after the last gzip member", offset);
  await cursor.drain();
  onTrailing(offset);
  return false;
}

/**
 * Decodes gzip: one member or several. Chunks are views of one buffer of 256 KiB.
 *
 * @throws {LadingError} `CORRUPT` when it is cut short, breaks the format, fails its CRC or size, has a header above 64 KiB,
 * or goes on after the last member and `onTrailing` is absent.
 */
export async function* gunzip(
  stream: ByteStream,
  context: DecodeContext,
  inflater: Inflater = createInflater(),
): AsyncGenerator<Uint8Array> {
  const cursor = createCursor(stream);
  let isDone = false;
  try {
    yield* readMember(cursor, inflater, context.what);
    while (await hasMember(cursor, context)) {
      inflater.reset();
      yield* readMember(cursor, inflater, context.what);
    }
    isDone = true;
  } finally {
    inflater.close(isDone);
    await cursor.close();
  }
}
