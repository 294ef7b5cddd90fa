/**
 * The words of a policy document.
 *
 * @module
 */

import { LadingError } from "../errors.js";

/** A piece of a document, with the line and column, from 1, where it begins. */
export interface PolicyToken {
  readonly kind: "word" | "string" | "mark" | "newline" | "end";
  /** A word as it is, a string without its quotes, one of `{ } ( ) ; , && || !`; empty for the others. */
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** A place in a document. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Bytes that a document may have: what the system that made the language accepts. */
const MAX_BYTES = 512 * 1024;
const PIECE =
  /(?<blank>[ \t\r\f\v]+|\/\/[^\n]*)|(?<newline>\n)|(?<mark>&&|\|\||[{}();,!])|"(?<string>(?:[^"\\\n]|\\["\\])*)"|(?<word>(?:(?!\/\/|&&|\|\|)[^\s{}();,!"])+)/y;

/** The error for what a document says at a place. */
export function refusePolicy(path: string, { line, column }: Place, why: string): LadingError<"SYNTAX"> {
  const message = `Cannot read policy "${path}": line ${line}, column ${column}: ${why}`;
  return new LadingError("SYNTAX", message, { kind: "policy", path, line, column });
}

/** Shown in messages: one line, and not a long one. */
export const shown = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

function refuseCharacter(path: string, text: string, at: number, place: Place): LadingError<"SYNTAX"> {
  if (text[at] !== '"') return refusePolicy(path, place, `${shown(text[at] ?? "")} cannot stand here`);
  const line = text.slice(at + 1).split("\n", 1)[0] ?? "";
  const why = line.includes("\\") ? 'an escape other than \\" and \\\\' : 'no closing "';
  return refusePolicy(path, place, `a string has ${why} on its line, expected "TEXT"`);
}

/**
 * Takes a document apart. Line ends count, since they end claims; blanks and `//` comments do not.
 *
 * @throws {LadingError} `SYNTAX` for a string that does not end on its line; `TOO_LARGE` above 512 KiB.
 */
export function lexPolicy(text: string, path: string): readonly PolicyToken[] {
  const size = Buffer.byteLength(text);
  if (size > MAX_BYTES) {
    const message = `Cannot read policy "${path}": it has ${size} bytes, expected at most ${MAX_BYTES}; divide it`;
    throw new LadingError("TOO_LARGE", message, { what: "policy", limit: MAX_BYTES, actual: size });
  }
  const tokens: PolicyToken[] = [];
  let [line, start] = [1, 0];
  for (let at = 0; at < text.length; at = PIECE.lastIndex) {
    const place = { line, column: at - start + 1 };
    PIECE.lastIndex = at;
    const groups = PIECE.exec(text)?.groups;
    if (groups === undefined) throw refuseCharacter(path, text, at, place);
    if (groups.blank !== undefined) continue;
    if (groups.newline !== undefined) {
      tokens.push({ kind: "newline", text: "", ...place });
      [line, start] = [line + 1, at + 1];
    } else if (groups.mark !== undefined) tokens.push({ kind: "mark", text: groups.mark, ...place });
    else if (groups.string !== undefined) {
      tokens.push({ kind: "string", text: groups.string.replace(/\\(["\\])/g, "$1"), ...place });
    } else tokens.push({ kind: "word", text: groups.word ?? "", ...place });
  }
  return [...tokens, { kind: "end", text: "", line, column: text.length - start + 1 }];
}
