/**
 * zstd, decoded.
 *
 * The frames are walked here, block by block, so that limits hold before memory is taken, an early end is seen whatever the
 * engine thinks of it, and both engines accept the same.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1
 * @module
 */

import type { ByteStream } from "./bytes.js";
import { corrupt, type DecodeContext, dictionaryTooLarge, MAX_DICTIONARY, unsupported } from "./corrupt.js";
import { type Cursor, createCursor } from "./cursor.js";
import { createZstdEngine, type ZstdEngine } from "./zstd-engine.js";
import { decodeZstdHeader, type ZstdFrameHeader, zstdHeaderLength } from "./zstd-frame-header.js";

const FRAME = 0xfd2fb528;
/** Skippable frames have any low four bits. */
const SKIPPABLE = 0x184d2a50;
const MAX_BLOCK = 128 * 1024;
const BLOCK = { raw: 0, repeat: 1, compressed: 2 } as const;

/** Everything that the parts of one decoding share. */
interface Decoding extends DecodeContext {
  readonly cursor: Cursor;
  readonly engine: ZstdEngine;
}

async function takeAll({ cursor, what }: Decoding, count: number): Promise<Uint8Array> {
  const bytes = await cursor.take(count);
  if (bytes.byteLength < count) throw corrupt(what, "it ends inside a zstd frame", cursor.offset);
  return bytes;
}

const uint32 = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);

async function skipFrame(decoding: Decoding): Promise<void> {
  const { cursor, what } = decoding;
  let left = uint32(await takeAll(decoding, 4));
  while (left > 0) {
    if (!(await cursor.fill())) throw corrupt(what, "it ends inside a skippable zstd frame", cursor.offset);
    const part = Math.min(left, cursor.rest.byteLength);
    cursor.skip(part);
    left -= part;
  }
}

/** Reads a frame's header and gives it to the engine. The magic number is consumed already. */
async function startFrame(decoding: Decoding): Promise<ZstdFrameHeader> {
  const { cursor, what, engine } = decoding;
  const [descriptor = 0] = await takeAll(decoding, 1);
  const fields = Uint8Array.from(await takeAll(decoding, zstdHeaderLength(descriptor)));
  const header = decodeZstdHeader(descriptor, fields);
  if (header === undefined) throw corrupt(what, "its zstd frame header has reserved flags", cursor.offset);
  if (header.windowSize > MAX_DICTIONARY) throw dictionaryTooLarge(what, MAX_DICTIONARY, header.windowSize);
  if (header.dictionaryId !== 0) throw unsupported(what, `it needs the zstd dictionary ${header.dictionaryId}`);
  await decoding.claim?.(header.windowSize);
  guard(decoding, () => engine.start(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, ...fields])));
  return header;
}

/** Turns what an engine throws into `CORRUPT`. */
function guard<T>({ cursor, what }: Decoding, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw corrupt(what, `its zstd data is broken: ${why}`, cursor.offset);
  }
}

/** The outputs of an engine's call, each of which may throw. */
function* guarded(decoding: Decoding, outputs: Iterable<Uint8Array>): Generator<Uint8Array> {
  const iterator = outputs[Symbol.iterator]();
  for (;;) {
    const next = guard(decoding, () => iterator.next());
    if (next.done) return;
    yield next.value;
  }
}

/** Reads one block. `last` says whether the frame ends with it. */
async function takeBlock(decoding: Decoding): Promise<{ header: Uint8Array; body: Uint8Array; last: boolean }> {
  const { cursor, what } = decoding;
  const header = Uint8Array.from(await takeAll(decoding, 3));
  const [low = 0, middle = 0, high = 0] = header;
  const bits = low | (middle << 8) | (high << 16);
  const type = (bits >> 1) & 3;
  const size = bits >> 3;
  if (type > BLOCK.compressed) throw corrupt(what, "it has a zstd block of a reserved type", cursor.offset);
  if (size > MAX_BLOCK) throw corrupt(what, `it has a zstd block of more than ${MAX_BLOCK} bytes`, cursor.offset);
  const body = await takeAll(decoding, type === BLOCK.repeat ? 1 : size);
  return { header, body, last: (bits & 1) === 1 };
}

async function* readFrame(decoding: Decoding): AsyncGenerator<Uint8Array> {
  const { cursor, what, engine } = decoding;
  const { contentSize, hasChecksum } = await startFrame(decoding);
  let size = 0;
  for (let last = false; !last; ) {
    const block = await takeBlock(decoding);
    last = block.last;
    for (const output of guarded(decoding, engine.decode(block.header, block.body))) {
      size += output.byteLength;
      yield output;
    }
  }
  const checksum = await takeAll(decoding, hasChecksum ? 4 : 0);
  for (const output of guarded(decoding, engine.finish(checksum))) {
    size += output.byteLength;
    yield output;
  }
  if (contentSize !== undefined && size !== contentSize) {
    throw corrupt(what, `a zstd frame has ${size} bytes, and says ${contentSize}`, cursor.offset);
  }
}

/**
 * Decodes zstd: frames and skippable frames in any order. Windows above 64 MiB are refused. Chunks have at most 256 KiB and
 * may share a buffer.
 *
 * @throws {LadingError} `CORRUPT` when it is cut short, breaks the format, fails its checksum or size, or goes on after the
 * last frame and `onTrailing` is absent; `TOO_LARGE` for a window above 64 MiB; `UNSUPPORTED` when it needs a dictionary.
 */
export async function* unzstd(
  stream: ByteStream,
  context: DecodeContext,
  engine: ZstdEngine = createZstdEngine(),
): AsyncGenerator<Uint8Array> {
  const cursor = createCursor(stream);
  const decoding: Decoding = { ...context, cursor, engine };
  try {
    for (let frames = 0; ; frames++) {
      const offset = cursor.offset;
      const magic = await cursor.take(4);
      if (magic.byteLength === 0 && frames > 0) return;
      const number = magic.byteLength === 4 ? uint32(magic) : 0;
      if (number === FRAME) yield* readFrame(decoding);
      else if ((number & 0xfffffff0) >>> 0 === SKIPPABLE) await skipFrame(decoding);
      else return await refuseRest(decoding, frames, offset);
    }
  } finally {
    engine.close();
    await cursor.close();
  }
}

async function refuseRest({ cursor, what, onTrailing }: Decoding, frames: number, offset: number): Promise<void> {
  if (frames === 0) throw corrupt(what, "it does not start with a zstd frame", offset);
  if (onTrailing === undefined) throw corrupt(what, "there are bytes after the last zstd frame", offset);
  await cursor.drain();
  onTrailing(offset);
}
