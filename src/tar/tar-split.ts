/**
 * tar-split: everything of an archive but its files' content, so that the archive can be put together again from files.
 *
 * JSON lines, in archive order:
 *
 * ```text
 * {"type":2,"payload":"…","position":0}                        raw bytes in base64: padding, header blocks, the end
 * {"type":1,"name":"…","size":5,"payload":"…","position":1}    a file: its content stands here; CRC-64 in base64
 * {"type":1,"name":"…","payload":null,"position":2}            an entry without content
 * ```
 *
 * One line of raw bytes stands before each entry and holds all of its header blocks.
 *
 * @see https://github.com/vbatts/tar-split/blob/v0.11.6/tar/storage/entry.go
 * @module
 */

import { LadingError } from "../errors.js";
import { decodeJson, encodeJson } from "../oci/json.js";
import { recordOf, scalarOf, textOf } from "../oci/shape.js";
import type { ByteStream } from "../stream/bytes.js";

/** A part of the archive. */
export type SplitPart =
  | { readonly kind: "raw"; readonly bytes: Buffer }
  /** `size` in bytes; `sum` is 8 bytes, or none where there is no content. */
  | { readonly kind: "file"; readonly name: string; readonly size: number; readonly sum: Buffer };

interface Line {
  readonly type: 1 | 2;
  readonly name?: string;
  readonly name_raw?: string;
  readonly size?: number;
  readonly payload?: string;
  readonly position?: number;
}

/** Bytes of one line that are read. */
const MAX_LINE = 16 * 1024 * 1024;
const NEWLINE = 0x0a;
const WHAT = "tar-split line";

const SIZE = scalarOf("bytes", (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0);
const BASE64 = textOf("standard base64", /^[A-Za-z0-9+/]*={0,2}$/);
const LINE_SHAPE = recordOf<Line>(
  {
    type: scalarOf("1 or 2", (value): value is 1 | 2 => value === 1 || value === 2),
    name: scalarOf("a text", (value): value is string => typeof value === "string"),
    name_raw: BASE64,
    size: SIZE,
    payload: BASE64,
    position: SIZE,
  },
  { required: ["type"] },
);

/** Encodes one line. `position` counts lines from 0. */
export function encodeSplitPart(part: SplitPart, position: number): Uint8Array {
  const isFile = part.kind === "file";
  const bytes = isFile ? part.sum : part.bytes;
  const payload = isFile && part.size === 0 ? null : bytes.toString("base64");
  const file = isFile && { name: part.name, ...(part.size > 0 && { size: part.size }) };
  const line = encodeJson({ type: isFile ? 1 : 2, ...file, payload, position });
  return Buffer.concat([line, Buffer.of(NEWLINE)]);
}

/**
 * Reads the parts of an uncompressed tar-split.
 *
 * @throws {LadingError} `SYNTAX` for a line that is not as above; `TOO_LARGE` for one of over 16 MiB.
 */
export async function* readTarSplit(stream: ByteStream): AsyncGenerator<SplitPart> {
  for await (const line of readLines(stream)) {
    if (line.length > 0) yield decodeSplitPart(line);
  }
}

function decodeSplitPart(bytes: Buffer): SplitPart {
  const json = decodeJson(bytes, { what: WHAT, maxBytes: MAX_LINE, names: LINE_SHAPE.names });
  const { type, name = "", name_raw, size = 0, payload = "" } = LINE_SHAPE.read(json, { what: WHAT });
  const content = Buffer.from(payload, "base64");
  if (type === 2) return { kind: "raw", bytes: content };
  const text = name_raw === undefined ? name : Buffer.from(name_raw, "base64").toString();
  return { kind: "file", name: text, size, sum: content };
}

async function* readLines(stream: ByteStream): AsyncGenerator<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  const add = (bytes: Uint8Array): void => {
    length += bytes.byteLength;
    if (length > MAX_LINE) {
      const message = `Cannot read ${WHAT}: it is larger than ${MAX_LINE} bytes`;
      throw new LadingError("TOO_LARGE", message, { what: WHAT, limit: MAX_LINE });
    }
    parts.push(Buffer.from(bytes));
  };
  for await (const chunk of stream) {
    let at = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, at)) {
      add(chunk.subarray(at, end));
      yield Buffer.concat(parts.splice(0));
      length = 0;
      at = end + 1;
    }
    add(chunk.subarray(at));
  }
  if (length > 0) yield Buffer.concat(parts);
}
