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

import { createTail, sumOfBytes, type Tail, takeTail } from "./header-tail.js";
import { decodeNumber } from "./number.js";
import { corruptTar, unsafeEntry } from "./refusal.js";

/** Bytes of a tar block. Everything in an archive starts at a multiple of it. */
export const BLOCK = 512;

export type HeaderFormat = "v7" | "ustar" | "star" | "gnu";

const CHECKSUM = 148;
const CHECKSUM_LENGTH = 8;
const MAGIC = 257;
const USTAR = [0x75, 0x73, 0x74, 0x61, 0x72];

/** Offset and length of each numeric field. */
const NUMBERS = {
  mode: { at: 100, length: 8 },
  uid: { at: 108, length: 8 },
  gid: { at: 116, length: 8 },
  size: { at: 124, length: 12 },
  mtime: { at: 136, length: 12 },
  devmajor: { at: 329, length: 8 },
  devminor: { at: 337, length: 8 },
} as const;

/** Are all 512 bytes from `start` zero? */
export function isZeroBlock(block: Uint8Array, start: number): boolean {
  for (let at = start; at < start + BLOCK; at++) if (block[at] !== 0) return false;
  return true;
}

/** The same bytes, to be read four at a time. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Does the header at `start` carry its own checksum? Old writers summed signed bytes, which is accepted.
 *
 * @param view Of the same bytes, where the caller has one.
 * @param tail Becomes the header's; that of the header before saves most of the work.
 */
export function isHeader(block: Uint8Array, start: number, view = viewOf(block), tail = createTail()): boolean {
  const claimed = decodeNumber(block, start + CHECKSUM, CHECKSUM_LENGTH);
  const blanks = CHECKSUM_LENGTH * 0x20;
  takeTail(tail, view, start);
  let sum = blanks + sumOfBytes(view, start) + tail.sum;
  for (let at = start + CHECKSUM; at < start + CHECKSUM + CHECKSUM_LENGTH; at++) sum -= block[at] as number;
  return sum === claimed || signedSum(block, start) + blanks === claimed;
}

function signedSum(block: Uint8Array, start: number): number {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) {
    const counts = at < CHECKSUM || at >= CHECKSUM + CHECKSUM_LENGTH;
    if (counts) sum += ((block[start + at] as number) << 24) >> 24;
  }
  return sum;
}

/** Which dialect the header at `start` is written in, decided as Go's archive/tar decides it. */
export function headerFormat(block: Uint8Array, start: number): HeaderFormat {
  for (let at = 0; at < USTAR.length; at++) if (block[start + MAGIC + at] !== USTAR[at]) return "v7";
  const after = start + MAGIC + USTAR.length;
  if (block[after] === 0) return hasStarMark(block, start) ? "star" : "ustar";
  return block[after] === 0x20 && block[after + 1] === 0x20 && block[after + 2] === 0 ? "gnu" : "v7";
}

function hasStarMark(block: Uint8Array, start: number): boolean {
  const at = start + 508;
  return block[at] === 0x74 && block[at + 1] === 0x61 && block[at + 2] === 0x72 && block[at + 3] === 0;
}

/**
 * One numeric field.
 *
 * @param offset Where the header stands in the archive, for the error.
 * @throws {LadingError} `CORRUPT` where the field is no number or no safe integer.
 */
export function headerNumber(block: Uint8Array, start: number, field: keyof typeof NUMBERS, offset: number): number {
  const { at, length } = NUMBERS[field];
  const value = decodeNumber(block, start + at, length);
  if (Number.isSafeInteger(value)) return value;
  throw corruptTar(`the ${field} of a header is ${Number.isNaN(value) ? "not a number" : "out of range"}`, offset);
}

/**
 * Refuses device numbers that are none, whatever the header's type: Go's archive/tar, which most consumers of layers read
 * with, refuses the header, and Python ends the archive there. V7 headers have no such fields.
 *
 * @param tail The header's own.
 */
export function checkDeviceNumbers(block: Uint8Array, start: number, offset: number, tail: Tail): void {
  if (tail.hasDeviceNumbers) return;
  if (headerFormat(block, start) !== "v7") {
    headerNumber(block, start, "devmajor", offset);
    headerNumber(block, start, "devminor", offset);
  }
  tail.hasDeviceNumbers = true;
}

/** The same for every number of a header, those that an extended header overrides among them. */
export function checkNumbers(block: Uint8Array, start: number, offset: number, tail: Tail): void {
  for (const field of ["mode", "uid", "gid", "size", "mtime"] as const) headerNumber(block, start, field, offset);
  checkDeviceNumbers(block, start, offset, tail);
}

/**
 * The size, in bytes, of what follows the header.
 *
 * @throws {LadingError} `CORRUPT` also where it is negative.
 */
export function headerSize(block: Uint8Array, start: number, offset: number): number {
  const size = headerNumber(block, start, "size", offset);
  if (size < 0) throw corruptTar("the size of a header is negative", offset);
  return size;
}

/**
 * The name, with the prefix where the dialect has one. GNU archives keep times where others keep the prefix; one that
 * keeps neither zeros nor times there is refused, since readers disagree on its name.
 *
 * @param tail The header's own.
 * @throws {LadingError} `UNSAFE_ENTRY` where a NUL hides a part of the name; `CORRUPT` for such a GNU header.
 */
export function headerName(block: Buffer, start: number, offset: number, tail: Tail): string {
  const name = headerText(block, start, 100);
  tail.prefix ??= headerPrefix(block, start, offset);
  return tail.prefix === "" ? name : `${tail.prefix}/${name}`;
}

function headerPrefix(block: Buffer, start: number, offset: number): string {
  const format = headerFormat(block, start);
  if (format === "ustar" || format === "star") return headerText(block, start + 345, format === "star" ? 131 : 155);
  if (format === "gnu" && !(isTime(block, start + 345) && isTime(block, start + 357))) {
    throw corruptTar("a GNU header holds a name prefix, which GNU headers have not,", offset);
  }
  return "";
}

function isTime(block: Uint8Array, at: number): boolean {
  return block[at] === 0 || Number.isSafeInteger(decodeNumber(block, at, 12));
}

/** The target of a link. */
export function headerLinkname(block: Buffer, start: number): string {
  return headerText(block, start + 157, 100);
}

/** Text up to the first NUL, one character per byte. Anything but NULs behind that one is refused, never cut off. */
function headerText(block: Buffer, start: number, length: number): string {
  const limit = start + length;
  let end = start;
  while (end < limit && block[end] !== 0) end++;
  for (let at = end; at < limit; at++) {
    if (block[at] !== 0) throw unsafeEntry(block.toString("latin1", start, limit), "its name holds a NUL");
  }
  return end === start ? "" : block.toString("latin1", start, end);
}
