/**
 * bzip2, decoded.
 *
 * `unbzip2-stream` does the work on one block; its own stream copies each block byte by byte into lists, so blocks are
 * handed to it here. A block's compressed length is written nowhere: it is tried with the input at hand, and again with more
 * where that was not enough.
 *
 * @module
 */

import { createRequire } from "node:module";
import { createLookahead, type Lookahead, type ReadBits, STARVED } from "./bit-lookahead.js";
import type { ByteStream } from "./bytes.js";
import { corrupt, type DecodeContext } from "./corrupt.js";
import { createCursor } from "./cursor.js";

interface Bzip2 {
  /** Reads a stream's header; gives its level, 1 to 9. Keeps what it needs for blocks on the object that it is called on. */
  header(bits: ReadBits): number;
  /** Decodes one block byte by byte; gives the checksum so far, or null at the end of the stream. */
  decompress(
    bits: ReadBits,
    write: (byte: number) => void,
    work: Int32Array,
    size: number,
    checksum: number,
  ): number | null;
}

const LEVEL_SIZE = 100_000;
/** Bytes that a block of one level may become: runs of 4 bytes and a count of 255 in 5 bytes of the block. */
const LARGEST_EXPANSION = 259 / 5;
/** Bytes beyond which a block of any level is broken: 900 000 symbols of 20 bits, and its tables. */
const LARGEST_BLOCK = 3 * 1024 * 1024;
const HEADER_LENGTH = 4;
const CHUNK_SIZE = 256 * 1024;

/** A block's bytes: a buffer that grows up to what a block may become, 47 MB at most, and is used again. */
interface BlockOutput {
  readonly bytes: Uint8Array;
  readonly write: (byte: number) => void;
  clear(): void;
}

function createBlockOutput(): BlockOutput {
  const largest = Math.ceil(9 * LEVEL_SIZE * LARGEST_EXPANSION);
  let buffer = new Uint8Array(1024 * 1024);
  let size = 0;
  return {
    get bytes() {
      return buffer.subarray(0, size);
    },
    write(byte) {
      if (size === buffer.byteLength) {
        const grown = new Uint8Array(Math.min(buffer.byteLength * 2, largest));
        grown.set(buffer);
        buffer = grown;
      }
      buffer[size++] = byte;
    },
    clear() {
      size = 0;
    },
  };
}

interface Decoding extends DecodeContext {
  readonly input: Lookahead;
  readonly output: BlockOutput;
  readonly decoder: Bzip2;
}

/** Bytes of the compressed stream before the position. */
const offsetOf = (input: Lookahead) => Math.floor(input.position / 8);

function broken({ what, input }: Decoding, error: unknown): Error {
  const isChecksum = error instanceof Error && error.message.includes("crc32");
  return corrupt(what, isChecksum ? "its bzip2 checksum does not match" : "its bzip2 data is broken", offsetOf(input));
}

/** Tries a part with the input at hand, and again with more as long as it needs more and there is more. */
async function attempt<T>(decoding: Decoding, lookahead: number, action: () => T): Promise<T> {
  const { input, what } = decoding;
  const start = input.position;
  for (let wanted = lookahead; ; wanted = Math.min(wanted * 2, LARGEST_BLOCK)) {
    const have = await input.fill(wanted);
    try {
      return action();
    } catch (error) {
      if (error !== STARVED) throw broken(decoding, error);
      if (have < wanted) throw corrupt(what, "it ends inside a bzip2 stream", offsetOf(input));
      if (wanted === LARGEST_BLOCK) throw corrupt(what, "it has a bzip2 block without an end", offsetOf(input));
      input.seek(start);
    }
  }
}

async function* readStream(decoding: Decoding): AsyncGenerator<Uint8Array> {
  const { decoder, input, output } = decoding;
  const level = await attempt(decoding, HEADER_LENGTH, () => decoder.header(input.read));
  const work = new Int32Array(level * LEVEL_SIZE);
  // Real blocks are hardly longer than what they hold, so that one attempt does.
  const lookahead = work.length + LEVEL_SIZE / 4;
  for (let checksum: number | null = 0; checksum !== null; ) {
    const before: number = checksum;
    checksum = await attempt(decoding, lookahead, () => {
      output.clear();
      return decoder.decompress(input.read, output.write, work, work.length, before);
    });
    const bytes = output.bytes;
    if (checksum === null) return;
    for (let at = 0; at < bytes.byteLength; at += CHUNK_SIZE) yield bytes.subarray(at, at + CHUNK_SIZE);
  }
}

/** Is there another stream? Bytes that start none are told of, or refused. */
async function hasStream({ what, onTrailing, input }: Decoding): Promise<boolean> {
  if ((await input.fill(HEADER_LENGTH)) === 0) return false;
  const offset = offsetOf(input);
  const isHeader = input.read(8) === 0x42;
  input.seek(offset * 8);
  if (isHeader) return true;
  if (onTrailing === undefined) throw corrupt(what, "there are bytes after the last bzip2 stream", offset);
  onTrailing(offset);
  return false;
}

/**
 * Decodes bzip2: one stream or several. Chunks have at most 256 KiB and share a buffer, which a block of nothing but runs
 * makes grow up to 47 MB.
 *
 * @throws {LadingError} `CORRUPT` when it is cut short, breaks the format, fails a checksum, or goes on after the last stream
 * and `onTrailing` is absent.
 */
export async function* bunzip2(stream: ByteStream, context: DecodeContext): AsyncGenerator<Uint8Array> {
  const require = createRequire(import.meta.url);
  const shared = require("unbzip2-stream/lib/bzip2.js") as Bzip2;
  const cursor = createCursor(stream);
  // The decoder keeps tables on itself, so that each stream needs an object of its own.
  const decoder: Bzip2 = Object.create(shared);
  const decoding: Decoding = { ...context, decoder, input: createLookahead(cursor), output: createBlockOutput() };
  try {
    yield* readStream(decoding);
    while (await hasStream(decoding)) yield* readStream(decoding);
    await cursor.drain();
  } finally {
    await cursor.close();
  }
}
