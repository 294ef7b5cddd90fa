/**
 * What a tar archive holds, and where: read by its headers alone where the archive lies in a file.
 *
 * @module
 */

import type { ByteStream, IoOptions } from "../stream/bytes.js";
import type { Entry, EntryType } from "./entry.js";
import { BLOCK } from "./header.js";
import { corruptTar, tooLarge } from "./refusal.js";
import { createScanner, type EntryMeta, type ScanEnd } from "./scan.js";

/** A member of an archive. Offsets and sizes in bytes of the uncompressed archive. */
export interface Member {
  /** As `Entry.path`. */
  readonly path: string;
  readonly type: EntryType;
  /** Where its content starts. */
  readonly offset: number;
  readonly size: number;
  /** Of a link. */
  readonly linkpath?: string | undefined;
}

/** Members by path. */
export type Members = ReadonlyMap<string, Member>;

/** An archive that can be read anywhere. */
export interface ArchiveBytes {
  readonly size: number;
  /** The bytes from `position` on: as many as are asked for, or as there are. Valid until the next call. */
  read(position: number, length: number): Promise<Uint8Array>;
}

/** Members that an archive of images may have; the largest have some thousands. */
const MAX_MEMBERS = 100_000;
/** Bytes that are read at once: a header, its meta headers, and a small document. */
const WINDOW = 8 * 1024;
/** Bytes that may follow the end; writers pad with at most a megabyte of zeros. */
const MAX_PADDING = 1024 * 1024;

/** Gathers members, each once: readers differ on which of two they take. */
function createGatherer() {
  const members = new Map<string, Member>();
  return {
    members,
    entry({ path, type, size, linkpath }: Entry, { dataOffset, headerOffset }: EntryMeta): void {
      const before = members.get(path);
      if (before?.type === "directory" && type === "directory") return;
      if (before !== undefined) throw corruptTar(`a second member ${JSON.stringify(path.slice(0, 200))}`, headerOffset);
      if (members.size >= MAX_MEMBERS) throw tooLarge("the count of members", MAX_MEMBERS, members.size + 1);
      members.set(path, { path, type, offset: dataOffset, size, linkpath });
    },
  };
}

function checkEnd({ trailingData, size }: ScanEnd): void {
  if (trailingData) throw corruptTar("other bytes than zeros after the archive's end", size);
}

/**
 * Lists the members of an archive in a file, reading their headers and none of their contents.
 *
 * @throws {LadingError} as `createScanner`: `FORMAT` for what is no archive, `CORRUPT` for one that is damaged or cut off, that
 * has a member twice or bytes after its end, `UNSAFE_ENTRY` for a member whose path leads out of it or that lading does not
 * carry; `TOO_LARGE` for more than 100 000 members.
 */
export async function indexMembers(archive: ArchiveBytes, { signal }: IoOptions = {}): Promise<Members> {
  const gatherer = createGatherer();
  const scanner = createScanner(gatherer);
  let window: Uint8Array = new Uint8Array(0);
  let start = 0;
  for (let at = 0; at < archive.size; ) {
    signal?.throwIfAborted();
    if (at < start || at + BLOCK > start + window.byteLength) {
      window = await archive.read(at, WINDOW);
      start = at;
    }
    const block = window.subarray(at - start, at - start + BLOCK);
    if (block.byteLength === 0) break;
    scanner.write(block);
    at += block.byteLength + scanner.skip();
    if (scanner.ended) {
      await scanRest(archive, at, scanner.write);
      break;
    }
    if (at > archive.size) throw corruptTar("the end of the bytes in the middle of an entry", archive.size);
  }
  checkEnd(scanner.end());
  return gatherer.members;
}

/** What follows the end of the archive has to be zeros. */
async function scanRest(archive: ArchiveBytes, from: number, write: (chunk: Uint8Array) => void): Promise<void> {
  const rest = archive.size - from;
  if (rest > MAX_PADDING) throw tooLarge("what follows the archive's end, in bytes,", MAX_PADDING, rest);
  for (let at = from; at < archive.size; ) {
    const chunk = await archive.read(at, WINDOW);
    if (chunk.byteLength === 0) return;
    write(chunk);
    at += chunk.byteLength;
  }
}

/** Small contents that {@link scanMembers} keeps. */
export interface KeptContents {
  /** Contents by path. */
  readonly contents: Map<string, Buffer>;
  /** Bytes that a content may have to be kept, and all of them together. */
  readonly each: number;
  readonly all: number;
}

/** Lists the members of an archive that comes as a stream, and keeps small contents. Throws as {@link indexMembers}. */
export async function scanMembers(stream: ByteStream, kept: KeptContents, { signal }: IoOptions = {}) {
  const gatherer = createGatherer();
  let room = kept.all;
  let path = "";
  let pieces: Buffer[] | undefined;
  const scanner = createScanner({
    entry(entry, meta) {
      gatherer.entry(entry, meta);
      const keeps = entry.type === "file" && entry.size <= Math.min(kept.each, room);
      if (keeps) room -= entry.size;
      path = entry.path;
      pieces = keeps ? [] : undefined;
    },
    data: (chunk) => void pieces?.push(Buffer.from(chunk)),
    endEntry() {
      if (pieces !== undefined) kept.contents.set(path, Buffer.concat(pieces));
    },
  });
  for await (const chunk of stream) {
    signal?.throwIfAborted();
    scanner.write(chunk);
  }
  const end = scanner.end();
  checkEnd(end);
  return { members: gatherer.members, size: end.size };
}
