/**
 * Extended headers: records of the form `LENGTH KEY=VALUE\n`, LENGTH counting all bytes of the record.
 *
 * Keys and values are bytes, one character per byte.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html ("pax Extended Header")
 * @module
 */

import { corruptTar, tooLarge, unsafeEntry } from "./refusal.js";

/** Bytes of one extended header; Go and node-tar have the same limit. */
export const MAX_PAX = 1024 * 1024;
/** Records of one extended header. */
const MAX_RECORDS = 1024;

/** Key to value, in order of appearance; an empty value takes the key back. */
export type PaxRecords = ReadonlyMap<string, string>;

const BLANK = 0x20;
const NEWLINE = 0x0a;

/**
 * Reads the content of an extended header.
 *
 * @param offset Where it stands in the archive, for errors.
 * @throws {LadingError} `CORRUPT` for a record whose length is not exact, or has leading zeros, or that lacks `=`, a key
 * or the newline; `UNSAFE_ENTRY` for a NUL in a path; `TOO_LARGE` for more than 1024 records.
 */
export function decodePax(bytes: Buffer, offset: number): PaxRecords {
  const records = new Map<string, string>();
  let count = 0;
  for (let at = 0; at < bytes.length; ) {
    if (++count > MAX_RECORDS) throw tooLarge("the count of records in an extended header", MAX_RECORDS, count);
    const { start, end } = recordBounds(bytes, at, offset);
    const equals = bytes.indexOf(0x3d, start);
    if (equals <= start || equals >= end) throw corruptTar("an extended header record without a key", offset + at);
    const key = bytes.toString("latin1", start, equals);
    const value = bytes.toString("latin1", equals + 1, end - 1);
    if (key.includes("\0")) throw corruptTar("an extended header record with a NUL in its key", offset + at);
    if ((key === "path" || key === "linkpath") && value.includes("\0")) {
      throw unsafeEntry(value, `the ${key} of its extended header holds a NUL`);
    }
    // The last record of a key is the one that counts; its place is kept in order too.
    records.delete(key);
    records.set(key, value);
    at = end;
  }
  return records;
}

/** Where a record's key starts, and where the record ends, its newline included. */
function recordBounds(bytes: Buffer, from: number, offset: number): { start: number; end: number } {
  let length = 0;
  let at = from;
  for (; at < bytes.length && at < from + 8; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9 || (digit === 0 && at === from)) break;
    length = length * 10 + digit;
  }
  const end = from + length;
  const exact = at > from && bytes[at] === BLANK && end <= bytes.length && end > at + 2 && bytes[end - 1] === NEWLINE;
  if (!exact) throw corruptTar("an extended header record whose length is wrong", offset + from);
  return { start: at + 1, end };
}

/**
 * The content of an extended header, keys sorted by bytes.
 *
 * @throws {LadingError} `TOO_LARGE` where it has over 1 MiB.
 */
export function encodePax(records: PaxRecords): Buffer {
  const keys = [...records.keys()].sort((left, right) => (left < right ? -1 : 1));
  const text = keys.map((key) => encodeRecord(key, records.get(key) ?? "")).join("");
  if (text.length > MAX_PAX) throw tooLarge("an extended header, in bytes,", MAX_PAX, text.length);
  return Buffer.from(text, "latin1");
}

/** The length counts its own digits: adding them may add one more. */
function encodeRecord(key: string, value: string): string {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}
