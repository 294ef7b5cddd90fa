/**
 * A folder of the file system as tar entries.
 *
 * What the entries say does not depend on the machine: owner 0:0, one time for all, files 0644 or 0755 by their owner's
 * executable bit, folders 0755, order by bytes. Symlinks are kept, never followed; files that are one inode become
 * hardlinks. Costs one lstat for each file and one readdir for each folder; reading a file costs another lstat.
 *
 * @module
 */

import type { BigIntStats } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { ioError, isLadingError, LadingError } from "../errors.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { readFile } from "../stream/file.js";
import { identityOf } from "../stream/file-identity.js";
import type { WriteEntry } from "./entry.js";
import type { Filter } from "./filter.js";
import { escapePath } from "./path.js";

export interface FolderOptions extends IoOptions {
  /** Whole seconds for every entry (0). */
  readonly mtime?: number | undefined;
  /** Which paths to take (all), judged by their text. */
  readonly filter?: Filter | undefined;
  /** Is this path left out afterwards? What a layer cannot hold is passed over then, and not refused (no). */
  readonly isLeftOut?: ((path: string) => boolean) | undefined;
}

interface Walk extends FolderOptions {
  readonly entries: WriteEntry[];
  /** The first path of each inode that has several names. */
  readonly inodes: Map<string, string>;
}

/** What can be done about a file that a layer cannot hold. */
const LEAVE_OUT = "ignore it (--exclude, or ignore in a recipe)";
const SLASH = Buffer.from("/");
/** Bytes from which a file's holes count. */
const HOLES_FLOOR = 1024n ** 3n;
/** How many times larger than its room on disk a file may be, as an archive may be larger than what it is compressed to. */
const HOLES_RATIO = 500n;

function refuseKind(path: string, stats: BigIntStats): LadingError<"UNSAFE_ENTRY"> {
  const kind = stats.isFIFO() ? "a FIFO" : stats.isSocket() ? "a socket" : "a device";
  const shown = escapePath(path);
  const message = `Cannot take "${shown}" into a layer: it is ${kind}; remove it, or ${LEAVE_OUT}`;
  return new LadingError("UNSAFE_ENTRY", message, { path: shown, why: kind });
}

/** A file that is all holes is a bomb as an archive of zeros is one: reading it takes for ever and gives nothing. */
function checkHoles(path: string, { size, blocks }: BigIntStats): void {
  if (size <= HOLES_FLOOR || size <= blocks * 512n * HOLES_RATIO) return;
  const shown = escapePath(path);
  const message = `Cannot take "${shown}" into a layer: it has ${size} bytes and is more than ${HOLES_RATIO} times as large as its room on disk; ${LEAVE_OUT}, or fill it (cp --sparse=never)`;
  throw new LadingError("TOO_LARGE", message, { what: shown, limit: Number(HOLES_FLOOR), actual: Number(size) });
}

function fileEntry(walk: Walk, at: Buffer, path: string, stats: BigIntStats): WriteEntry {
  checkHoles(path, stats);
  const mode = stats.mode & 0o100n ? 0o755 : 0o644;
  const common = { path, mode, uid: 0, gid: 0, mtime: walk.mtime ?? 0 };
  const inode = `${stats.dev}:${stats.ino}`;
  const first = stats.nlink > 1n ? walk.inodes.get(inode) : undefined;
  if (first !== undefined) return { ...common, type: "hardlink", size: 0, linkpath: first };
  if (stats.nlink > 1n) walk.inodes.set(inode, path);
  const open = () => readUnchanged(at, identityOf(stats), walk.signal);
  return { ...common, type: "file", size: Number(stats.size), open };
}

/** Reads the file that was found on the walk, and no later state of it: its identity stands for what is read here. */
async function* readUnchanged(at: Buffer, identity: string, signal: AbortSignal | undefined): ByteStream {
  yield* readFile(at, { signal, noFollow: true });
  const now = await lstat(at, { bigint: true }).catch(() => undefined);
  if (now !== undefined && identityOf(now) === identity) return;
  const path = at.toString();
  const message = `Cannot read "${path}": it changed while the folder was read; try again once nothing writes to it`;
  throw new LadingError("CHANGED", message, { path });
}

async function entryOf(walk: Walk, at: Buffer, path: string, stats: BigIntStats): Promise<WriteEntry> {
  const common = { path, uid: 0, gid: 0, mtime: walk.mtime ?? 0, size: 0 };
  if (stats.isDirectory()) return { ...common, type: "directory", mode: 0o755 };
  if (stats.isSymbolicLink()) {
    const target = await readlink(at, { encoding: "buffer" });
    return { ...common, type: "symlink", mode: 0o777, linkpath: target.toString("latin1") };
  }
  if (stats.isFile()) return fileEntry(walk, at, path, stats);
  throw refuseKind(path, stats);
}

/** The entry; undefined for what would be refused and is left out afterwards. */
async function takenEntry(walk: Walk, at: Buffer, path: string, stats: BigIntStats, text: string) {
  try {
    return await entryOf(walk, at, path, stats);
  } catch (error) {
    if (isLadingError(error) && walk.isLeftOut?.(text)) return undefined;
    throw error;
  }
}

async function visit(walk: Walk, at: Buffer, path: string): Promise<void> {
  walk.signal?.throwIfAborted();
  const stats = await lstat(at, { bigint: true });
  const text = Buffer.from(path, "latin1").toString();
  const isTaken = walk.filter?.accepts(text, stats.isDirectory()) !== false;
  const entry = isTaken ? await takenEntry(walk, at, path, stats, text) : undefined;
  if (entry !== undefined) walk.entries.push({ ...entry, identity: identityOf(stats) });
  if (stats.isDirectory() && walk.filter?.enters(text) !== false) await visitBelow(walk, at, `${path}/`);
}

async function visitBelow(walk: Walk, at: Buffer, prefix: string): Promise<void> {
  const names = await readdir(at, { encoding: "buffer" });
  for (const name of names.sort(Buffer.compare)) {
    await visit(walk, Buffer.concat([at, SLASH, name]), prefix + name.toString("latin1"));
  }
}

/**
 * Everything below a folder, itself left out, in the order of a depth-first walk by bytes.
 *
 * @param folder A path; a symlink to a folder is followed.
 * @returns Entries whose `open` reads the file then, and throws `CHANGED` when it is no longer what it was.
 * @throws {LadingError} `UNSAFE_ENTRY` for devices, sockets and FIFOs; `TOO_LARGE` for a file over 1 GiB that is nearly all
 * holes; `FORMAT` when it is no folder; `IO`.
 */
export async function readFolder(folder: string, options: FolderOptions = {}): Promise<readonly WriteEntry[]> {
  const walk: Walk = { ...options, entries: [], inodes: new Map() };
  try {
    if (!(await stat(folder)).isDirectory()) {
      const message = `Cannot read the folder "${folder}": it is a file, expected a folder`;
      throw new LadingError("FORMAT", message, { wanted: "folder", found: "file", path: folder });
    }
    await visitBelow(walk, Buffer.from(folder.replace(/(?<=.)\/+$/s, "")), "");
  } catch (error) {
    throw ioError(error, "read the folder", folder);
  }
  return walk.entries;
}
