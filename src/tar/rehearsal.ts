/**
 * Reading a few small archives before the first large one.
 *
 * The engine compiles functions for the ways through them that it has seen. Where another one is taken, as at the end of an
 * archive, in the first header of the next, or by a caller with handlers of its own, it drops what it compiled and starts
 * over, which costs as much as reading thousands of entries. So all usual ways are gone before it compiles anything.
 *
 * @module
 */

import { encodeHeader } from "./encode.js";
import type { Entry } from "./entry.js";
import type { ScanHandlers, Scanner } from "./scan.js";

/** The engine begins to remember which ways are gone at about the eighth call; most functions are called several times in each. */
const TIMES = 6;

const COMMON = { mode: 0o644, uid: 0, gid: 0, mtime: 1, size: 0 } as const;
const CONTENT = Buffer.alloc(512);

/** One of each kind that is common, in blocks of 512 bytes. */
function sample(): Buffer {
  const deep = `${"d".repeat(60)}/${"f".repeat(60)}`;
  const entries: readonly Entry[] = [
    { ...COMMON, path: "", type: "directory", mode: 0o755 },
    { ...COMMON, path: "a", type: "directory", mode: 0o755 },
    { ...COMMON, path: "a/f", type: "file", size: 300 },
    { ...COMMON, path: "a/g", type: "file", size: 512, mtime: 2 },
    { ...COMMON, path: "a/empty", type: "file" },
    { ...COMMON, path: "a/s", type: "symlink", linkpath: "f" },
    { ...COMMON, path: "a/h", type: "hardlink", linkpath: "a/f" },
    { ...COMMON, path: deep, type: "file", mode: 0o755 },
    { ...COMMON, path: `${deep}/${deep}`, type: "file" },
  ];
  const parts = entries.flatMap((entry) => [encodeHeader(entry), ...(entry.size > 0 ? [CONTENT] : [])]);
  return Buffer.concat([...parts, CONTENT, CONTENT]);
}

/** Reads samples by scanners that `create` makes. */
export function rehearse(create: (handlers: ScanHandlers) => Scanner): void {
  const bytes = sample();
  for (let time = 0; time < TIMES; time++) {
    // Of its own each time: the engine is not to take one handler for the only one.
    const scanner = create({ entry: () => {}, data: () => {}, endEntry: () => {} });
    const piece = time % 2 === 0 ? bytes.length : 700;
    for (let at = 0; at < bytes.length; at += piece) scanner.write(bytes.subarray(at, at + piece));
    scanner.end();
  }
}
