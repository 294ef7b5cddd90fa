/**
 * The list of a package's files: what has to be known to see conflicts between packages without reading their layers.
 *
 * As bytes it is one JSON object a line, in the order of the archive, gzip-compressed:
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
import { type Digest, digestOf } from "../oci/digest.js";
import { MEDIA_TYPE } from "../oci/media-type.js";
import type { Store } from "../store/store.js";
import { loadBlockEncoder } from "../stream/block.js";
import { type ByteStream, fromBytes, type IoOptions } from "../stream/bytes.js";
import { decompress } from "../stream/codec.js";
import type { OpenScratch } from "../stream/spool.js";
import { verified } from "../stream/verify.js";
import type { Entry, EntryType } from "../tar/entry.js";
import { createListMembers } from "./list-members.js";
import { createOutlineBuilder, type Outline } from "./outline.js";

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
/** Bytes of lines from which they become a gzip member. Part of what makes the bytes. */
const MEMBER = 256 * 1024;
/** Bytes of a compressed list that may stand in a descriptor. */
const MAX_INLINE = 4 * 1024;
/** Bytes of the longest line: path and target have at most 4096 bytes, of which JSON makes at most six times as many. */
const MAX_LINE = 64 * 1024;
/** Bytes of lines that there is room for at first: most lists are short. */
const FIRST_LINES = 16 * 1024;
/** Bytes of lines that are parsed at once: few enough to be gone before the collector looks for what lasts. */
const PART = 16 * 1024;
/** Lists are read far more seldom than they are written. */
const LEVEL = 1;
const NEWLINE = 0x0a;

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

/** More room for lines; at its largest it holds a member and the longest line. */
function grown(lines: Buffer, filled: number, wanted: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(Math.min(MEMBER + MAX_LINE, Math.max(4 * lines.length, filled + wanted)));
  larger.set(lines.subarray(0, filled));
  return larger;
}

/** A list of files as it grows. */
export interface FileListEncoder {
  add(file: ListedFile): void;
  /** Files so far. */
  readonly size: number;
  /** The files so far, as often as they are asked for. */
  [Symbol.iterator](): Iterator<ListedFile>;
  /** No more files come. */
  end(): void;
  /** The list's bytes once it has ended, in chunks that are valid until the next one. */
  bytes(): Iterable<Uint8Array>;
  /** The list's bytes once it has ended, where it is short. */
  readonly short: Uint8Array | undefined;
  /** Of the files, once the list has ended; undefined where there are too many. */
  outline(): Outline | undefined;
  /** Gives file and memory back. */
  close(): void;
}

/**
 * Begins a list; the same files in the same order give the same bytes.
 *
 * @param openScratch Where the bytes of a long list wait (in memory).
 */
export async function createFileListEncoder(openScratch?: OpenScratch): Promise<FileListEncoder> {
  const encode = await loadBlockEncoder("gzip", LEVEL);
  const members = createListMembers(MEMBER + MAX_LINE, openScratch);
  let lines = Buffer.allocUnsafeSlow(FIRST_LINES);
  const outline = createOutlineBuilder();
  let filled = 0;
  let size = 0;
  const flush = () => {
    members.add(encode(lines.subarray(0, filled)));
    filled = 0;
  };
  return {
    add(file) {
      outline.add(file);
      const line = formatLine(file);
      if (filled + 3 * line.length > lines.length) lines = grown(lines, filled, 3 * line.length);
      filled += lines.write(line, filled);
      size++;
      if (filled >= MEMBER) flush();
    },
    get size() {
      return size;
    },
    *[Symbol.iterator]() {
      for (const part of members.inflated()) yield* parseParts(part);
      yield* parseParts(lines.subarray(0, filled));
    },
    end() {
      if (filled > 0 || members.count === 0) flush();
    },
    bytes: members.read,
    get short() {
      if (members.count !== 1) return undefined;
      const [first] = members.read();
      return first !== undefined && first.byteLength <= MAX_INLINE ? first : undefined;
    },
    outline: outline.end,
    close() {
      members.close();
      lines = Buffer.alloc(0);
      filled = 0;
    },
  };
}

/** How a list is stored. */
export interface PutFileListOptions extends IoOptions {
  /** Put a list of at most 4 KiB into its descriptor instead of the store (no). */
  readonly isInline?: boolean | undefined;
}

/** Stores a list of files. */
export async function putFileList(
  store: Store,
  list: FileListEncoder,
  { isInline = false, signal }: PutFileListOptions = {},
): Promise<Descriptor> {
  const mediaType = MEDIA_TYPE.packageFiles;
  list.end();
  const { short } = list;
  if (isInline && short !== undefined) {
    const data = Buffer.from(short).toString("base64");
    return { mediaType, digest: digestOf(short), size: short.byteLength, data };
  }
  async function* bytes(): ByteStream {
    yield* list.bytes();
  }
  return await store.put(mediaType, bytes(), { signal });
}

/** The bytes of a list, from its descriptor where they stand in it. */
function openBytes(store: Store, descriptor: Descriptor, options: IoOptions): ByteStream {
  const { data, digest, size } = descriptor;
  if (data === undefined) return store.open(descriptor, options);
  return verified(fromBytes(Buffer.from(data, "base64")), { digest, size, what: "list of files" });
}

function toListedFile(line: Line): ListedFile {
  const { path, target, ...rest } = line;
  const isAscii = typeof path === "string" && ASCII.test(path);
  if (isAscii && (target === undefined || (typeof target === "string" && ASCII.test(target))))
    return line as ListedFile;
  return { ...rest, path: fromText(path), ...(target === undefined ? {} : { target: fromText(target) }) };
}

function parseLines(text: string): readonly ListedFile[] {
  // One call for all lines takes half the time of one call for each.
  const lines = JSON.parse(`[${text.trimEnd().replaceAll("\n", ",")}]`) as readonly Line[];
  return lines.map(toListedFile);
}

/** The files of whole lines, few of them at a time. */
function* parseParts(lines: Buffer): Generator<ListedFile> {
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf(NEWLINE, Math.min(at + PART, lines.length - 1)) + 1;
    yield* parseLines(lines.toString("utf8", at, end));
    at = end;
  }
}

/** The files of a list in their order, some hundreds at once. Throws `TOO_LARGE` above 512 MiB of lines. */
export async function* openFileList(
  store: Store,
  descriptor: Descriptor,
  options: IoOptions = {},
): AsyncGenerator<readonly ListedFile[]> {
  let rest = Buffer.alloc(0);
  const limits = { maxBytes: MAX_LIST };
  for await (const chunk of decompress(openBytes(store, descriptor, options), "gzip", {
    what: "list of files",
    limits,
  })) {
    for (let at = 0; at < chunk.byteLength; at += PART) {
      const part = chunk.subarray(at, at + PART);
      const end = part.lastIndexOf(NEWLINE) + 1;
      if (end > 0) yield parseLines(Buffer.concat([rest, part.subarray(0, end)]).toString("utf8"));
      rest = Buffer.concat([end > 0 ? Buffer.alloc(0) : rest, part.subarray(end)]);
    }
  }
}

/** The files of a list, all at once. Throws as {@link openFileList}. */
export async function readFileList(
  store: Store,
  descriptor: Descriptor,
  options: IoOptions = {},
): Promise<readonly ListedFile[]> {
  const files: ListedFile[] = [];
  for await (const batch of openFileList(store, descriptor, options)) for (const file of batch) files.push(file);
  return files;
}
