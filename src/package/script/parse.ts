/**
 * The grammar of package scripts: NATS configuration syntax.
 *
 * ```text
 * script:  member …                     divided by line ends, "," or ";"
 * member:  key [: | =] value
 * value:   [ value … ]                  divided by line ends or ","; the last "," may stand
 *        | { member … }                 divided by line ends, "," or ";"
 *        | ( … )                        a block, up to a line that is only ")"
 *        | 'raw' | "with \n escapes" | bare | $KEY       the value of a key that stands before, here or further out
 * ```
 *
 * Numbers, dates and truth values are not told from other bare strings: nothing in a package script is one.
 *
 * @see https://docs.nats.io/running-a-nats-service/configuration
 * @module
 */

import { LadingError } from "../../errors.js";
import {
  describeNext,
  moveTo,
  peek,
  placeOf,
  type Reader,
  readBare,
  readBlock,
  readKey,
  readQuoted,
  refuseAt,
  skipBlanks,
} from "./text.js";
import type { MapValue, ScriptMember, ScriptValue } from "./value.js";
import { shown } from "./value.js";

/** UTF-16 code units that a script may have (4 Mi). */
const MAX_LENGTH = 4 * 1024 * 1024;
/** Lists and maps within each other. */
const MAX_DEPTH = 64;

/** The members that were read so far, of this map and of those around it, innermost last. */
type Scopes = readonly (readonly ScriptMember[])[];

/** Passes over what divides two members or items. True where something did, or the end follows. */
function skipDivider(reader: Reader, dividers: string, closing: string): boolean {
  const { line } = reader;
  skipBlanks(reader);
  let divided = reader.line > line;
  if (peek(reader) !== "" && dividers.includes(peek(reader))) {
    moveTo(reader, reader.at + 1);
    skipBlanks(reader);
    divided = true;
  }
  return divided || peek(reader) === closing || peek(reader) === "";
}

function readReference(reader: Reader, scopes: Scopes): ScriptValue {
  const place = placeOf(reader);
  const name = readBare(reader).slice(1);
  const found = [...scopes].reverse().flatMap((scope) => scope.filter(({ key }) => key === name))[0];
  if (found !== undefined) return { ...found.value, ...place };
  throw refuseAt(
    reader,
    `no key ${shown(name)} stands before, expected one for $${name}; quote what is no reference`,
    place,
  );
}

function readList(reader: Reader, scopes: Scopes, depth: number): ScriptValue {
  const place = placeOf(reader);
  const items: ScriptValue[] = [];
  moveTo(reader, reader.at + 1);
  skipBlanks(reader);
  while (peek(reader) !== "]") {
    if (peek(reader) === "") throw refuseAt(reader, `the script ends, expected "]" for the list of line ${place.line}`);
    items.push(readValue(reader, scopes, depth + 1));
    if (!skipDivider(reader, ",", "]")) throw refuseAt(reader, `${describeNext(reader)}, expected "," or "]"`);
  }
  moveTo(reader, reader.at + 1);
  return { kind: "list", items, ...place };
}

function readMap(reader: Reader, scopes: Scopes, depth: number): MapValue {
  const place = placeOf(reader);
  moveTo(reader, reader.at + 1);
  const members = readMembers(reader, "}", scopes, depth + 1);
  if (peek(reader) === "") throw refuseAt(reader, `the script ends, expected "}" for the map of line ${place.line}`);
  moveTo(reader, reader.at + 1);
  return { kind: "map", members, ...place };
}

function readValue(reader: Reader, scopes: Scopes, depth: number): ScriptValue {
  if (depth > MAX_DEPTH) throw refuseAt(reader, `more than ${MAX_DEPTH} lists and maps are in each other`);
  const place = placeOf(reader);
  const next = peek(reader);
  if (next === "[") return readList(reader, scopes, depth);
  if (next === "{") return readMap(reader, scopes, depth);
  if (next === "(") return readBlock(reader);
  if (next === '"' || next === "'") return { kind: "text", text: readQuoted(reader), ...place };
  if (next === "$") return readReference(reader, scopes);
  return { kind: "text", text: readBare(reader), ...place };
}

function readMember(reader: Reader, scopes: Scopes, depth: number): ScriptMember {
  const place = placeOf(reader);
  const key = readKey(reader);
  skipBlanks(reader, false);
  if (peek(reader) === ":" || peek(reader) === "=") {
    moveTo(reader, reader.at + 1);
    skipBlanks(reader, false);
  }
  if (peek(reader) === "" || peek(reader) === "\n") {
    throw refuseAt(reader, `${describeNext(reader)}, expected the value of ${shown(key)}`);
  }
  return { key, value: readValue(reader, scopes, depth), ...place };
}

function readMembers(reader: Reader, closing: string, around: Scopes, depth: number): readonly ScriptMember[] {
  const members: ScriptMember[] = [];
  const lines = new Map<string, number>();
  const scopes = [...around, members];
  skipBlanks(reader);
  while (peek(reader) !== closing && peek(reader) !== "") {
    const member = readMember(reader, scopes, depth);
    const { key, line } = member;
    const before = lines.get(key);
    if (before !== undefined) throw refuseAt(reader, `key ${shown(key)} stands in line ${before} already`, member);
    lines.set(key, line);
    members.push(member);
    if (!skipDivider(reader, ",;", closing)) {
      throw refuseAt(reader, `${describeNext(reader)}, expected the line's end, "," or ";"`);
    }
  }
  return members;
}

/**
 * Reads a script's values.
 *
 * @throws {LadingError} `SYNTAX`, with line and column, for what breaks the grammar, a key twice in one map, a reference to
 * nothing, and lists and maps deeper than 64. `TOO_LARGE` above 4 Mi characters.
 */
export function parseScriptValues(text: string, path: string): MapValue {
  if (text.length > MAX_LENGTH) {
    const message = `Cannot read package script "${path}": it has ${text.length} characters, expected at most ${MAX_LENGTH}`;
    throw new LadingError("TOO_LARGE", message, { what: "package script", limit: MAX_LENGTH, actual: text.length });
  }
  const reader: Reader = { path, text: text.replace(/^\ufeff/, ""), at: 0, line: 1, start: 0 };
  const members = readMembers(reader, "", [], 0);
  return { kind: "map", members, line: 1, column: 1 };
}
