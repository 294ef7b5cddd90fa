/**
 * A file's bytes.
 *
 * @module
 */

import { type BigIntStats, constants } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ioError, LadingError } from "../errors.js";
import type { IoOptions } from "./bytes.js";
import { files, isWorkThread, type OpenFile } from "./files.js";
import { quickReads } from "./quick-reads.js";
import { createSpares } from "./spare.js";

/** Which part of a file {@link readFile} reads, and how. */
export interface ReadFileOptions extends IoOptions {
  /** Bytes from the start of the file to the first one that is read (0). */
  readonly start?: number | undefined;
  /** Bytes from the start of the file to the first one that is not read (the file's size). */
  readonly end?: number | undefined;
  /** Refuse a symbolic link at the path's end instead of following it (false). */
  readonly noFollow?: boolean | undefined;
  /** The content is checked elsewhere, so that its times may move while it is read: only its size may not (false). */
  readonly mayBeTouched?: boolean | undefined;
  /**
   * Read in the caller's thread as long as that takes no time, as with a file that the system has in memory (false). Others
   * have their turn every 8 MiB.
   */
  readonly quick?: boolean | undefined;
  /** Bytes of the one buffer that every chunk is a view of (256 KiB). */
  readonly chunkSize?: number | undefined;
}

const CHUNK_SIZE = 256 * 1024;
/** Bytes after which a thread that waits for nothing listens for messages. */
const HEAR_EVERY = 8 * 1024 * 1024;
const chunks = createSpares(CHUNK_SIZE);

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a named pipe";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

function changed(path: string): LadingError<"CHANGED"> {
  const message = `Cannot read "${path}": it changed while it was read; try again once nothing writes to it`;
  return new LadingError("CHANGED", message, { path });
}

async function openRegularFile(
  file: string | Buffer,
  { noFollow = false }: ReadFileOptions,
): Promise<{ handle: OpenFile; stats: BigIntStats }> {
  // Without O_NONBLOCK, opening a named pipe waits for a writer that may never come.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (noFollow ? (constants.O_NOFOLLOW ?? 0) : 0);
  const handle = await files.open(file, flags);
  try {
    const stats = await handle.stat({ bigint: true });
    if (stats.isFile()) return { handle, stats };
    const found = kindOf(stats);
    const path = String(file);
    throw new LadingError("FORMAT", `Cannot read "${path}": it is ${found}, expected a file; name a file`, {
      wanted: "a file",
      found,
      path,
    });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Did the content stay? A new or a lost hard link moves the ctime too, and means nothing. */
function isSame(before: BigIntStats, after: BigIntStats, { mayBeTouched = false }: ReadFileOptions): boolean {
  if (before.size === after.size && mayBeTouched) return true;
  if (before.size !== after.size || before.mtimeNs !== after.mtimeNs) return false;
  return before.ctimeNs === after.ctimeNs || before.nlink !== after.nlink;
}

async function* readRange(file: string | Buffer, options: ReadFileOptions): AsyncGenerator<Uint8Array> {
  const { signal, start = 0, chunkSize = CHUNK_SIZE, quick = false } = options;
  let sinceHeard = 0;
  signal?.throwIfAborted();
  const { handle, stats } = await openRegularFile(file, options);
  const path = String(file);
  const read: OpenFile["read"] = quick ? quickReads(handle) : (...place) => handle.read(...place);
  try {
    const end = options.end ?? Number(stats.size);
    // The range comes from an earlier look at the file, so a file that ends before it has shrunk since.
    if (end > Number(stats.size)) throw changed(path);
    const isUsual = isWorkThread && chunkSize === CHUNK_SIZE;
    const buffer = isUsual ? chunks.take() : Buffer.allocUnsafeSlow(Math.max(1, Math.min(chunkSize, end - start)));
    for (let at = start; at < end; ) {
      signal?.throwIfAborted();
      const wanted = Math.min(buffer.length, end - at);
      const { bytesRead } = await read(buffer, 0, wanted, at);
      if (bytesRead === 0) throw changed(path);
      at += bytesRead;
      sinceHeard += bytesRead;
      if ((isWorkThread || quick) && sinceHeard >= HEAR_EVERY) {
        sinceHeard = 0;
        await nextTurn();
      }
      yield buffer.subarray(0, bytesRead);
    }
    if (!isSame(stats, await handle.stat({ bigint: true }), options)) throw changed(path);
    if (isUsual) chunks.give(buffer);
  } finally {
    await handle.close();
  }
}

/**
 * Reads a file, or a range of it, in chunks that share one buffer. Symbolic links are followed. The file is opened when the
 * first chunk is asked for, and closed however reading ends.
 *
 * @throws {RangeError} When the range is not one.
 * @throws {LadingError} `FORMAT` when it is a folder, pipe, socket or device. `CHANGED` when the file's size, mtime or ctime
 * differ after the last chunk, or it ends before `end`. `IO` for what the operating system says.
 */
export async function* readFile(file: string | Buffer, options: ReadFileOptions = {}): AsyncGenerator<Uint8Array> {
  const { start = 0, end = Number.MAX_SAFE_INTEGER, chunkSize = CHUNK_SIZE } = options;
  const isRange = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end;
  if (!isRange || !(chunkSize >= 1)) throw new RangeError(`Not a range of a file: ${start} to ${end} by ${chunkSize}`);
  try {
    yield* readRange(file, options);
  } catch (error) {
    throw ioError(error, "read", String(file));
  }
}
