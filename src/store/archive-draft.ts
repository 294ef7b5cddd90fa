/**
 * An archive that is being written: a temporary file beside its destination, which takes its name when it is whole.
 *
 * @module
 */

import { dirname } from "node:path";
import { ioError, LadingError } from "../errors.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { blocks, encodeHeader } from "../tar/encode.js";
import type { Entry } from "../tar/entry.js";
import { readHandle } from "./archive-file.js";
import { createTemporaryFile, syncFolder, type TemporaryFile } from "./write-file.js";

/** A member's place in the draft. Offsets and sizes in bytes. */
export interface Region {
  readonly path: string;
  readonly offset: number;
  readonly size: number;
}

/** A member that is yet to be written. */
export interface NewMember {
  readonly path: string;
  readonly size: number;
  open(): ByteStream;
}

/** Members lie in the order in which their places were reserved, whenever their contents come. */
export interface Draft {
  /** Reserves a place for a member of that size. */
  reserve(path: string, size: number): Region;
  /** Fills a place. Where it throws, the place is to be given up. */
  fill(region: Region, content: ByteStream, options: IoOptions): Promise<void>;
  /** Leaves a place out of the archive. */
  giveUp(region: Region): void;
  /** The content of a place that was filled. */
  open(region: Region, options?: IoOptions): ByteStream;
  /**
   * Adds members, ends the archive, and gives it its name, all on disk.
   *
   * @param check Runs before it takes its name; what it throws keeps the destination, and the draft, as they were.
   */
  finish(destination: string, members: readonly NewMember[], check: () => Promise<void>, io: IoOptions): Promise<void>;
  discard(): Promise<void>;
}

const FILE = { type: "file", mode: 0o644, uid: 0, gid: 0, mtime: 0 } as const;
const FOLDER = { ...FILE, type: "directory", mode: 0o755, size: 0 } as const;
/** Folders of every archive, so that naive unpackers find them. */
const FOLDERS: readonly Entry[] = ["blobs", "blobs/sha256"].map((path) => ({ ...FOLDER, path }));
const BLOCK = 512;

const headerOf = ({ path, size }: { readonly path: string; readonly size: number }) =>
  encodeHeader({ ...FILE, path, size });

async function write(file: TemporaryFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    at += (await file.handle.write(bytes, at, bytes.byteLength - at, position + at)).bytesWritten;
  }
}

function changed(path: string): LadingError<"CHANGED"> {
  return new LadingError("CHANGED", `Cannot write "${path}": it has another size than was said; try again`, { path });
}

/** Starts a draft in the folder of its destination. */
export async function createDraft(destination: string): Promise<Draft> {
  const file = await createTemporaryFile(dirname(destination));
  try {
    return createDraftIn(file, await writeFolders(file));
  } catch (error) {
    await file.discard();
    throw ioError(error, "write", destination);
  }
}

async function writeFolders(file: TemporaryFile): Promise<number> {
  const bytes = Buffer.concat(FOLDERS.map(encodeHeader));
  await write(file, bytes, 0);
  return bytes.byteLength;
}

function createDraftIn(file: TemporaryFile, start: number): Draft {
  let end = start;
  const regions = new Set<Region>();
  let hasHoles = false;

  function reserve(path: string, size: number): Region {
    const region = { path, size, offset: end + headerOf({ path, size }).byteLength };
    end = region.offset + blocks(size);
    regions.add(region);
    return region;
  }

  async function fill(region: Region, content: ByteStream, { signal }: IoOptions): Promise<void> {
    const header = headerOf(region);
    await write(file, header, region.offset - header.byteLength);
    let at = 0;
    for await (const chunk of content) {
      signal?.throwIfAborted();
      if (at + chunk.byteLength > region.size) throw changed(region.path);
      await write(file, chunk, region.offset + at);
      at += chunk.byteLength;
    }
    signal?.throwIfAborted();
    if (at < region.size) throw changed(region.path);
    // Places may be filled out of order, so what a file system leaves between them is not counted on.
    await write(file, Buffer.alloc(blocks(region.size) - region.size), region.offset + region.size);
  }

  function giveUp(region: Region): void {
    regions.delete(region);
    if (region.offset + blocks(region.size) === end) end = region.offset - headerOf(region).byteLength;
    else hasHoles = true;
  }

  const open = (region: Region, io: IoOptions = {}) =>
    readHandle(file.handle, file.path, region.offset, region.size, io);

  /** A new draft without holes. */
  async function close(destination: string, io: IoOptions): Promise<Draft> {
    const next = await createDraft(destination);
    try {
      for (const region of regions) await next.fill(next.reserve(region.path, region.size), open(region, io), io);
    } catch (error) {
      await next.discard();
      throw error;
    }
    return next;
  }

  const finish: Draft["finish"] = async (destination, members, check, io) => {
    if (hasHoles) {
      const next = await close(destination, io);
      await next.finish(destination, members, check, io).finally(() => next.discard());
      return;
    }
    const added: Region[] = [];
    try {
      for (const { path, size, open } of members) {
        const region = reserve(path, size);
        added.unshift(region);
        await fill(region, open(), io);
      }
      await write(file, Buffer.alloc(2 * BLOCK), end);
      await file.handle.truncate(end + 2 * BLOCK);
      // Long before the name is taken, so that what is checked then still holds when it is.
      await file.handle.sync().catch(() => {});
      await check();
    } catch (error) {
      for (const region of added) giveUp(region);
      throw ioError(error, "write", destination);
    }
    await file.commit(destination);
    await syncFolder(dirname(destination));
  };

  return { reserve, fill, giveUp, open, finish, discard: () => file.discard() };
}
