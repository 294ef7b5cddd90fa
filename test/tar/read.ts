import { type CleanOptions, type CleanResult, createCleanCheck } from "../../src/tar/clean.js";
import type { Entry } from "../../src/tar/entry.js";
import { createScanner, type EntryMeta, type ScanEnd } from "../../src/tar/scan.js";

export interface Scanned {
  readonly entries: readonly Entry[];
  readonly metas: readonly EntryMeta[];
  /** Content by place. */
  readonly contents: readonly string[];
  readonly end: ScanEnd;
}

/** Scans bytes in pieces of the given sizes, over and over; whole where there are none. */
export function scan(bytes: Uint8Array, sizes: readonly number[] = [bytes.length]): Scanned {
  const entries: Entry[] = [];
  const metas: EntryMeta[] = [];
  const contents: string[] = [];
  let current: Buffer[] = [];
  const scanner = createScanner({
    entry(entry, meta) {
      entries.push(entry);
      metas.push(meta);
    },
    data: (chunk) => current.push(Buffer.from(chunk)),
    endEntry() {
      contents.push(Buffer.concat(current).toString("latin1"));
      current = [];
    },
  });
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    scanner.write(bytes.subarray(at, at + size));
    at += size;
  }
  return { entries, metas, contents, end: scanner.end() };
}

/** Scans and checks bytes in one pass. */
export function check(bytes: Uint8Array, options?: CleanOptions): CleanResult {
  const clean = createCleanCheck(options);
  const scanner = createScanner({ entry: clean.entry });
  scanner.write(bytes);
  clean.end(scanner.end());
  return clean.result();
}
