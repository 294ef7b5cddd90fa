/**
 * Writing a tar archive, byte for byte the same from the same entries.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { type Batch, createBatch } from "./batch.js";
import { writeHeader } from "./encode.js";
import type { Entry, WriteEntry } from "./entry.js";
import { escapePath } from "./escape.js";
import { BLOCK } from "./header.js";
import { entryPath } from "./path.js";
import { unsafeEntry } from "./refusal.js";

/** Bytes that are gathered before they go out. */
const CHUNK = 64 * 1024;
/** Pieces of content from this many bytes on go out as they are, without a copy. */
const LARGE = 32 * 1024;

/**
 * An archive of `entries`, in their order, closed by two zero blocks and nothing more.
 *
 * A file's content is opened when its turn comes, and closed before the next. Order is the caller's, see
 * `sortEntries()`; that no path comes twice is too.
 *
 * @throws {LadingError} `UNSAFE_ENTRY` for a path that is not as `Entry.path` has to be, a link without a target, or content
 * where there can be none; `CHANGED` when content is not as long as its entry says; what `open` throws.
 * @throws {RangeError} as {@link writeHeader}.
 */
export async function* writeTar(
  entries: Iterable<WriteEntry> | AsyncIterable<WriteEntry>,
  { signal }: IoOptions = {},
): AsyncGenerator<Uint8Array> {
  const batch = createBatch(CHUNK + LARGE + 2 * BLOCK);
  for await (const entry of entries) {
    signal?.throwIfAborted();
    checkEntry(entry);
    writeHeader(entry, batch);
    if (entry.size > 0) yield* writeContent(entry, batch, signal);
    if (batch.length >= CHUNK) yield batch.flush();
  }
  batch.pad(2 * BLOCK);
  yield batch.flush();
}

async function* writeContent(
  entry: WriteEntry,
  batch: Batch,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let written = 0;
  for await (const chunk of contentOf(entry)) {
    signal?.throwIfAborted();
    written += chunk.byteLength;
    if (written > entry.size) throw changed(entry, `more than ${entry.size}`);
    if (chunk.byteLength < LARGE) {
      batch.append(chunk);
      if (batch.length >= CHUNK) yield batch.flush();
    } else {
      if (batch.length > 0) yield batch.flush();
      yield chunk;
    }
  }
  if (written < entry.size) throw changed(entry, `only ${written}`);
  batch.pad((BLOCK - (written % BLOCK)) % BLOCK);
}

function contentOf(entry: WriteEntry): ByteStream {
  if (entry.open === undefined)
    throw new TypeError(`Tar entry ${JSON.stringify(entry.path)} has a size and no content`);
  return entry.open();
}

function changed({ path, size }: Entry, found: string): LadingError<"CHANGED"> {
  const shown = escapePath(path);
  const message = `Cannot write tar entry "${shown}": it has ${found} bytes, expected ${size}; it changed while it was read: try again`;
  return new LadingError("CHANGED", message, { path: shown });
}

function checkEntry({ path, type, size, linkpath }: Entry): void {
  if (!(path === "" && type === "directory") && entryPath(path, type === "directory") !== path) {
    throw unsafeEntry(path, "its path is not relative and plain");
  }
  if (size > 0 && type !== "file") throw unsafeEntry(path, `it is a ${type} with content`);
  const isLink = type === "symlink" || type === "hardlink";
  if (isLink === (linkpath === undefined || linkpath === ""))
    throw unsafeEntry(path, "links, and only links, have a target");
  if (linkpath?.includes("\0")) throw unsafeEntry(path, "its target holds a NUL");
}
