/**
 * Reading a tar archive in one pass, as its bytes go by.
 *
 * The scanner is pushed, not pulled, so that it can sit in any pass over the bytes; it keeps one header and the meta headers
 * of one entry, and never copies or keeps content.
 *
 * @module
 */

import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { BLOCK, checkNumbers, headerSize, isHeader, isZeroBlock } from "./header.js";
import { decodeMember, type PendingMeta } from "./member.js";
import { decodePax, MAX_PAX, type PaxRecords } from "./pax.js";
import { corruptTar, notTar, tooLarge, unsafeEntry } from "./refusal.js";
import { rehearse } from "./rehearsal.js";
import { initialState, NOTHING, type ScanHandlers, type State } from "./scan-state.js";

export type { EntryMeta } from "./member.js";
export type { ScanHandlers } from "./scan-state.js";

/** How the archive ended. */
export interface ScanEnd {
  /** Zero blocks that closed the archive; 2 as it should be. */
  readonly endBlocks: 0 | 1 | 2;
  /** Were there bytes other than zeros after the end? */
  readonly trailingData: boolean;
  /** Count of global extended headers. */
  readonly globalHeaders: number;
  /** Count of entries. */
  readonly entries: number;
  /** Bytes of the archive, what follows its end included. */
  readonly size: number;
}

export interface Scanner {
  /** The next bytes. */
  write(chunk: Uint8Array): void;
  /** Leaves out what is to come of the current entry's content and padding, of which nobody is told; gives its bytes. */
  skip(): number;
  /** Has the archive ended? What follows has to be zeros. */
  readonly ended: boolean;
  /** There are no more. */
  end(): ScanEnd;
}

/** Entries after which an archive is not a small one, whose reading would end before compiled code is there. */
const REHEARSE_AT = 64;
let isRehearsed = false;

/** Names in GNU long headers: as long as a path may be, and room for padding. */
const MAX_LONG_NAME = 8192;
/** Global headers in a row; one is usual. */
const MAX_GLOBALS_IN_A_ROW = 64;

const GLOBAL = 0x67;
const LOCAL = 0x78;
const LONG_NAME = 0x4c;
const LONG_LINK = 0x4b;

/**
 * A scanner that calls `handlers` while bytes are written to it.
 *
 * Read are ustar, pax, GNU, star and v7 headers. `write()` throws {@link LadingError} `CORRUPT` with the offset for damage
 * and for what readers are known to read differently, `UNSAFE_ENTRY` for an entry that lading does not carry, `TOO_LARGE`
 * for a path or a meta header over its limit, and `FORMAT` for what is no tar archive at all; `end()` throws `CORRUPT` for
 * an archive that is cut off, and `FORMAT` for an empty one. After an error the scanner is of no more use.
 */
export function createScanner(handlers: ScanHandlers): Scanner {
  const state = initialState(handlers);
  return {
    write: (chunk) => consume(state, Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)),
    skip: () => skipContent(state),
    get ended() {
      return state.phase === "end";
    },
    end: () => finish(state),
  };
}

/** Scans a whole stream. Throws as {@link createScanner} does, and what the stream throws. */
export async function scanTar(
  stream: ByteStream,
  handlers: ScanHandlers,
  { signal }: IoOptions = {},
): Promise<ScanEnd> {
  const scanner = createScanner(handlers);
  for await (const chunk of stream) {
    signal?.throwIfAborted();
    scanner.write(chunk);
  }
  return scanner.end();
}

function consume(state: State, chunk: Buffer): void {
  const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (!isRehearsed && state.entries >= REHEARSE_AT) {
    isRehearsed = true;
    rehearse(createScanner);
  }
  state.buffer = chunk.buffer;
  state.bufferOffset = chunk.byteOffset;
  let at = 0;
  while (at < chunk.length) {
    const used = step(state, chunk, view, at);
    at += used;
    state.offset += used;
  }
}

function skipContent(state: State): number {
  if (state.phase !== "data" && state.phase !== "padding") return 0;
  const count = state.remaining + state.padding;
  if (state.phase === "data") state.handlers.endEntry?.();
  state.offset += count;
  state.remaining = 0;
  state.padding = 0;
  state.phase = "header";
  return count;
}

/** Takes what the current phase wants of the chunk from `at`; gives the count of bytes taken. */
function step(state: State, chunk: Buffer, view: DataView, at: number): number {
  switch (state.phase) {
    case "header":
      return stepHeader(state, chunk, view, at);
    case "data":
      return stepData(state, chunk, at);
    case "meta":
      return stepMeta(state, chunk, at);
    case "padding":
      return stepPadding(state, chunk, at);
    case "end":
      return stepEnd(state, chunk, at);
  }
}

function stepHeader(state: State, chunk: Buffer, view: DataView, at: number): number {
  if (state.headerFilled === 0 && chunk.length - at >= BLOCK) {
    takeHeader(state, chunk, view, at, state.offset);
    return BLOCK;
  }
  const { pieces, piecesView, headerFilled } = state;
  const count = chunk.copy(pieces, headerFilled, at, Math.min(chunk.length, at + BLOCK - headerFilled));
  state.headerFilled += count;
  if (state.headerFilled === BLOCK) {
    state.headerFilled = 0;
    takeHeader(state, pieces, piecesView, 0, state.offset + count - BLOCK);
  }
  return count;
}

function stepData(state: State, chunk: Buffer, at: number): number {
  const count = Math.min(state.remaining, chunk.length - at);
  // A plain view: a Buffer takes twice as long to make.
  state.handlers.data?.(new Uint8Array(state.buffer, state.bufferOffset + at, count));
  state.remaining -= count;
  if (state.remaining > 0) return count;
  state.phase = "padding";
  state.handlers.endEntry?.();
  return count + stepPadding(state, chunk, at + count);
}

function stepMeta(state: State, chunk: Buffer, at: number): number {
  const count = Math.min(state.remaining, chunk.length - at);
  chunk.copy(state.meta, state.meta.length - state.remaining, at, at + count);
  state.remaining -= count;
  if (state.remaining === 0) {
    state.phase = state.padding > 0 ? "padding" : "header";
    takeMeta(state, state.meta, state.offset + count - state.meta.length);
    state.meta = NOTHING;
  }
  return count;
}

function stepPadding(state: State, chunk: Buffer, at: number): number {
  const count = Math.min(state.padding, chunk.length - at);
  state.padding -= count;
  if (state.padding === 0) state.phase = "header";
  return count;
}

function stepEnd(state: State, chunk: Buffer, at: number): number {
  for (let index = at; index < chunk.length && !state.trailingData; index++) {
    if (chunk[index] !== 0) state.trailingData = true;
  }
  return chunk.length - at;
}

function takeHeader(state: State, bytes: Buffer, view: DataView, start: number, offset: number): void {
  const { header } = state;
  header.bytes = bytes;
  header.view = view;
  header.start = start;
  header.offset = offset;
  if (bytes[start] === 0 && isZeroBlock(header)) {
    takeZeroBlock(state, offset);
    return;
  }
  if (state.zeroBlocks > 0) throw corruptTar("an entry after a zero block", offset);
  if (!isHeader(header)) {
    throw offset === 0 && !bytes.toString("latin1", start + 257, start + 262).startsWith("ustar")
      ? notTar(bytes.subarray(start, start + BLOCK))
      : corruptTar("a header whose checksum is wrong", offset);
  }
  const typeflag = bytes[start + 156] as number;
  if (typeflag === LOCAL || typeflag === GLOBAL || typeflag === LONG_NAME || typeflag === LONG_LINK) {
    checkNumbers(header);
    startMeta(state, typeflag, headerSize(header), offset);
  } else {
    startMember(state);
  }
}

function takeZeroBlock(state: State, offset: number): void {
  if (hasPending(state)) throw corruptTar("an end of the archive after a meta header, expected an entry", offset);
  state.zeroBlocks = state.zeroBlocks === 0 ? 1 : 2;
  if (state.zeroBlocks === 2) state.phase = "end";
}

function hasPending({ pax, longName, longLink }: State): boolean {
  return pax !== undefined || longName !== undefined || longLink !== undefined;
}

function startMember(state: State): void {
  const { entry, meta } = decodeMember(state.header, state as PendingMeta);
  state.pax = undefined;
  state.longName = undefined;
  state.longLink = undefined;
  state.globalsInARow = 0;
  state.entries++;
  expect(state, "data", entry.size);
  state.handlers.entry?.(entry, meta);
  if (entry.size === 0) state.handlers.endEntry?.();
}

function expect(state: State, phase: "data" | "meta", size: number): void {
  state.phase = size > 0 ? phase : "header";
  state.remaining = size;
  state.padding = (BLOCK - (size % BLOCK)) % BLOCK;
}

function startMeta(state: State, typeflag: number, size: number, offset: number): void {
  const isLong = typeflag === LONG_NAME || typeflag === LONG_LINK;
  const limit = isLong ? MAX_LONG_NAME : MAX_PAX;
  if (size > limit) throw tooLarge(`${isLong ? "a long name" : "an extended header"}, in bytes,`, limit, size);
  if (size === 0) throw corruptTar("an empty meta header", offset);
  // Readers disagree on what a second one of a kind, or a global one before an entry's own entry, means.
  const twice =
    (typeflag === LOCAL && state.pax !== undefined) ||
    (typeflag === LONG_NAME && state.longName !== undefined) ||
    (typeflag === LONG_LINK && state.longLink !== undefined) ||
    (typeflag === GLOBAL && hasPending(state));
  if (twice) throw corruptTar("a meta header after a meta header that it contradicts, expected an entry", offset);
  state.metaType = typeflag;
  state.meta = Buffer.alloc(size);
  expect(state, "meta", size);
}

function takeMeta(state: State, bytes: Buffer, offset: number): void {
  if (state.metaType === LOCAL) state.pax = decodePax(bytes, offset);
  else if (state.metaType === GLOBAL) takeGlobal(state, decodePax(bytes, offset), offset);
  else if (state.metaType === LONG_NAME) state.longName = longText(bytes);
  else state.longLink = longText(bytes);
}

function takeGlobal(state: State, records: PaxRecords, offset: number): void {
  state.globalHeaders++;
  if (++state.globalsInARow > MAX_GLOBALS_IN_A_ROW) {
    throw tooLarge("the count of global headers in a row", MAX_GLOBALS_IN_A_ROW, state.globalsInARow);
  }
  const merged = new Map(state.global);
  for (const [key, value] of records) {
    if (key === "path" || key === "linkpath" || key === "size") {
      throw corruptTar(`a global header that sets ${key} for all entries, which readers read differently,`, offset);
    }
    merged.delete(key);
    if (value !== "") merged.set(key, value);
  }
  let size = 0;
  for (const [key, value] of merged) size += key.length + value.length;
  if (size > MAX_PAX) throw tooLarge("global headers, in bytes,", MAX_PAX, size);
  state.global = merged;
}

/** GNU ends long names with a NUL, and that is the only place for one. */
function longText(bytes: Buffer): string {
  const text = bytes.toString("latin1").replace(/\0+$/, "");
  if (text === "" || text.includes("\0")) throw unsafeEntry(text, "its GNU long name is empty or holds a NUL");
  return text;
}

function finish(state: State): ScanEnd {
  if (state.offset < BLOCK) throw notTar(state.pieces.subarray(0, state.headerFilled));
  const whole = state.phase === "end" || (state.phase === "header" && state.headerFilled === 0);
  if (!whole) throw corruptTar("the end of the bytes in the middle of an entry", state.offset);
  if (hasPending(state)) throw corruptTar("the end of the bytes after a meta header", state.offset);
  const { zeroBlocks, trailingData, globalHeaders, entries, offset } = state;
  return { endBlocks: zeroBlocks, trailingData, globalHeaders, entries, size: offset };
}
