/**
 * The parser behind `decodeJson`: one pass over the text that knows where it is.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259
 * @module
 */

import { LadingError } from "../errors.js";

/**
 * The field names that a document's specification gives to one object, each with the names inside it: `undefined` for a
 * value without named fields, such as a string or a map of annotations. A list has the names of its items.
 */
export interface Names {
  readonly fields: ReadonlyMap<string, Names | undefined>;
  /** From a name without its case to the name. */
  readonly folded: ReadonlyMap<string, string>;
}

/** A text that is being parsed, and how far. */
export interface Cursor {
  readonly text: string;
  /** What the document is, for messages. */
  readonly what: string;
  /** Objects and lists within each other that are allowed. */
  readonly maxDepth: number;
  /** Keys and indexes of the value that is being parsed, outermost first. */
  readonly path: (string | number)[];
  /** Where the parser stands, in UTF-16 code units. */
  at: number;
}

/** Describes the fields of one kind of object. */
export function namesOf(fields: Readonly<Record<string, Names | undefined>>): Names {
  const entries = Object.entries(fields);
  return { fields: new Map(entries), folded: new Map(entries.map(([name]) => [fold(name), name])) };
}

/** Parses the value at the cursor and leaves the cursor after it. */
export function parseValue(cursor: Cursor, names: Names | undefined): unknown {
  skipBlanks(cursor);
  switch (cursor.text[cursor.at]) {
    case "{":
      return parseObject(cursor, names);
    case "[":
      return parseList(cursor, names);
    case '"':
      return parseString(cursor);
    case "t":
      return parseWord(cursor, "true", true);
    case "f":
      return parseWord(cursor, "false", false);
    case "n":
      return parseWord(cursor, "null", null);
    case undefined:
      return fail(cursor, "it ends early, expected a value");
    default:
      return parseNumber(cursor);
  }
}

function parseObject(cursor: Cursor, names: Names | undefined): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  if (isEmpty(cursor, "}")) return object;
  do {
    skipBlanks(cursor);
    const start = cursor.at;
    if (cursor.text[start] !== '"') fail(cursor, 'expected a key in double quotes or "}"');
    const key = parseString(cursor);
    checkKey(cursor, object, key, names, start);
    skipBlanks(cursor);
    if (cursor.text[cursor.at++] !== ":") fail(cursor, `expected ":" after the key`, cursor.at - 1);
    cursor.path.push(key);
    object[key] = parseValue(cursor, names?.fields.get(key));
    cursor.path.pop();
  } while (hasNext(cursor, "}"));
  return object;
}

function checkKey(cursor: Cursor, object: object, key: string, names: Names | undefined, at: number): void {
  const shown = JSON.stringify(shorten(key));
  if (Object.hasOwn(object, key)) fail(cursor, `the key ${shown} comes twice, expected each key once`, at);
  if (key === "__proto__") fail(cursor, `the key ${shown} is not allowed`, at);
  if (names === undefined || names.fields.has(key)) return;
  const meant = names.folded.get(fold(key));
  if (meant !== undefined) fail(cursor, `the key ${shown} is a case variant, expected "${meant}"`, at);
}

function parseList(cursor: Cursor, names: Names | undefined): unknown[] {
  const list: unknown[] = [];
  if (isEmpty(cursor, "]")) return list;
  do {
    cursor.path.push(list.length);
    list.push(parseValue(cursor, names));
    cursor.path.pop();
  } while (hasNext(cursor, "]"));
  return list;
}

/** Steps into an object or list; true when it ends at once. */
function isEmpty(cursor: Cursor, end: string): boolean {
  if (cursor.path.length >= cursor.maxDepth) fail(cursor, `it is nested deeper than ${cursor.maxDepth} levels`);
  cursor.at++;
  skipBlanks(cursor);
  if (cursor.text[cursor.at] !== end) return false;
  cursor.at++;
  return true;
}

/** Steps over a comma or the end of an object or list; true after a comma. */
function hasNext(cursor: Cursor, end: string): boolean {
  skipBlanks(cursor);
  const found = cursor.text[cursor.at];
  if (found !== "," && found !== end) fail(cursor, `expected "," or "${end}"`);
  cursor.at++;
  return found === ",";
}

function parseString(cursor: Cursor): string {
  const { text } = cursor;
  const start = cursor.at;
  let escaped = false;
  let at = start + 1;
  for (let code = text.charCodeAt(at); code !== 0x22; code = text.charCodeAt(++at)) {
    if (code === 0x5c) {
      escaped = true;
      at++;
    }
    // Past the end the code is NaN, which is not at least a space either.
    if (!(code >= 0x20))
      fail(cursor, at < text.length ? "a control character is in a string" : "a string has no end", at);
  }
  cursor.at = at + 1;
  return escaped ? unescapeString(cursor, start) : text.slice(start + 1, at);
}

function unescapeString(cursor: Cursor, start: number): string {
  let value = "";
  try {
    value = JSON.parse(cursor.text.slice(start, cursor.at));
  } catch {
    fail(cursor, "a string holds an escape that JSON does not know", start);
  }
  // With the flag u, a surrogate matches only where its other half is missing.
  if (/\p{Surrogate}/u.test(value)) fail(cursor, "a string holds half of a surrogate pair", start);
  return value;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;

function parseNumber(cursor: Cursor): number {
  NUMBER.lastIndex = cursor.at;
  const found = NUMBER.exec(cursor.text)?.[0];
  if (found === undefined) return fail(cursor, "expected a value");
  const value = Number(found);
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) fail(cursor, "a number is beyond 2^53 - 1, which readers round");
  cursor.at += found.length;
  return value;
}

function parseWord<T>(cursor: Cursor, word: string, value: T): T {
  if (!cursor.text.startsWith(word, cursor.at)) fail(cursor, "expected a value");
  cursor.at += word.length;
  return value;
}

/** Steps over blanks. */
export function skipBlanks(cursor: Cursor): void {
  for (;;) {
    const code = cursor.text.charCodeAt(cursor.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    cursor.at++;
  }
}

/** As Go compares keys: two letters beyond ASCII count as `k` and `s`. */
function fold(key: string): string {
  return key.toLowerCase().replaceAll("\u017f", "s");
}

/** Throws the error that says where the parser stands, and why it stops. */
export function fail(cursor: Cursor, why: string, at = cursor.at): never {
  const before = cursor.text.slice(0, at);
  const line = before.split("\n").length;
  const column = at - before.lastIndexOf("\n");
  const path = formatPath(cursor.path);
  const place = `${path === "" ? "" : ` in ${path}`} at line ${line}, column ${column}`;
  throw new LadingError("SYNTAX", `Cannot decode ${cursor.what}${place}: ${why}`, {
    kind: cursor.what,
    line,
    column,
    ...(path !== "" && { path }),
  });
}

/** A place in a document as messages show it: `layers[0].annotations["a b"]`. */
export function formatPath(path: readonly (string | number)[]): string {
  const steps = path.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(step) ? `.${step}` : `[${JSON.stringify(shorten(step))}]`;
  });
  return shorten(steps.join("").replace(/^\./, ""), 300);
}

function shorten(text: string, length = 80): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
