/**
 * An archive's entries chosen, moved and flattened, without unpacking it.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Entry } from "./entry.js";
import { createFilter, type Filter } from "./filter.js";
import { parentOf, parentsOf } from "./path.js";
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

type IsTaken = (entry: PlannedEntry) => boolean;

/** What is taken: entries that the filter accepts, and the folders on the way to them. None but the root is refused. */
function choose(entries: Iterable<PlannedEntry>, filter: Filter, refuse: () => LadingError): IsTaken {
  const isAccepted = ({ path, type }: PlannedEntry) =>
    path !== "" && filter.accepts(toText(path), type === "directory");
  const ways = new Set<string>();
  let isEmpty = true;
  let last = "";
  for (const entry of entries) {
    if (!isAccepted(entry)) continue;
    isEmpty = false;
    const parent = parentOf(entry.path);
    if (parent !== last) for (const way of parentsOf(entry.path)) ways.add(way);
    last = parent;
  }
  if (isEmpty) throw refuse();
  return (entry) => {
    const { path, type } = entry;
    return path === "" || (type === "directory" && ways.has(path)) || isAccepted(entry);
  };
}

/** Hard links by the file that they are names of, at last: each link's file, and the first link of each file that goes. */
function planLinks(entries: Iterable<PlannedEntry>, isTaken: IsTaken) {
  const files = new Map<string, string>();
  const heirs = new Map<string, string>();
  let [leftOut, hasRoot] = [0, false];
  for (const entry of entries) {
    const { path, type, target = "" } = entry;
    const taken = isTaken(entry);
    if (path === "") hasRoot = true;
    if (!taken) leftOut++;
    if (type !== "hardlink") continue;
    const file = files.get(target) ?? target;
    files.set(path, file);
    if (taken && !isTaken({ path: file, type: "file" }) && !heirs.has(file)) heirs.set(file, path);
  }
  return { files, heirs, leftOut, hasRoot };
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
 * @param entries All that the archive has, in its order, each path once; gone through twice.
 * @throws {LadingError} `SYNTAX` for a folder or a glob that is none; `NOT_FOUND` where nothing would be left.
 */
export function planTransform(entries: Iterable<PlannedEntry>, transform: Transform): TransformPlan {
  const { include = [], exclude = [], singleId = false, epoch = 0 } = transform;
  const at = folderOf(transform.at);
  const isAll = include.length === 0 && exclude.length === 0;
  const isTaken: IsTaken = isAll
    ? () => true
    : choose(entries, createFilter({ include, ignore: exclude }), () => refuseEmpty(transform));
  const { files, heirs, leftOut, hasRoot } = planLinks(entries, isTaken);
  const taken = new Set(heirs.values());
  const place = (path: string) => (at === "" ? path : path === "" ? at : `${at}/${path}`);
  const move = (entry: Entry): Entry | undefined => {
    const { path, type, linkpath = "" } = entry;
    const heir = heirs.get(path);
    if (heir !== undefined) return { ...entry, path: place(heir) };
    if (taken.has(path) || !isTaken(entry)) return undefined;
    if (type !== "hardlink") return at === "" ? entry : { ...entry, path: place(path) };
    const file = files.get(path) ?? linkpath;
    return { ...entry, path: place(path), linkpath: place(heirs.get(file) ?? file) };
  };
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
