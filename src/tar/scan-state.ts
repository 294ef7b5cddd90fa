/**
 * What a scan of a tar archive keeps between two pieces of input.
 *
 * @module
 */

import type { Entry } from "./entry.js";
import { BLOCK, type Header, headerIn } from "./header.js";
import type { EntryMeta } from "./member.js";
import type { PaxRecords } from "./pax.js";

/** Who is told what, in archive order: `entry`, then its `data`, then `endEntry`. What they throw ends the scan. */
export interface ScanHandlers {
  entry?(entry: Entry, meta: EntryMeta): void;
  /** A piece of the current entry's content, at least one byte; valid until the handler returns. */
  data?(chunk: Uint8Array): void;
  /** The current entry is complete. Also called for entries without content. */
  endEntry?(): void;
}

export const NOTHING = Buffer.alloc(0);

/** What the next byte belongs to. */
export type Phase = "header" | "data" | "padding" | "meta" | "end";

/** The state of a scan. */
export interface State {
  readonly handlers: ScanHandlers;
  phase: Phase;
  /** What the chunk that is being read is a view of; to ask a chunk for it takes long. */
  buffer: ArrayBufferLike;
  bufferOffset: number;
  /** Bytes from the start of the archive to the next unread one. */
  offset: number;
  /** The header that is being read, or that was read last. */
  readonly header: Header;
  /** A header that came in pieces, and how much of it is there. */
  readonly pieces: Buffer;
  readonly piecesView: DataView;
  headerFilled: number;
  /** Bytes of content or meta that are still to come. */
  remaining: number;
  /** Bytes of padding that follow. */
  padding: number;
  /** The meta header that is being collected. */
  meta: Buffer;
  metaType: number;
  pax: PaxRecords | undefined;
  longName: string | undefined;
  longLink: string | undefined;
  global: PaxRecords | undefined;
  globalsInARow: number;
  globalHeaders: number;
  zeroBlocks: 0 | 1 | 2;
  trailingData: boolean;
  entries: number;
}

/** The state before the first byte. */
export function initialState(handlers: ScanHandlers): State {
  const pieces = Buffer.alloc(BLOCK);
  const header = headerIn(pieces);
  return {
    handlers,
    phase: "header",
    buffer: NOTHING.buffer,
    bufferOffset: 0,
    offset: 0,
    header,
    pieces,
    piecesView: header.view,
    headerFilled: 0,
    remaining: 0,
    padding: 0,
    meta: NOTHING,
    metaType: 0,
    pax: undefined,
    longName: undefined,
    longLink: undefined,
    global: undefined,
    globalsInARow: 0,
    globalHeaders: 0,
    zeroBlocks: 0,
    trailingData: false,
    entries: 0,
  };
}

// The engine settles what an object literal's fields hold at its second use, and drops the code that it compiled before. Used
// once here, they are settled when the first scan begins.
initialState({});
