/**
 * Rewriting an archive that is not clean, in one pass and without unpacking it.
 *
 * @module
 */

import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { type Batch, createBatch } from "./batch.js";
import { isOwner } from "./clean.js";
import { writeHeader } from "./encode.js";
import type { Entry } from "./entry.js";
import { BLOCK } from "./header.js";
import { createScanner, type ScanHandlers } from "./scan.js";

/** Bytes of input that are worked on at a time; the output of each piece is about as large. */
const PIECE = 256 * 1024;

export interface RewriteOptions extends IoOptions {
  /** The places, from 0 and ascending, of entries to leave out: `CleanResult.dropped` of a pass over the same archive. */
  readonly dropped?: readonly number[];
  /**
   * Gives what an entry becomes, or undefined to leave it out. It is called for every entry that is not dropped, in order,
   * after owners are set right. It keeps type and size, and sees to it that paths stay unique and hard links have targets.
   */
  readonly map?: (entry: Entry) => Entry | undefined;
}

/**
 * The same entries in the same order, in lading's own form (`encode.ts`).
 *
 * Owners outside 0 to 65535 become 0:0, global headers are merged into each entry, user and group names and times below a
 * second go away. Modes with their setuid bits and extended attributes stay. What `createCleanCheck()` accepts becomes clean
 * by its own measure when its `dropped` is given here.
 *
 * @throws {LadingError} as `createScanner()`, and what the stream throws.
 * @throws {RangeError} when `map` changes a type or a size.
 */
export async function* rewriteTar(stream: ByteStream, options: RewriteOptions = {}): AsyncGenerator<Uint8Array> {
  const batch = createBatch(PIECE + PIECE / 4);
  const scanner = createScanner(rewriting(batch, options));
  for await (const chunk of stream) {
    options.signal?.throwIfAborted();
    for (let at = 0; at < chunk.byteLength; at += PIECE) {
      scanner.write(chunk.subarray(at, at + PIECE));
      if (batch.length > 0) yield batch.flush();
    }
  }
  scanner.end();
  batch.pad(2 * BLOCK);
  yield batch.flush();
}

function rewriting(batch: Batch, { dropped = [], map }: RewriteOptions): ScanHandlers {
  let ordinal = 0;
  let nextDropped = 0;
  let keep = false;
  let size = 0;
  return {
    entry(entry) {
      const isDropped = dropped[nextDropped] === ordinal++;
      if (isDropped) nextDropped++;
      const kept = isDropped ? undefined : mapped(owned(entry), map);
      keep = kept !== undefined;
      size = entry.size;
      if (kept !== undefined) writeHeader(kept, batch);
    },
    data(chunk) {
      if (keep) batch.append(chunk);
    },
    endEntry() {
      if (keep) batch.pad((BLOCK - (size % BLOCK)) % BLOCK);
    },
  };
}

/** Either number alone would leave a file to somebody whom nobody meant. */
function owned(entry: Entry): Entry {
  return isOwner(entry.uid) && isOwner(entry.gid) ? entry : { ...entry, uid: 0, gid: 0 };
}

function mapped(entry: Entry, map: RewriteOptions["map"]): Entry | undefined {
  const result = map === undefined ? entry : map(entry);
  if (result !== undefined && (result.size !== entry.size || result.type !== entry.type)) {
    throw new RangeError(`A map may not change type or size, as of ${JSON.stringify(entry.path)}`);
  }
  return result;
}
