/**
 * An archive's entries chosen, moved and flattened, without unpacking it.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Entry } from "./entry.js";
import { createFilter, type Filter } from "./filter.js";
import { flattenEntry } from "./single-id.js";
import { folderOf, type Transform } from "./transform.js";

/** What has to be known of an entry to decide what becomes of it. */
export interface PlannedEntry extends Pick<Entry, "path" | "type"> {
  /** Of a hard link. */
  readonly target?: string | undefined;
}

export interface TransformPlan {
  /** Folders that come first. */
  readonly before: readonly Entry[];
  /** What an entry becomes; undefined where it is left out. */
  map(entry: Entry): Entry | undefined;
  /** Why the archive is not what it was, one sentence each. */
  readonly reasons: readonly string[];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it asks whether bytes are plain ASCII
const ASCII = /^[\x00-\x7f]*$/;
const toText = (path: string) => (ASCII.test(path) ? path : Buffer.from(path, "latin1").toString("utf8"));

/** `a`, `a/b` for `a/b/c`. */
function parentsOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"));
}

/** What is taken: entries that the filter accepts, and the folders on the way to them. */
function choose(entries: readonly PlannedEntry[], filter: Filter): ReadonlySet<string> {
  const accepted = entries.filter(
    ({ path, type }) => path !== "" && filter.accepts(toText(path), type === "directory"),
  );
  const chosen = new Set(accepted.map(({ path }) => path));
  const ways = new Set(accepted.flatMap(({ path }) => parentsOf(path)));
  for (const { path, type } of entries) {
    if (path === "" || (type === "directory" && ways.has(path))) chosen.add(path);
  }
  return chosen;
}

/** Hard links by the file that they are names of, at last: each link's file, and the first link of each file that goes. */
function planLinks(entries: readonly PlannedEntry[], isTaken: (path: string) => boolean) {
  const files = new Map<string, string>();
  const heirs = new Map<string, string>();
  for (const { path, type, target = "" } of entries) {
    if (type !== "hardlink") continue;
    const file = files.get(target) ?? target;
    files.set(path, file);
    if (isTaken(path) && !isTaken(file) && !heirs.has(file)) heirs.set(file, path);
  }
  return { files, heirs };
}

function newFolder(path: string, mtime: number): Entry {
  return { path, type: "directory", mode: 0o755, uid: 0, gid: 0, mtime, size: 0 };
}

function refuseEmpty({ include = [], exclude = [] }: Transform): LadingError<"NOT_FOUND"> {
  const globs = [...include, ...exclude.map((glob) => `not ${glob}`)].join(", ");
  const message = `Cannot choose files by ${JSON.stringify(globs)}: none would be left, expected one at least; choose others`;
  return new LadingError("NOT_FOUND", message, { what: "file", name: globs });
}

function reasonsOf(at: string, leftOut: number, { singleId }: Transform): readonly string[] {
  return [
    ...(at === "" ? [] : [`its files go below "/${toText(at)}"`]),
    ...(leftOut === 0 ? [] : [`${leftOut} of its entries are left out`]),
    ...(singleId ? ["its owners and permissions are flattened"] : []),
  ];
}

/**
 * Decides what becomes of every entry of an archive.
 *
 * A folder on the way to something that is taken comes along, so that it keeps its mode. Where a file is left out and a hard
 * link to it is not, the file takes the name of the first such link.
 *
 * @param entries All that the archive has, in its order, each path once.
 * @throws {LadingError} `SYNTAX` for a folder or a glob that is none; `NOT_FOUND` where nothing would be left.
 */
export function planTransform(entries: readonly PlannedEntry[], transform: Transform): TransformPlan {
  const { include = [], exclude = [], singleId = false, epoch = 0 } = transform;
  const at = folderOf(transform.at);
  const isAll = include.length === 0 && exclude.length === 0;
  const chosen = isAll ? undefined : choose(entries, createFilter({ include, ignore: exclude }));
  const isTaken = (path: string) => chosen === undefined || chosen.has(path);
  const leftOut = entries.filter(({ path }) => !isTaken(path)).length;
  const isEmpty = chosen !== undefined && ![...chosen].some((path) => path !== "");
  if (isEmpty) throw refuseEmpty(transform);
  const { files, heirs } = planLinks(entries, isTaken);
  const taken = new Set(heirs.values());
  const place = (path: string) => (at === "" ? path : path === "" ? at : `${at}/${path}`);
  const move = (entry: Entry): Entry | undefined => {
    const { path, type, linkpath = "" } = entry;
    const heir = heirs.get(path);
    if (heir !== undefined) return { ...entry, path: place(heir) };
    if (!isTaken(path) || taken.has(path)) return undefined;
    if (type !== "hardlink") return at === "" ? entry : { ...entry, path: place(path) };
    const file = files.get(path) ?? linkpath;
    return { ...entry, path: place(path), linkpath: place(heirs.get(file) ?? file) };
  };
  const hasRoot = entries.some(({ path }) => path === "");
  const folders = at === "" ? [] : [...parentsOf(at), ...(hasRoot ? [] : [at])];
  return {
    before: folders.map((path) => newFolder(path, epoch)),
    map(entry) {
      const moved = move(entry);
      return moved !== undefined && singleId ? flattenEntry(moved) : moved;
    },
    reasons: reasonsOf(at, leftOut, transform),
  };
}
