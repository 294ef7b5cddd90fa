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
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  devmajor: [329, 8],
  devminor: [337, 8],
} as const;

/** Are all 512 bytes from `start` zero? */
export function isZeroBlock(block: Uint8Array, start: number): boolean {
  for (let at = start; at < start + BLOCK; at++) if (block[at] !== 0) return false;
  return true;
}

/** Does the header at `start` carry its own checksum? Old writers summed signed bytes, which is accepted. */
export function isHeader(block: Uint8Array, start: number): boolean {
  const claimed = decodeNumber(block, start + CHECKSUM, CHECKSUM_LENGTH);
  const blanks = CHECKSUM_LENGTH * 0x20;
  let sum = blanks;
  for (let at = start; at < start + CHECKSUM; at += 4) sum += sumOfFour(block, at);
  for (let at = start + CHECKSUM + CHECKSUM_LENGTH; at < start + BLOCK; at += 4) sum += sumOfFour(block, at);
  return sum === claimed || signedSum(block, start) + blanks === claimed;
}

/** Four bytes at a time is how a block is summed fast. */
export function sumOfFour(block: Uint8Array, at: number): number {
  return (block[at] as number) + (block[at + 1] as number) + (block[at + 2] as number) + (block[at + 3] as number);
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
  const [at, length] = NUMBERS[field];
  const value = decodeNumber(block, start + at, length);
  if (Number.isSafeInteger(value)) return value;
  throw corruptTar(`the ${field} of a header is ${Number.isNaN(value) ? "not a number" : "out of range"}`, offset);
}

/**
 * Refuses device numbers that are none, whatever the header's type: Go's archive/tar, which most consumers of layers read
 * with, refuses the header, and Python ends the archive there. V7 headers have no such fields.
 */
export function checkDeviceNumbers(block: Uint8Array, start: number, offset: number): void {
  if (headerFormat(block, start) === "v7") return;
  headerNumber(block, start, "devmajor", offset);
  headerNumber(block, start, "devminor", offset);
}

/** The same for every number of a header, those that an extended header overrides among them. */
export function checkNumbers(block: Uint8Array, start: number, offset: number): void {
  for (const field of ["mode", "uid", "gid", "size", "mtime"] as const) headerNumber(block, start, field, offset);
  checkDeviceNumbers(block, start, offset);
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
 * @throws {LadingError} `UNSAFE_ENTRY` where a NUL hides a part of the name; `CORRUPT` for such a GNU header.
 */
export function headerName(block: Buffer, start: number, offset: number): string {
  const name = headerText(block, start, 100);
  const format = headerFormat(block, start);
  if (format === "ustar" || format === "star") {
    const prefix = headerText(block, start + 345, format === "star" ? 131 : 155);
    return prefix === "" ? name : `${prefix}/${name}`;
  }
  if (format === "gnu" && !(isTime(block, start + 345) && isTime(block, start + 357))) {
    throw corruptTar("a GNU header holds a name prefix, which GNU headers have not,", offset);
  }
  return name;
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
