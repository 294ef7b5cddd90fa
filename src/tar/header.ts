/**
 * The 512-byte header block, read in place.
 *
 * ```text
 * offset length meaning
 *      0    100 name
 *    100      8 mode
 *    108      8 uid
 *    116      8 gid
 *    124     12 size, bytes
 *    136     12 mtime, seconds
 *    148      8 checksum: the sum of all bytes, these eight taken as blanks
 *    156      1 typeflag
 *    157    100 linkname
 *    257      8 magic and version: `ustar\0` `00` (ustar), `ustar  \0` (GNU), anything else (v7)
 *    329      8 devmajor
 *    337      8 devminor
 *    345    155 prefix (ustar); 131 bytes where star's mark `tar\0` stands at 508; atime, ctime … (GNU)
 * ```
 *
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html ("ustar Interchange Format")
 * @module
 */

import { createMemory, type HeaderOwner, type Memory, takeHeader } from "./header-memory.js";
import { decodeNumber } from "./number.js";
import { corruptTar, unsafeEntry } from "./refusal.js";

/** Bytes of a tar block. Everything in an archive starts at a multiple of it. */
export const BLOCK = 512;

export type HeaderFormat = "v7" | "ustar" | "star" | "gnu";

const NAME_LENGTH = 100;
const CHECKSUM = 148;
const CHECKSUM_LENGTH = 8;
const MAGIC = 257;
const SLASH = 0x2f;
const DOT = 0x2e;
const USTAR = [0x75, 0x73, 0x74, 0x61, 0x72];

/** A numeric field: where it is in the header, and how it is called in errors. */
interface Field {
  readonly name: string;
  readonly at: number;
  readonly length: number;
}

export const MODE: Field = { name: "mode", at: 100, length: 8 };
export const UID: Field = { name: "uid", at: 108, length: 8 };
export const GID: Field = { name: "gid", at: 116, length: 8 };
export const SIZE: Field = { name: "size", at: 124, length: 12 };
export const MTIME: Field = { name: "mtime", at: 136, length: 12 };
export const DEVMAJOR: Field = { name: "devmajor", at: 329, length: 8 };
export const DEVMINOR: Field = { name: "devminor", at: 337, length: 8 };

/** A header in the bytes that it came in. One object serves a whole scan: it is moved on to the next header. */
export interface Header {
  bytes: Buffer;
  /** Of the same bytes, to read four at a time. */
  view: DataView;
  /** Where the header is in them. */
  start: number;
  /** Where it is in the archive, for errors. */
  offset: number;
  /** {@link isHeader} makes it the header's own; until then it is that of the header before. */
  readonly memory: Memory;
  /**
   * Where the path begins in the name that {@link headerName} gave, if the name from there on is what `entryPath()` makes of
   * it: 0, or 2 behind a `./`. Negative where that function has to look.
   */
  pathStart: number;
}

/** The header at `start`. */
export function headerIn(bytes: Uint8Array, start = 0, offset = 0): Header {
  const { buffer, byteOffset, byteLength } = bytes;
  const view = new DataView(buffer, byteOffset, byteLength);
  return {
    bytes: Buffer.from(buffer, byteOffset, byteLength),
    view,
    start,
    offset,
    memory: createMemory(),
    pathStart: -1,
  };
}

/** Are all its 512 bytes zero? */
export function isZeroBlock({ view, start }: Header): boolean {
  return isZero(view, start, start + BLOCK);
}

function isZero(view: DataView, from: number, to: number): boolean {
  let any = 0;
  let at = from;
  for (; ((to - at) & 3) !== 0; at++) any |= view.getUint8(at);
  for (; at < to; at += 4) any |= view.getInt32(at);
  return any === 0;
}

/** Does it carry its own checksum? Old writers summed signed bytes, which is accepted. */
export function isHeader({ bytes, view, start, memory }: Header): boolean {
  const blanks = CHECKSUM_LENGTH * 0x20;
  const sum = takeHeader(memory, view, start) + blanks;
  const claimed = decodeNumber(bytes, start + CHECKSUM, CHECKSUM_LENGTH);
  return sum === claimed || signedSum(bytes, start) + blanks === claimed;
}

function signedSum(block: Uint8Array, start: number): number {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) {
    const counts = at < CHECKSUM || at >= CHECKSUM + CHECKSUM_LENGTH;
    if (counts) sum += ((block[start + at] as number) << 24) >> 24;
  }
  return sum;
}

/** Which dialect it is written in, decided as Go's archive/tar decides it. */
export function headerFormat({ bytes, start }: Header): HeaderFormat {
  for (let at = 0; at < USTAR.length; at++) if (bytes[start + MAGIC + at] !== USTAR[at]) return "v7";
  const after = start + MAGIC + USTAR.length;
  if (bytes[after] === 0) return hasStarMark(bytes, start) ? "star" : "ustar";
  return bytes[after] === 0x20 && bytes[after + 1] === 0x20 && bytes[after + 2] === 0 ? "gnu" : "v7";
}

function hasStarMark(block: Uint8Array, start: number): boolean {
  const at = start + 508;
  return block[at] === 0x74 && block[at + 1] === 0x61 && block[at + 2] === 0x72 && block[at + 3] === 0;
}

/**
 * One numeric field.
 *
 * @throws {LadingError} `CORRUPT` where the field is no number or no safe integer.
 */
export function headerNumber({ bytes, start, offset }: Header, { name, at, length }: Field): number {
  const value = decodeNumber(bytes, start + at, length);
  if (Number.isSafeInteger(value)) return value;
  throw corruptTar(`the ${name} of a header is ${Number.isNaN(value) ? "not a number" : "out of range"}`, offset);
}

/**
 * Refuses device numbers that are none, whatever the header's type: Go's archive/tar, which most consumers of layers read
 * with, refuses the header, and Python ends the archive there. V7 headers have no such fields.
 */
export function checkDeviceNumbers(header: Header): void {
  if (header.memory.hasDeviceNumbers) return;
  if (headerFormat(header) !== "v7") {
    headerNumber(header, DEVMAJOR);
    headerNumber(header, DEVMINOR);
  }
  header.memory.hasDeviceNumbers = true;
}

/** The same for every number of a header, those that an extended header overrides among them. */
export function checkNumbers(header: Header): void {
  for (const field of [MODE, UID, GID, SIZE, MTIME]) headerNumber(header, field);
  checkDeviceNumbers(header);
}

/** Mode and owner of a header that {@link isHeader} knows. Throws as {@link headerNumber}. */
export function headerOwner(header: Header): HeaderOwner {
  header.memory.owner ??= {
    mode: headerNumber(header, MODE),
    uid: headerNumber(header, UID),
    gid: headerNumber(header, GID),
  };
  return header.memory.owner;
}

/** The time of a header that {@link isHeader} knows. Throws as {@link headerNumber}. */
export function headerTime(header: Header): number {
  header.memory.mtime ??= headerNumber(header, MTIME);
  return header.memory.mtime;
}

/**
 * The size, in bytes, of what follows the header.
 *
 * @throws {LadingError} `CORRUPT` also where it is negative.
 */
export function headerSize(header: Header): number {
  const size = headerNumber(header, SIZE);
  if (size < 0) throw corruptTar("the size of a header is negative", header.offset);
  return size;
}

/**
 * The name, with the prefix where the dialect has one. GNU archives keep times where others keep the prefix; one that
 * keeps neither zeros nor times there is refused, since readers disagree on its name.
 *
 * @throws {LadingError} `UNSAFE_ENTRY` where a NUL hides a part of the name; `CORRUPT` for such a GNU header.
 */
export function headerName(header: Header): string {
  const { memory, bytes, start } = header;
  const lead = bytes[start] === DOT && bytes[start + 1] === SLASH ? 2 : 0;
  let end = start + lead;
  let before = SLASH;
  let isPath = true;
  for (; end < start + NAME_LENGTH; end++) {
    const byte = bytes[end] as number;
    if (byte === 0) break;
    if (before === SLASH && (byte === SLASH || byte === DOT)) isPath = false;
    before = byte;
  }
  const name = textUpTo(header, start, end, start + NAME_LENGTH);
  memory.prefix ??= headerPrefix(header);
  header.pathStart = isPath && before !== SLASH && memory.prefix === "" ? lead : -1;
  return memory.prefix === "" ? name : `${memory.prefix}/${name}`;
}

function headerPrefix(header: Header): string {
  const format = headerFormat(header);
  const { bytes, start, offset } = header;
  if (format === "ustar" || format === "star") return headerText(header, 345, format === "star" ? 131 : 155);
  if (format === "gnu" && !(isTime(bytes, start + 345) && isTime(bytes, start + 357))) {
    throw corruptTar("a GNU header holds a name prefix, which GNU headers have not,", offset);
  }
  return "";
}

function isTime(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 || Number.isSafeInteger(decodeNumber(bytes, at, 12));
}

/** The target of a link. */
export function headerLinkname(header: Header): string {
  return headerText(header, 157, 100);
}

function headerText(header: Header, at: number, length: number): string {
  const from = header.start + at;
  const limit = from + length;
  let end = from;
  while (end < limit && header.bytes[end] !== 0) end++;
  return textUpTo(header, from, end, limit);
}

/** Text up to its first NUL, one character per byte. Anything but NULs behind that one is refused, never cut off. */
function textUpTo({ bytes, view }: Header, from: number, end: number, limit: number): string {
  if (!isZero(view, end, limit)) throw unsafeEntry(bytes.toString("latin1", from, limit), "its name holds a NUL");
  return end === from ? "" : bytes.toString("latin1", from, end);
}
