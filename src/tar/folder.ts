/**
 * A folder of the file system as tar entries.
 *
 * What the entries say does not depend on the machine: owner 0:0, one time for all, files 0644 or 0755 by their owner's
 * executable bit, folders 0755, order by bytes. Symlinks are kept, never followed; files that are one inode become
 * hardlinks. Costs one lstat for each file and one readdir for each folder.
 *
 * @module
 */

import type { BigIntStats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { ioError, LadingError } from "../errors.js";
import type { IoOptions } from "../stream/bytes.js";
import { readFile } from "../stream/file.js";
import type { WriteEntry } from "./entry.js";
import type { Filter } from "./filter.js";
import { escapePath } from "./path.js";

export interface FolderOptions extends IoOptions {
  /** Whole seconds for every entry (0). */
  readonly mtime?: number | undefined;
  /** Which paths to take (all), judged by their text. */
  readonly filter?: Filter | undefined;
}

interface Walk extends FolderOptions {
  readonly root: Buffer;
  readonly entries: WriteEntry[];
  /** The first path of each inode that has several names. */
  readonly inodes: Map<string, string>;
}

const SLASH = Buffer.from("/");

function refuseKind(path: string, stats: BigIntStats): LadingError<"UNSAFE_ENTRY"> {
  const kind = stats.isFIFO() ? "a FIFO" : stats.isSocket() ? "a socket" : "a device";
  const shown = escapePath(path);
  const message = `Cannot take "${shown}" into a layer: it is ${kind}; remove it, or ignore it`;
  return new LadingError("UNSAFE_ENTRY", message, { path: shown, why: kind });
}

function fileEntry(walk: Walk, at: Buffer, path: string, stats: BigIntStats): WriteEntry {
  const mode = stats.mode & 0o100n ? 0o755 : 0o644;
  const common = { path, mode, uid: 0, gid: 0, mtime: walk.mtime ?? 0 };
  const inode = `${stats.dev}:${stats.ino}`;
  const first = stats.nlink > 1n ? walk.inodes.get(inode) : undefined;
  if (first !== undefined) return { ...common, type: "hardlink", size: 0, linkpath: first };
  if (stats.nlink > 1n) walk.inodes.set(inode, path);
  const open = () => readFile(at, { signal: walk.signal, noFollow: true });
  return { ...common, type: "file", size: Number(stats.size), open };
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

function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(":");
}

async function visit(walk: Walk, at: Buffer, path: string): Promise<void> {
  walk.signal?.throwIfAborted();
  const stats = await lstat(at, { bigint: true });
  const text = Buffer.from(path, "latin1").toString();
  const isTaken = path !== "" && walk.filter?.accepts(text, stats.isDirectory()) !== false;
  if (isTaken) walk.entries.push({ ...(await entryOf(walk, at, path, stats)), identity: identityOf(stats) });
  if (!stats.isDirectory() || walk.filter?.enters(text) === false) return;
  const names = await readdir(at, { encoding: "buffer" });
  for (const name of names.sort(Buffer.compare)) {
    const below = `${path === "" ? "" : `${path}/`}${name.toString("latin1")}`;
    await visit(walk, Buffer.concat([at, SLASH, name]), below);
  }
}

/**
 * Everything below a folder, itself left out, in the order of a depth-first walk by bytes.
 *
 * @param folder A path; a symlink to a folder is followed.
 * @returns Entries whose `open` reads the file then, and throws `CHANGED` when it is no longer what it was.
 * @throws {LadingError} `UNSAFE_ENTRY` for devices, sockets and FIFOs; `FORMAT` when it is no folder; `IO`.
 */
export async function readFolder(folder: string, options: FolderOptions = {}): Promise<readonly WriteEntry[]> {
  const root = Buffer.from(folder.replace(/\/+$/, "") || "/");
  const walk: Walk = { ...options, root, entries: [], inodes: new Map() };
  try {
    // A trailing slash makes lstat follow a symlink that was named by the user.
    await visit(walk, Buffer.concat([root, SLASH, Buffer.from(".")]), "");
  } catch (error) {
    throw ioError(error, "read the folder", folder);
  }
  return walk.entries;
}
