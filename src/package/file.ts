/**
 * Opening a file that may be a package.
 *
 * @module
 */

import { type BigIntStats, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { ioError, LadingError } from "../errors.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { HEAD_SIZE } from "../stream/detect.js";
import { readFile } from "../stream/file.js";
import { identityOf } from "../stream/file-identity.js";
import type { PackageFile } from "./package.js";

/** What tells one state of a file from another. */
export interface FileIdentity {
  /** Device, inode, size in bytes, mtime and ctime in ns, joined: different when the content may be. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * The identity of the file that a path names, symlinks followed; with `blocking`, asked for in the caller's thread. Throws
 * `IO`, and `FORMAT` for what is no regular file.
 */
export async function identifyFile(path: string, blocking = false): Promise<FileIdentity> {
  let stats: BigIntStats;
  try {
    stats = blocking ? statSync(path, { bigint: true }) : await stat(path, { bigint: true });
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
  /** Read in the caller's thread: for threads that have nothing else to do (false). */
  readonly blocking?: boolean | undefined;
}

/**
 * Opens a file as a {@link PackageFile}. Every reading of it throws `CHANGED` when it is no longer the file that was opened.
 */
export async function openPackageFile(path: string, options: OpenFileOptions = {}): Promise<PackageFile> {
  const found = await identifyFile(path, options.blocking);
  const identity = { ...found, key: options.identity ?? found.key };
  async function checkUnchanged(): Promise<void> {
    const now = await identifyFile(path, options.blocking).catch(() => undefined);
    if (now?.key === identity.key) return;
    throw new LadingError("CHANGED", `Cannot read "${path}": it changed meanwhile; run again when it is complete`, {
      path,
    });
  }
  const read: PackageFile["read"] = async function* (range = {}) {
    await checkUnchanged();
    yield* readFile(path, { ...range, blocking: options.blocking });
    await checkUnchanged();
  };
  const head = await collect(
    read({ signal: options.signal, end: Math.min(HEAD_SIZE, identity.size) }),
    HEAD_SIZE,
    path,
  );
  return { path, head, size: identity.size, identity: identity.key, read };
}
