/**
 * What may be a path in a layer.
 *
 * @module
 */

import { tooLarge, unsafeEntry } from "./refusal.js";

export { escapePath } from "./escape.js";

/** Bytes of one name, Linux's `NAME_MAX`. */
const MAX_COMPONENT = 255;
/** Bytes of a path, Linux's `PATH_MAX`. */
const MAX_PATH = 4096;
const MAX_DEPTH = 1024;

const SLASH = 0x2f;
const DOT = 0x2e;

/** The prefix of whiteouts. See https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts */
export const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

/**
 * The safe relative form of a name in an archive, as in `Entry.path`.
 *
 * Leading `/` and `./`, `.` components, doubled slashes and a trailing slash go away. Backslashes, drive letters and bytes
 * that are not UTF-8 are ordinary. The root directory is `""`.
 *
 * @param raw The name, one character per byte.
 * @throws {LadingError} `UNSAFE_ENTRY` for an empty name, a `..` component, a NUL, and for a name that means the root or
 * ends in a slash where it is no directory's; `TOO_LARGE` for a component over 255 bytes, a path over 4096, or more than
 * 1024 components.
 */
export function entryPath(raw: string, isDirectory: boolean): string {
  if (raw === "") throw unsafeEntry(raw, "its name is empty");
  if (raw.length > MAX_PATH) throw tooLarge("a path, in bytes,", MAX_PATH, raw.length);
  const path = isPlain(raw) ? trim(raw) : rebuild(raw);
  if (path === "" && !isDirectory) throw unsafeEntry(raw, "it takes the place of the root directory");
  if (!isDirectory && raw.charCodeAt(raw.length - 1) === SLASH) {
    throw unsafeEntry(raw, "its name ends in a slash, but it is not a directory");
  }
  return path;
}

/** Checks every component; true when there is nothing to take out but a leading `./` and a trailing `/`. */
function isPlain(raw: string): boolean {
  const end = raw.charCodeAt(raw.length - 1) === SLASH ? raw.length - 1 : raw.length;
  let plain = true;
  let depth = 0;
  let from = 0;
  for (let at = 0; at <= end; at++) {
    const code = at === end ? SLASH : raw.charCodeAt(at);
    if (code === 0) throw unsafeEntry(raw, "its name holds a NUL");
    if (code !== SLASH) continue;
    const length = at - from;
    if (length === 0) plain = false;
    else if (length > MAX_COMPONENT) throw tooLarge("a name, in bytes,", MAX_COMPONENT, length);
    else if (raw.charCodeAt(from) === DOT && length <= 2 && raw.charCodeAt(at - 1) === DOT) {
      if (length === 2) throw unsafeEntry(raw, "its name has a .. in it");
      if (from > 0) plain = false;
    }
    depth++;
    from = at + 1;
  }
  if (depth > MAX_DEPTH) throw tooLarge("the depth of a path", MAX_DEPTH, depth);
  return plain;
}

function trim(raw: string): string {
  const end = raw.charCodeAt(raw.length - 1) === SLASH ? raw.length - 1 : raw.length;
  const start = raw.charCodeAt(0) === DOT && (end === 1 || raw.charCodeAt(1) === SLASH) ? 2 : 0;
  return start >= end ? "" : raw.slice(start, end);
}

function rebuild(raw: string): string {
  return raw
    .split("/")
    .filter((component) => component !== "" && component !== ".")
    .join("/");
}

/** Is it the form that {@link entryPath} gives, but for one leading `./` and a trailing `/`? */
export function isPlainName(raw: string, path: string): boolean {
  const end = raw.length - (raw.charCodeAt(raw.length - 1) === SLASH ? 1 : 0);
  if (path === "") return raw === "." || raw === "./";
  const lead = end - path.length;
  return lead === 0 || (lead === 2 && raw.startsWith("./"));
}

/** What a whiteout hides: one path of the layers below, or everything that they have in a directory. */
export interface Whiteout {
  readonly kind: "remove" | "opaque";
  /** As in `Entry.path`. */
  readonly path: string;
}

/**
 * What the entry at `path` hides, if it is a whiteout.
 *
 * @param path As {@link entryPath} gives it.
 * @param isEmptyFile Is it a regular file of 0 bytes, as every whiteout has to be?
 * @throws {LadingError} `UNSAFE_ENTRY` for a whiteout of `""`, `.`, `..` or of a whiteout, one that is not an empty file,
 * and for anything inside a whiteout.
 */
export function whiteoutOf(path: string, isEmptyFile: boolean): Whiteout | undefined {
  if (!path.includes(WHITEOUT)) return undefined;
  const slash = path.lastIndexOf("/");
  const parent = slash < 0 ? "" : path.slice(0, slash);
  if (`/${parent}`.includes(`/${WHITEOUT}`)) throw unsafeEntry(path, "it lies inside a whiteout");
  const name = path.slice(slash + 1);
  if (!name.startsWith(WHITEOUT)) return undefined;
  if (!isEmptyFile) throw unsafeEntry(path, "it is a whiteout, but not an empty file");
  if (name === OPAQUE) return { kind: "opaque", path: parent };
  const hidden = name.slice(WHITEOUT.length);
  if (hidden === "" || hidden === "." || hidden === ".." || hidden.startsWith(WHITEOUT)) {
    throw unsafeEntry(path, "it is a whiteout of nothing that can exist");
  }
  return { kind: "remove", path: parent === "" ? hidden : `${parent}/${hidden}` };
}

/** Is `folder` the folder of `path`? Asked for each entry of an archive, where taking the folder's name would be slow. */
export function isFolderOf(folder: string | undefined, path: string): boolean {
  if (folder === undefined) return false;
  const from = folder === "" ? 0 : folder.length + 1;
  if (path.indexOf("/", from) >= 0) return false;
  return from === 0 || (path.charCodeAt(from - 1) === SLASH && path.startsWith(folder));
}

/** The folder of a path, empty for one at the top. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/** The folders on the way to a path, from the top: `a`, `a/b` for `a/b/c`. */
export function parentsOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"));
}
