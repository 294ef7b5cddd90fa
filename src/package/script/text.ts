/**
 * The text of a package script, and the strings in it.
 *
 * @module
 */

import { type Place, refuseScript, shown, type TextValue } from "./value.js";

/** A script and how far it was read. */
export interface Reader {
  readonly path: string;
  readonly text: string;
  at: number;
  line: number;
  /** Where the line begins. */
  start: number;
}

/** What ends a bare key or string. */
const BARE = /[^\s,;:=[\]{}"'#]+/y;
const BARE_VALUE = /[^\s\\,;[\]{}]+|\\./y;
const BLANKS = /\s+|#[^\n]*|\/\/[^\n]*/y;
const BLANKS_OF_LINE = /[^\S\n]+|#[^\n]*|\/\/[^\n]*/y;
const ESCAPE = /\\(?:([tnr"\\'])|x([0-9a-fA-F]{2}))/g;
const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", '"': '"', "\\": "\\", "'": "'" };

export const placeOf = ({ line, at, start }: Reader): Place => ({ line, column: at - start + 1 });
export const refuseAt = (reader: Reader, why: string, place: Place = placeOf(reader)) =>
  refuseScript(reader.path, place, why);

/** The character that comes next; empty at the end. */
export const peek = ({ text, at }: Reader): string => text[at] ?? "";

/** What comes next, as a message says it. */
export function describeNext(reader: Reader): string {
  const next = peek(reader);
  if (next === "") return "the script ends";
  return next === "\n" ? "the line ends" : `${shown(next)} stands here`;
}

/** Goes on to a place further on, counting lines. */
export function moveTo(reader: Reader, at: number): void {
  // Only what is passed over is looked at, so that many small steps through a long text stay cheap.
  const passed = reader.text.slice(reader.at, at);
  for (let end = passed.indexOf("\n"); end !== -1; end = passed.indexOf("\n", end + 1)) {
    reader.line++;
    reader.start = reader.at + end + 1;
  }
  reader.at = at;
}

/** What matches one or more times, piece by piece: an expression that repeats itself would run out of room in a long text. */
function take(reader: Reader, piece: RegExp): string {
  const { at } = reader;
  for (piece.lastIndex = at; piece.test(reader.text); ) moveTo(reader, piece.lastIndex);
  return reader.text.slice(at, reader.at);
}

/** Passes over blanks and comments, `#` or `//` to the line's end, and over line ends where these mean nothing. */
export function skipBlanks(reader: Reader, lines = true): void {
  take(reader, lines ? BLANKS : BLANKS_OF_LINE);
}

function expandEscapes(reader: Reader, raw: string, place: Place): string {
  const rest = raw.replace(ESCAPE, "");
  const wrong = /\\.?/s.exec(rest)?.[0];
  if (wrong !== undefined)
    throw refuseAt(reader, `${shown(wrong)} is no escape, expected \\t \\n \\r \\" \\\\ or \\xHH`, place);
  return raw.replace(ESCAPE, (_, letter: string | undefined, hex: string) =>
    letter === undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES[letter] ?? ""),
  );
}

/** `'…'` as it stands, or `"…"` with escapes; both may go on over lines. */
export function readQuoted(reader: Reader): string {
  const place = placeOf(reader);
  const { text, at } = reader;
  const quote = peek(reader);
  let end = text.indexOf(quote, at + 1);
  // A quotation mark after an odd count of backslashes is part of the string.
  while (quote === '"' && end !== -1 && isEscaped(text, end, at)) end = text.indexOf(quote, end + 1);
  if (end === -1) throw refuseAt(reader, `a string has no closing ${quote}`, place);
  const raw = text.slice(at + 1, end);
  moveTo(reader, end + 1);
  return quote === "'" ? raw : expandEscapes(reader, raw, place);
}

function isEscaped(text: string, at: number, start: number): boolean {
  let first = at;
  while (first - 1 > start && text[first - 1] === "\\") first--;
  return (at - first) % 2 === 1;
}

/** A key: quoted, or up to a blank, `:` or `=`. */
export function readKey(reader: Reader): string {
  const next = peek(reader);
  if (next === '"' || next === "'") return readQuoted(reader);
  const key = take(reader, BARE);
  if (key === "") throw refuseAt(reader, `${describeNext(reader)}, expected a key`);
  return key;
}

/** A string without quotes: up to a blank, a separator or what ends a list or a map. */
export function readBare(reader: Reader): string {
  const place = placeOf(reader);
  const raw = take(reader, BARE_VALUE);
  if (raw === "") throw refuseAt(reader, `${describeNext(reader)}, expected a value`);
  return expandEscapes(reader, raw, place);
}

/** What stands between `(` and a line that is only `)`, without the rest of the first line where that is blank. */
export function readBlock(reader: Reader): TextValue {
  const place = placeOf(reader);
  const { text, at } = reader;
  const closing = /\n\)(?=\r?\n|\r?$)/g;
  closing.lastIndex = at;
  const end = closing.exec(text)?.index;
  if (end === undefined) throw refuseAt(reader, 'a block does not end, expected a line that is only ")"', place);
  const block = text.slice(at + 1, end + 1);
  moveTo(reader, end + 2);
  return { kind: "block", text: block.replace(/^[^\S\n]*\n/, ""), ...place };
}
