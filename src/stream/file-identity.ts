/**
 * What tells one state of a file from another without reading it.
 *
 * @module
 */

import type { BigIntStats } from "node:fs";

/** Clock ticks: of kernels, and of file systems that keep whole seconds only (Lustre). */
const TICK_MS = 100;
const COARSE_TICK_MS = 2100;

/** Device, inode, size in bytes, mtime and ctime in ns, joined: different when the content may be. */
export function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(":");
}

/**
 * Did the file change so recently that a further change, within one tick of its file system's clock, might not show?
 *
 * @param identity As {@link identityOf} gives it.
 * @param now Milliseconds since 1970.
 */
export function isFresh(identity: string, now: number): boolean {
  const [mtime = "", ctime = ""] = identity.split(":").slice(-2);
  const isCoarse = [mtime, ctime].every((time) => time.endsWith("000000000"));
  return now - Number(ctime) / 1e6 < (isCoarse ? COARSE_TICK_MS : TICK_MS);
}
