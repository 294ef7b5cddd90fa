/**
 * Reads of one file, made directly as long as that is quick.
 *
 * The pool costs two changes of threads a read, and its bytes are in another processor's cache. A file that the system has in
 * memory needs none of that; one that comes from a disk or a server must not keep a caller's thread.
 *
 * @module
 */

import { readSync } from "node:fs";
import type { OpenFile } from "./files.js";

/** Milliseconds in which a read that had to wait for nothing is done. */
const QUICK_MS = 2;
/** Reads at most that a slow one leaves to the pool. */
const MOST_TO_POOL = 64;

/** The file's `read`, which goes to the pool at first, which for a small file is all, and then as often as slow reads say. */
export function quickReads(file: OpenFile): OpenFile["read"] {
  let toPool = 1;
  let penalty = 1;
  return async (buffer, offset, length, position) => {
    if (toPool-- > 0) return await file.read(buffer, offset, length, position);
    const since = Date.now();
    const bytesRead = readSync(file.fd, buffer, offset, length, position);
    // One slow read may be a busy machine's; several are a slow disk's.
    penalty = Date.now() - since < QUICK_MS ? 1 : Math.min(penalty * 2, MOST_TO_POOL);
    toPool = penalty - 1;
    return { bytesRead };
  };
}
