/**
 * Debian's versions and their order.
 *
 * @see https://manpages.debian.org/bookworm/dpkg-dev/deb-version.7.en.html
 * @module
 */

import { LadingError } from "../../../errors.js";

/** `[epoch:]upstream[-revision]`, taken apart. */
export interface DebianVersion {
  /** 0 where none is written. */
  readonly epoch: number;
  readonly upstream: string;
  /** Empty where none is written, which is the same as `0`. */
  readonly revision: string;
}

/** dpkg keeps the epoch in a C `int`. */
const MAX_EPOCH = 2 ** 31 - 1;
const MAX_LENGTH = 255;
const REMEDY = "expected [EPOCH:]UPSTREAM[-REVISION], such as 1:2.36-9+deb12u4";

function refuse(text: string, why: string): LadingError<"SYNTAX"> {
  const input = text.slice(0, MAX_LENGTH);
  return new LadingError("SYNTAX", `Cannot parse version ${JSON.stringify(input)}: ${why}, ${REMEDY}`, {
    kind: "debian version",
    input,
  });
}

function parseEpoch(text: string, epoch: string): number {
  if (!/^[0-9]+$/.test(epoch)) throw refuse(text, "its epoch is not a number");
  const value = Number(epoch);
  if (value > MAX_EPOCH) throw refuse(text, `its epoch is above ${MAX_EPOCH}`);
  return value;
}

/**
 * Reads a version: the epoch ends at the first `:`, the revision starts after the last `-`.
 *
 * @throws {LadingError} `SYNTAX` for an epoch that is not a number of at most 2³¹ − 1, an upstream part that is empty, does
 * not start with a digit or has other characters than `A-Z a-z 0-9 . + - ~ :`, a revision that is empty after its `-` or
 * has other characters than `A-Z a-z 0-9 . + ~`, and more than 255 characters.
 */
export function parseDebianVersion(text: string): DebianVersion {
  if (text.length > MAX_LENGTH) throw refuse(text, `it has more than ${MAX_LENGTH} characters`);
  const colon = text.indexOf(":");
  const epoch = colon === -1 ? 0 : parseEpoch(text, text.slice(0, colon));
  const rest = text.slice(colon + 1);
  const dash = rest.lastIndexOf("-");
  const upstream = dash === -1 ? rest : rest.slice(0, dash);
  const revision = dash === -1 ? "" : rest.slice(dash + 1);
  if (!/^[0-9]/.test(upstream)) throw refuse(text, "its upstream part does not start with a digit");
  if (!/^[A-Za-z0-9.+~:-]+$/.test(upstream))
    throw refuse(text, "its upstream part has a character that may not be there");
  if (dash !== -1 && revision === "") throw refuse(text, "its revision is empty");
  if (!/^[A-Za-z0-9.+~]*$/.test(revision)) throw refuse(text, "its revision has a character that may not be there");
  return { epoch, upstream, revision };
}

const ZERO = 48;
const NINE = 57;
const TILDE = 126;

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/** Where a character of a non-digit run sorts: `~`, then the end of the run, then letters, then everything else. */
function weight(code: number): number {
  if (code === TILDE) return -1;
  if (Number.isNaN(code) || isDigit(code)) return 0;
  const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
  return isLetter ? code : code + 256;
}

function digitsAt(text: string, start: number): { readonly end: number; readonly digits: string } {
  let end = start;
  while (isDigit(text.charCodeAt(end))) end++;
  let first = start;
  while (first < end && text.charCodeAt(first) === ZERO) first++;
  return { end, digits: text.slice(first, end) };
}

/** Compares one part, upstream or revision: a run of non-digits, a run of digits, and so on in turn. */
function comparePart(left: string, right: string): number {
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    for (;;) {
      const a = weight(left.charCodeAt(i));
      const b = weight(right.charCodeAt(j));
      if (a !== b) return a - b;
      if (a === 0) break;
      i++;
      j++;
    }
    const a = digitsAt(left, i);
    const b = digitsAt(right, j);
    if (a.digits.length !== b.digits.length) return a.digits.length - b.digits.length;
    if (a.digits !== b.digits) return a.digits < b.digits ? -1 : 1;
    i = a.end;
    j = b.end;
  }
  return 0;
}

/**
 * Negative, zero or positive as `left` is older than, equal to or newer than `right`, in Debian's order: the epoch as a
 * number, then upstream, then revision, each by runs of non-digits (`~` before everything, even the end; letters before
 * all else) and runs of digits (as numbers).
 *
 * @throws {LadingError} `SYNTAX` as {@link parseDebianVersion}, unless both are the same text.
 */
export function compareDebianVersions(left: string, right: string): number {
  if (left === right) return 0;
  const a = parseDebianVersion(left);
  const b = parseDebianVersion(right);
  return a.epoch - b.epoch || comparePart(a.upstream, b.upstream) || comparePart(a.revision, b.revision);
}
