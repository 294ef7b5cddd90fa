/**
 * Opening a file that may be a package.
 *
 * @module
 */

import type { BigIntStats } from "node:fs";
import { ioError, LadingError } from "../errors.js";
import { type ByteStream, collect, fromBytes, type IoOptions } from "../stream/bytes.js";
import { HEAD_SIZE } from "../stream/detect.js";
import { type ReadFileOptions, readFile } from "../stream/file.js";
import { identityOf } from "../stream/file-identity.js";
import { files } from "../stream/files.js";
import type { PackageFile } from "./package.js";

/** Bytes of a file that is read whole when it is opened. */
const SMALL = 64 * 1024;

/** What tells one state of a file from another. */
export interface FileIdentity {
  /** Device, inode, size in bytes, mtime and ctime in ns, joined: different when the content may be. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

/** The identity of the file that a path names, symlinks followed. Throws `IO`, and `FORMAT` for what is no regular file. */
export async function identifyFile(path: string): Promise<FileIdentity> {
  let stats: BigIntStats;
  try {
    stats = await files.stat(path, { bigint: true });
  } catch (error) {
    throw ioError(error, "read", path);
  }
  if (!stats.isFile()) {
    const found = stats.isDirectory() ? "a folder" : "not a regular file";
    throw new LadingError("FORMAT", `Cannot read "${path}": it is ${found}, wanted a file`, {
      wanted: "file",
      found,
      path,
    });
  }
  return { key: identityOf(stats), size: Number(stats.size) };
}

export interface OpenFileOptions extends IoOptions {
  /** The identity that the file is to have still (the one that it has now). */
  readonly identity?: string | undefined;
}

/** Throws `CHANGED` where the file is not the one of that identity any more. */
export async function checkIdentity(path: string, key: string): Promise<void> {
  const now = await identifyFile(path).catch(() => undefined);
  if (now?.key === key) return;
  const message = `Cannot read "${path}": it changed meanwhile; run again when it is complete`;
  throw new LadingError("CHANGED", message, { path });
}

/**
 * Opens a file as a {@link PackageFile}. Every reading of it throws `CHANGED` when it is no longer the file that was opened; one
 * of at most 64 KiB is read when it is opened, and stays what it was.
 */
export async function openPackageFile(path: string, options: OpenFileOptions = {}): Promise<PackageFile> {
  const found = await identifyFile(path);
  const identity = { ...found, key: options.identity ?? found.key };
  const checkUnchanged = () => checkIdentity(path, identity.key);
  const read: PackageFile["read"] = async function* (range = {}) {
    await checkUnchanged();
    yield* readFile(path, range);
    await checkUnchanged();
  };
  const { signal } = options;
  const { size, key } = identity;
  if (size > SMALL) {
    const head = await collect(read({ signal, end: HEAD_SIZE }), HEAD_SIZE, path);
    return { path, head, size, identity: key, read };
  }
  const whole = await collect(read({ signal, end: size }), SMALL, path);
  const head = whole.subarray(0, HEAD_SIZE);
  return { path, head, size, identity: key, read: (range = {}) => readBytes(whole, range) };
}

/** A small file is read once, and is then what it was. */
async function* readBytes(whole: Buffer, { start = 0, end = whole.length, signal }: ReadFileOptions): ByteStream {
  signal?.throwIfAborted();
  yield* fromBytes(whole.subarray(start, end));
}
