/**
 * Taking records out of a cache folder.
 *
 * @module
 */

import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { mapConcurrent } from "../stream/pool.js";

/** Records that are read at once. */
const READS = 8;
const DIGESTS = /sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}/g;

/**
 * Removes the records that mention one of these digests. A record that cannot be read or removed stays: it may be lost at any
 * time, and need not.
 *
 * @param dryRun Only count them.
 * @returns Their count and bytes.
 */
export async function pruneRecords(
  folder: string,
  digests: ReadonlySet<string>,
  dryRun: boolean,
): Promise<{ readonly count: number; readonly bytes: number }> {
  const total = { count: 0, bytes: 0 };
  const names = await readdir(folder).catch(() => []);
  await mapConcurrent(names, READS, async (name) => {
    const path = join(folder, name);
    const text = await readFile(path, "latin1").catch(() => "");
    if (![...text.matchAll(DIGESTS)].some(([digest]) => digests.has(digest))) return;
    if (!dryRun) await rm(path, { force: true }).catch(() => {});
    total.count++;
    total.bytes += text.length;
  });
  return total;
}
