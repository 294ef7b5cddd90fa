/**
 * A tar archive taken apart as its bytes go by: header blocks, content, and what stands between them.
 *
 * Every byte is handed on exactly once and in order, so that whoever joins the parts has the archive again.
 *
 * @module
 */

import { createBatch } from "./batch.js";
import type { Entry } from "./entry.js";
import { BLOCK } from "./header.js";
import { corruptTar, tooLarge } from "./refusal.js";
import { createScanner, type EntryMeta, type ScanEnd } from "./scan.js";

/** An entry and the blocks that say it, its meta headers first. `blocks` is valid until the handler returns. */
export interface SplitHeader {
  readonly entry: Entry;
  readonly meta: EntryMeta;
  readonly blocks: Buffer;
}

/** Who is told what, in archive order. Bytes are valid until the handler returns. */
export interface SplitHandlers {
  header(header: SplitHeader): void;
  /** A piece of the current entry's content, at least one byte. */
  data(chunk: Uint8Array): void;
  /** The current entry's content is complete. Also called for entries without content. */
  endEntry(): void;
  /** Fills the last entry's content up to a whole block; 1 to 511 bytes, before the next header or the tail. */
  padding(bytes: Uint8Array): void;
  /** What closes the archive, in pieces of whole blocks but for the last. Not called where there is nothing. */
  tail(bytes: Uint8Array): void;
}

export interface Splitter {
  /** The next bytes. */
  write(chunk: Uint8Array): void;
  /** There are no more. */
  end(): ScanEnd;
}

/** Bytes that are looked at in one go. */
const PIECE = 64 * 1024;
/** Bytes that may stand between two entries' contents: two long names and the largest extended header, with room. */
const MAX_BETWEEN = 4 * 1024 * 1024;

/**
 * A splitter that calls `handlers` while bytes are written to it.
 *
 * `write()` throws as `createScanner()` does, and {@link LadingError} `TOO_LARGE` for headers of over 4 MiB; `end()` throws
 * `CORRUPT` also for bytes other than zeros after the archive.
 */
export function createSplitter(handlers: SplitHandlers): Splitter {
  const between = createBatch(PIECE);
  let piece: Uint8Array = Buffer.alloc(0);
  let pieceStart = 0;
  let handed = 0;
  let padding = 0;
  let hasTail = false;

  const gather = (end: number): void => {
    if (end > handed) between.append(piece.subarray(handed - pieceStart, end - pieceStart));
    handed = end;
  };
  const takeBetween = (): Buffer => {
    const bytes = Buffer.from(between.flush());
    if (padding > 0) handlers.padding(bytes.subarray(0, padding));
    const rest = bytes.subarray(padding);
    padding = 0;
    return rest;
  };
  /** So many bytes without an entry are the end of the archive. The last of them wait, so that no piece is a part of a block. */
  const takeTail = (): void => {
    const bytes = takeBetween();
    const count = Math.floor((bytes.length - PIECE) / BLOCK) * BLOCK;
    handlers.tail(bytes.subarray(0, count));
    between.append(bytes.subarray(count));
    hasTail = true;
  };
  const scanner = createScanner({
    entry(entry, meta) {
      gather(meta.dataOffset);
      if (hasTail) throw tooLarge("the headers of an entry, in bytes,", MAX_BETWEEN, between.length + MAX_BETWEEN);
      const blocks = takeBetween();
      handlers.header({ entry, meta, blocks });
      padding = (BLOCK - (entry.size % BLOCK)) % BLOCK;
    },
    data(chunk) {
      handed += chunk.byteLength;
      handlers.data(chunk);
    },
    endEntry: () => handlers.endEntry(),
  });
  return {
    write(chunk) {
      for (let at = 0; at < chunk.byteLength; at += PIECE) {
        piece = chunk.subarray(at, at + PIECE);
        scanner.write(piece);
        gather(pieceStart + piece.byteLength);
        pieceStart += piece.byteLength;
        if (between.length > MAX_BETWEEN) takeTail();
      }
    },
    end() {
      const end = scanner.end();
      if (end.trailingData) throw corruptTar("bytes other than zeros after the end of the archive", end.size);
      const rest = takeBetween();
      if (rest.length > 0) handlers.tail(rest);
      return end;
    },
  };
}
