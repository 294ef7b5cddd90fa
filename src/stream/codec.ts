/**
 * Streams, compressed and decompressed.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { loadBlockEncoder } from "./block.js";
import type { ByteStream, IoOptions } from "./bytes.js";
import { compressBlocks } from "./compress-blocks.js";
import type { DecodeContext } from "./corrupt.js";
import type { Compression } from "./detect.js";
import { createClaim } from "./dictionaries.js";

/** How far a small input may grow. Sizes in bytes. */
export interface DecompressLimits {
  /** How many times larger than the input the output may become (500). */
  readonly maxRatio?: number | undefined;
  /** Output that comes before the ratio counts (16 MiB). */
  readonly ratioFloor?: number | undefined;
  /** Output that is allowed at all (no limit). */
  readonly maxBytes?: number | undefined;
}

/** How {@link decompress} is bounded, and what it tells. */
export interface DecompressOptions extends IoOptions {
  readonly limits?: DecompressLimits | undefined;
  /** How a person would call the content, for messages (`content`). */
  readonly what?: string | undefined;
  /**
   * Called with the offset, in compressed bytes, of what follows the end of the compressed content; that is then read and
   * dropped. Without it such bytes are `CORRUPT`.
   */
  readonly onTrailing?: ((offset: number) => void) | undefined;
  /**
   * Wait until the dictionaries of all streams that do so, in all of lading's threads, leave room for this one's in 64 MiB (no).
   * Nobody may wait for the stream's bytes while it holds another one open that waits, too.
   */
  readonly waits?: boolean | undefined;
}

const MAX_RATIO = 500;
const RATIO_FLOOR = 16 * 1024 * 1024;

async function* decode(stream: ByteStream, compression: Compression, context: DecodeContext) {
  // Loaded when needed: most runs need gzip alone.
  switch (compression) {
    case "gzip": {
      const { gunzip } = await import("./gunzip.js");
      return yield* gunzip(stream, context);
    }
    case "zstd": {
      const { unzstd } = await import("./unzstd.js");
      return yield* unzstd(stream, context);
    }
    case "xz": {
      const { unxz } = await import("./unxz.js");
      return yield* unxz(stream, context);
    }
    case "bzip2": {
      const { bunzip2 } = await import("./bunzip2.js");
      return yield* bunzip2(stream, context);
    }
    case "none":
      return yield* stream;
  }
}

/** What the limits are called on the command line. */
const FLAGS = { maxRatio: "--max-ratio", maxBytes: "--max-size" } as const;

function refuse(what: string, wanted: string, option: keyof typeof FLAGS, limit: number, actual: number) {
  const message = `Cannot decompress ${what}: it becomes ${wanted}; raise ${option} (${FLAGS[option]}) if you trust it`;
  return new LadingError("TOO_LARGE", message, { what: option, limit, actual });
}

/**
 * Decompresses a stream, with memory that does not grow with it.
 *
 * Several members, frames or streams in a row are one content. With `none` the bytes pass as they are. The chunks are views
 * of a buffer that is used again.
 *
 * @throws {LadingError} `CORRUPT` when the input is cut short, breaks its format, fails a checksum of its own, or goes on
 * after its end and `onTrailing` is absent. `TOO_LARGE` when the output passes `maxBytes` or `maxRatio`, or a dictionary
 * above 64 MiB is needed. `UNSUPPORTED` when the format is right and uses what the decoder does not know.
 */
export async function* decompress(
  stream: ByteStream,
  compression: Compression,
  options: DecompressOptions = {},
): AsyncGenerator<Uint8Array> {
  const { signal, what = "content", onTrailing, limits = {}, waits = false } = options;
  const { maxRatio = MAX_RATIO, ratioFloor = RATIO_FLOOR, maxBytes = Number.POSITIVE_INFINITY } = limits;
  let received = 0;
  let produced = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      received += chunk.byteLength;
      yield chunk;
    }
  }
  const dictionary = waits ? createClaim(signal) : undefined;
  try {
    for await (const chunk of decode(counted(), compression, { what, onTrailing, claim: dictionary?.raise })) {
      signal?.throwIfAborted();
      produced += chunk.byteLength;
      if (produced > maxBytes) throw refuse(what, `more than ${maxBytes} bytes`, "maxBytes", maxBytes, produced);
      if (produced > ratioFloor && produced > received * maxRatio) {
        const wanted = `more than ${maxRatio} times as large as it is, like a decompression bomb`;
        throw refuse(what, wanted, "maxRatio", maxRatio, Math.ceil(produced / received));
      }
      yield chunk;
    }
  } finally {
    dictionary?.release();
  }
}

/** A compression that lading writes. */
export type OutputCompression = "gzip" | "zstd" | "none";

/** What {@link compress} makes. */
export interface CompressOptions extends IoOptions {
  readonly type: OutputCompression;
  /** gzip: 1 to 12 (6). zstd: 1 to 22 (3). */
  readonly level?: number | undefined;
  /** Threads that compress, where the stream is long enough for them (1: the caller's own). */
  readonly jobs?: number | undefined;
}

/**
 * Compresses a stream, block by block: the same bytes for the same content and level, however it comes in and wherever this
 * runs, by however many threads. Empty input becomes one empty member or frame. With `none` the bytes pass as they are.
 *
 * @throws {RangeError} For a level that the compression does not have.
 * @throws {LadingError} `UNSUPPORTED` for zstd where its native module is absent.
 */
export async function* compress(stream: ByteStream, options: CompressOptions): AsyncGenerator<Uint8Array> {
  const { type, level, jobs = 1, signal } = options;
  signal?.throwIfAborted();
  if (type === "none") return yield* stream;
  const encode = await loadBlockEncoder(type, level);
  let isEmpty = true;
  for await (const compressed of compressBlocks(stream, { type, level, jobs, encode, signal })) {
    isEmpty = false;
    yield compressed;
  }
  if (isEmpty) yield encode(new Uint8Array(0));
}
