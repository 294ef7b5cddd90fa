/**
 * The list of a package's files: what has to be known to see conflicts between packages without reading their layers.
 *
 * As bytes it is one JSON object a line, sorted by path, gzip-compressed:
 *
 * ```text
 * {"path":"usr/bin/jq","type":"file","mode":493,"uid":0,"gid":0,"size":30720,"digest":"sha256:…"}
 * {"path":"usr/bin/j","type":"symlink","mode":511,"uid":0,"gid":0,"target":"jq"}
 * ```
 *
 * Paths and targets are text; bytes that are not UTF-8 stand as `{"base64":"…"}`.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { MEDIA_TYPE } from "../oci/media-type.js";
import type { Store } from "../store/store.js";
import { type ByteStream, collect, type IoOptions } from "../stream/bytes.js";
import { compress, decompress } from "../stream/codec.js";
import type { Entry, EntryType } from "../tar/entry.js";

/** One line of the list. `path` and `target` are bytes as in `Entry.path`. */
export interface ListedFile extends Pick<Entry, "path" | "type" | "mode" | "uid" | "gid"> {
  /** Bytes; only of files. */
  readonly size?: number;
  /** Of the content; only of files, and only where it was computed. */
  readonly digest?: Digest;
  /** Of symlinks and hardlinks. */
  readonly target?: string;
}

/** Bytes that an uncompressed list may have: a million entries. */
const MAX_LIST = 512 * 1024 * 1024;
const FLUSH = 64 * 1024;
/** Lists are read far more seldom than they are written. */
const COMPRESSION = { type: "gzip", level: 1 } as const;

type Text = string | { readonly base64: string };

interface Line {
  readonly path: Text;
  readonly type: EntryType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size?: number;
  readonly digest?: Digest;
  readonly target?: Text;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it asks whether bytes are plain ASCII
const ASCII = /^[\x00-\x7f]*$/;

function toText(bytes: string): Text {
  if (ASCII.test(bytes)) return bytes;
  const buffer = Buffer.from(bytes, "latin1");
  const text = buffer.toString("utf8");
  return Buffer.from(text, "utf8").equals(buffer) ? text : { base64: buffer.toString("base64") };
}

function fromText(text: Text): string {
  if (typeof text === "object") return Buffer.from(text.base64, "base64").toString("latin1");
  return ASCII.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** Printable ASCII that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

function formatLine(file: ListedFile): string {
  const { path, type, mode, uid, gid, size, digest, target } = file;
  if (!PLAIN.test(path) || (target !== undefined && !PLAIN.test(target))) return formatAnyLine(file);
  const optional = `${size === undefined ? "" : `,"size":${size}`}${digest === undefined ? "" : `,"digest":"${digest}"`}`;
  const end = target === undefined ? "" : `,"target":"${target}"`;
  return `{"path":"${path}","type":"${type}","mode":${mode},"uid":${uid},"gid":${gid}${optional}${end}}\n`;
}

function formatAnyLine({ path, target, type, mode, uid, gid, size, digest }: ListedFile): string {
  const line: Line = {
    path: toText(path),
    type,
    mode,
    uid,
    gid,
    ...(size === undefined ? {} : { size }),
    ...(digest === undefined ? {} : { digest }),
    ...(target === undefined ? {} : { target: toText(target) }),
  };
  return `${JSON.stringify(line)}\n`;
}

const byPath = (a: ListedFile, b: ListedFile) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

async function* encodeLines(files: readonly ListedFile[]): ByteStream {
  let text = "";
  for (const file of files) {
    text += formatLine(file);
    if (text.length < FLUSH) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}

/** Stores the list of files; the same files give the same bytes in any order. */
export async function putFileList(store: Store, files: readonly ListedFile[], options: IoOptions): Promise<Descriptor> {
  const sorted = [...files].sort(byPath);
  return await store.put(MEDIA_TYPE.packageFiles, compress(encodeLines(sorted), COMPRESSION), options);
}

function toListedFile(line: Line): ListedFile {
  const { path, target, ...rest } = line;
  const isAscii = typeof path === "string" && ASCII.test(path);
  if (isAscii && (target === undefined || (typeof target === "string" && ASCII.test(target))))
    return line as ListedFile;
  return { ...rest, path: fromText(path), ...(target === undefined ? {} : { target: fromText(target) }) };
}

/** Reads a list of files, sorted by path. */
export async function readFileList(
  store: Store,
  descriptor: Descriptor,
  options: IoOptions = {},
): Promise<readonly ListedFile[]> {
  const text = await collect(decompress(store.open(descriptor, options), "gzip"), MAX_LIST, "list of files");
  // One call for all lines takes half the time of one call for each.
  const lines = JSON.parse(`[${text.toString("utf8").trimEnd().replaceAll("\n", ",")}]`) as readonly Line[];
  return lines.map(toListedFile);
}
