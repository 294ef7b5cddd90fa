/**
 * Strict JSON: documents that every reader understands alike, or no document at all.
 *
 * Parsers differ on duplicate keys, on keys that differ in case only (Go takes `Layers` for `layers`), on a byte-order
 * mark, on bytes after the value and on large numbers; whoever signs one meaning may run another. All of that is refused
 * here, so lading and the tools after it see the same document. This is I-JSON, and a little stricter.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7493#section-2
 * @module
 */

import { LadingError } from "../errors.js";
import { type Cursor, fail, type Names, parseValue, skipBlanks } from "./json-parser.js";

/** Bytes of a document that lading reads (4 MiB): what registries and other tools accept at most. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
const MAX_DEPTH = 64;

export interface DecodeJsonOptions {
  /** What the document is, for messages: `manifest`. */
  readonly what: string;
  /** Bytes that are allowed (4 MiB). */
  readonly maxBytes?: number | undefined;
  /** Objects and lists within each other that are allowed (64). */
  readonly maxDepth?: number | undefined;
  /** Names whose case variants are refused (none). */
  readonly names?: Names | undefined;
}

/**
 * Decodes a JSON document. Objects are plain and hold their keys as own properties; `constructor` is a key like any other.
 *
 * @throws {LadingError} `TOO_LARGE` above `maxBytes`.
 * @throws {LadingError} `SYNTAX`, with line and column, for anything but one JSON value in UTF-8: a byte-order mark, a key
 * twice, a case variant of one of `names`, the key `__proto__`, half a surrogate pair, a number beyond 2^53, nesting
 * deeper than `maxDepth`, anything after the value.
 */
export function decodeJson(bytes: Uint8Array, options: DecodeJsonOptions): unknown {
  const { what, maxBytes = MAX_DOCUMENT_BYTES, maxDepth = MAX_DEPTH, names } = options;
  if (bytes.byteLength > maxBytes) {
    const message = `Cannot decode ${what}: it has ${bytes.byteLength} bytes, expected at most ${maxBytes}`;
    throw new LadingError("TOO_LARGE", message, { what, limit: maxBytes, actual: bytes.byteLength });
  }
  const cursor: Cursor = { text: decodeText(bytes, what), what, maxDepth, path: [], at: 0 };
  const value = parseValue(cursor, names);
  skipBlanks(cursor);
  if (cursor.at < cursor.text.length) fail(cursor, "there is more after the end, expected one JSON value");
  return value;
}

function decodeText(bytes: Uint8Array, what: string): string {
  const start: Cursor = { text: "", what, maxDepth: 0, path: [], at: 0 };
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    fail(start, "it starts with a byte-order mark, expected UTF-8 without one");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail(start, "it is not UTF-8, expected JSON in UTF-8");
  }
}

/**
 * Encodes a value as JSON without blanks. Objects keep the order of their keys, as built; a `Map` is written as an object
 * whose keys are sorted bytewise. (A plain object cannot hold `"10"` before `"9"`: JavaScript moves such keys.) Fields that
 * are `undefined` are left out.
 *
 * @throws {TypeError} for what JSON cannot hold: `undefined` elsewhere, `NaN`, an infinity, a function.
 */
export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(formatJson(value));
}

function formatJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formatJson).join(",")}]`;
  if (value instanceof Map) return formatMembers([...value].sort(([a], [b]) => compareBytes(a, b)));
  if (typeof value === "object" && value !== null) return formatMembers(Object.entries(value));
  const text = typeof value === "number" && !Number.isFinite(value) ? undefined : JSON.stringify(value);
  if (text === undefined) throw new TypeError(`Cannot encode ${String(value)} as JSON`);
  return text;
}

function formatMembers(entries: readonly (readonly [string, unknown])[]): string {
  const present = entries.filter(([, value]) => value !== undefined);
  return `{${present.map(([key, value]) => `${JSON.stringify(key)}:${formatJson(value)}`).join(",")}}`;
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
