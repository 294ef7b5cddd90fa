/**
 * A tar archive as a file, of which members are read where they lie. Nothing is unpacked.
 *
 * One that is compressed is read forward: its members are listed in one pass, which keeps the small ones, and others are read
 * best in the order in which they lie there.
 *
 * @module
 */

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { errnoOf, ioError, isLadingError, LadingError } from "../errors.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { decompress } from "../stream/codec.js";
import { type Compression, detectCompression, HEAD_SIZE } from "../stream/detect.js";
import { readFile } from "../stream/file.js";
import { identityOf } from "../stream/file-identity.js";
import type { OpenFile } from "../stream/files.js";
import { createForwardRanges, type ForwardRanges } from "../stream/forward.js";
import { indexMembers, type Member, type Members, scanMembers } from "../tar/members.js";

/** An archive that was opened. Once the file is another one, reading from it fails. */
export interface ArchiveFile {
  readonly path: string;
  readonly compression: Compression;
  /** Which state of the file it is. */
  readonly identity: string;
  readonly members: Members;
  /** A member's content, unchecked. */
  open(member: Member, options?: IoOptions): ByteStream;
}

/** Bytes that are read at once. */
const CHUNK_SIZE = 512 * 1024;
/** Bytes of one member of a compressed archive that is kept in memory, and of all: documents, not layers. */
const [KEPT_EACH, KEPT_ALL] = [1024 * 1024, 16 * 1024 * 1024];
/** Milliseconds after which a reading that waits is let go. */
const IDLE_MS = 1000;

function changed(path: string): LadingError<"CHANGED"> {
  const message = `Cannot read "${path}": it changed while it was read; try again once nothing writes to it`;
  return new LadingError("CHANGED", message, { path });
}

async function openHandle(path: string): Promise<FileHandle | undefined> {
  try {
    // Opening a named pipe would wait for a writer that may never come.
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw ioError(error, "read", path);
  }
}

/** Which state of which file is there; undefined where there is none, or an empty one. */
export async function identifyArchive(path: string): Promise<string | undefined> {
  const handle = await openHandle(path);
  if (handle === undefined) return undefined;
  try {
    return (await look(handle, path))?.identity;
  } finally {
    await handle.close();
  }
}

async function look(handle: FileHandle, path: string) {
  const stats = await handle.stat({ bigint: true });
  if (!stats.isFile()) {
    const found = stats.isDirectory() ? "a folder" : "a device or a pipe";
    const message = `Cannot read "${path}" as an archive: it is ${found}, expected a file; name a file`;
    throw new LadingError("FORMAT", message, { wanted: "a file", found, path });
  }
  return stats.size === 0n ? undefined : { identity: identityOf(stats), size: Number(stats.size) };
}

/**
 * Opens the archive in a file; undefined where there is no file, or an empty one.
 *
 * @throws {LadingError} `FORMAT` for what is no tar archive; `CORRUPT`, `UNSAFE_ENTRY`, `TOO_LARGE` as `indexMembers` and, where it is
 * compressed, `decompress`; `IO` from the file system.
 */
export async function openArchive(path: string, options: IoOptions = {}): Promise<ArchiveFile | undefined> {
  const handle = await openHandle(path);
  if (handle === undefined) return undefined;
  try {
    const found = await look(handle, path);
    if (found === undefined) return undefined;
    const head = (await handle.read(Buffer.alloc(HEAD_SIZE), 0, HEAD_SIZE, 0)).buffer;
    const compression = detectCompression(head);
    if (compression === "none") return await openPlain(path, handle, found, options);
    return await openCompressed(path, compression, found.identity, options);
  } catch (error) {
    throw named(error, path);
  } finally {
    await handle.close();
  }
}

/** An error that says of which file it is. */
function named(error: unknown, path: string): unknown {
  if (!isLadingError(error) || error.message.includes(path)) return ioError(error, "read", path);
  const message = `Cannot read "${path}": ${error.message.replace(/^Cannot /, "cannot ")}`;
  return new LadingError(error.code, message, error.detail, { cause: error });
}

async function openPlain(
  path: string,
  handle: FileHandle,
  { identity, size }: { readonly identity: string; readonly size: number },
  options: IoOptions,
): Promise<ArchiveFile> {
  const window = Buffer.allocUnsafe(8 * 1024);
  const read = async (position: number, length: number) => {
    const { bytesRead } = await handle.read(window, 0, Math.min(length, window.length), position);
    return window.subarray(0, bytesRead);
  };
  const members = await indexMembers({ size, read }, options);
  const open = (member: Member, io: IoOptions = {}) => readMember(path, identity, member, io);
  return { path, compression: "none", identity, members, open };
}

async function* readMember(
  path: string,
  identity: string,
  { offset, size }: Member,
  { signal }: IoOptions,
): ByteStream {
  const handle = await openHandle(path);
  if (handle === undefined) throw changed(path);
  try {
    if ((await look(handle, path))?.identity !== identity) throw changed(path);
    yield* readHandle(handle, path, offset, size, { signal });
  } catch (error) {
    throw ioError(error, "read", path);
  } finally {
    await handle.close();
  }
}

/** A range of an open file, in chunks that share one buffer. */
export async function* readHandle(
  handle: Pick<OpenFile, "read">,
  path: string,
  start: number,
  size: number,
  { signal }: IoOptions,
): ByteStream {
  const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(CHUNK_SIZE, size)));
  for (let at = start; at < start + size; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, start + size - at), at);
    if (bytesRead === 0) throw changed(path);
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function openCompressed(
  path: string,
  compression: Compression,
  identity: string,
  options: IoOptions,
): Promise<ArchiveFile> {
  const contents = new Map<string, Buffer>();
  const what = `"${path}"`;
  const unpack = (io: IoOptions) => decompress(readFile(path, io), compression, { ...io, what });
  const { members, size } = await scanMembers(unpack(options), { contents, each: KEPT_EACH, all: KEPT_ALL }, options);
  const ranges = letGo(createForwardRanges(() => unpack({}), size));
  async function* open({ path: name, offset, size: length }: Member, { signal }: IoOptions = {}): ByteStream {
    const kept = contents.get(name);
    if (kept !== undefined) {
      if (length > 0) yield kept;
      return;
    }
    if ((await identifyArchive(path)) !== identity) throw changed(path);
    for await (const chunk of ranges.open(offset, offset + length)) {
      signal?.throwIfAborted();
      yield chunk;
    }
  }
  return { path, compression, identity, members, open };
}

/** Readings that wait for the next range are let go when none comes. */
function letGo(ranges: ForwardRanges): Pick<ForwardRanges, "open"> {
  let timer: NodeJS.Timeout | undefined;
  return {
    async *open(start, end) {
      clearTimeout(timer);
      try {
        yield* ranges.open(start, end);
      } finally {
        clearTimeout(timer);
        timer = setTimeout(() => void ranges.close().catch(() => {}), IDLE_MS).unref();
      }
    },
  };
}

/** What a person would call what a file holds, for messages. */
export function describeMembers({ members }: ArchiveFile): string {
  if (members.has("manifest.json")) return "a Docker archive";
  if (members.has("index.json") || members.has("oci-layout")) return "an OCI archive";
  return "another tar archive";
}
