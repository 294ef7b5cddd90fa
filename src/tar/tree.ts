/**
 * The tree that an archive's entries make up so far: which paths are there, and whether a new one can be.
 *
 * @module
 */

import type { Entry, EntryType } from "./entry.js";
import { isFolderOf, parentOf } from "./path.js";
import { closeTable, createPathTable, type PathTable, pathNumber, setPathNumber } from "./path-table.js";
import { tooLarge, unsafeEntry } from "./refusal.js";

/** What is known of a path. An implied directory has entries below it but none of its own. */
type Kind = "implied" | EntryType;

/** By code; 0 stands for a path that is not there. */
const KINDS = [undefined, "implied", "directory", "file", "symlink", "hardlink", "char", "block", "fifo"] as const;
const CODES = new Map<Kind | undefined, number>(KINDS.map((kind, code) => [kind, code]));

/** A path's number: bits 0–3 the kind's code, 4 whether entries lie below it, 5 whether a hardlink names it, the rest its ordinal. */
const HAS_CHILDREN = 16;
const IS_LINKED = 32;
const FLAGS = 64;
/** As many as ordinals have room for beside the flags. */
const MAX_ENTRIES = 2 ** 32 / FLAGS;

/** Paths of one archive. */
export interface Tree {
  readonly table: PathTable;
  /** The folder of the entry before, which is there. */
  lastParent: string | undefined;
}

/** An empty tree. It takes 16 bytes of table for each path. */
export function createTree(): Tree {
  return { table: createPathTable(), lastParent: undefined };
}

/**
 * Takes the next entry.
 *
 * @param ordinal Its place in the archive, from 0.
 * @returns The ordinal of the earlier entry that has the same path, if there is one: the later entry is what counts.
 * @throws {LadingError} `UNSAFE_ENTRY` for an entry below something that is no directory, for one that takes the place of a
 * directory which earlier entries lie in, for a hardlink whose target is not an earlier file, for one that takes the place
 * of a file which an earlier hardlink names, and for a symlink whose relative target climbs out of the root by its own text;
 * `TOO_LARGE` for more than 67 million entries or 12 million paths.
 */
export function addToTree(tree: Tree, entry: Entry, ordinal: number): number | undefined {
  if (ordinal >= MAX_ENTRIES) throw tooLarge("the count of entries", MAX_ENTRIES, ordinal + 1);
  const { table } = tree;
  const { path, type, linkpath } = entry;
  if (path !== "" && !isFolderOf(tree.lastParent, path)) {
    const parent = parentOf(path);
    enterParent(table, entry, parent);
    tree.lastParent = parent;
  }
  if (type === "hardlink") link(table, entry, linkpath ?? "");
  if (type === "symlink") refuseClimbing(path, linkpath ?? "");
  const before = pathNumber(table, path);
  setPathNumber(table, path, pack(type, ordinal, replace(entry, before)));
  const kind = kindOf(before);
  return kind === undefined || kind === "implied" ? undefined : Math.floor((before >>> 0) / FLAGS);
}

/** Is there an entry of that path? */
export function hasEntry({ table }: Tree, path: string): boolean {
  const kind = kindOf(pathNumber(table, path));
  return kind !== undefined && kind !== "implied";
}

/** Gives the memory back at once. */
export function closeTree({ table }: Tree): void {
  closeTable(table.numbers);
}

function enterParent(table: PathTable, entry: Entry, parent: string): void {
  const value = pathNumber(table, parent);
  const kind = kindOf(value);
  if (kind === undefined) {
    if (parent !== "") enterParent(table, entry, parentOf(parent));
    setPathNumber(table, parent, pack("implied", 0, HAS_CHILDREN));
    return;
  }
  if (kind !== "implied" && kind !== "directory") {
    throw unsafeEntry(entry.path, `it lies below a ${kind} of the same archive`);
  }
  // A directory with entries below it stays one: replace() sees to that.
  if ((value & HAS_CHILDREN) === 0) setPathNumber(table, parent, value | HAS_CHILDREN);
}

function link(table: PathTable, entry: Entry, target: string): void {
  const value = pathNumber(table, target);
  const kind = kindOf(value);
  if (target === entry.path) throw unsafeEntry(entry.path, "it is a hard link to itself");
  if (kind !== "file" && kind !== "hardlink") {
    throw unsafeEntry(entry.path, "it is a hard link to what is not an earlier file of the same archive");
  }
  setPathNumber(table, target, value | IS_LINKED);
}

/** The flags that an entry keeps of what stood in its place. */
function replace({ path, type }: Entry, before: number): number {
  if (type !== "directory" && (before & HAS_CHILDREN) !== 0) {
    throw unsafeEntry(path, `it is a ${type} in the place of a directory that earlier entries lie in`);
  }
  if ((before & IS_LINKED) !== 0)
    throw unsafeEntry(path, "it takes the place of a file that an earlier hard link names");
  return before & HAS_CHILDREN;
}

function pack(kind: Kind, ordinal: number, flags: number): number {
  return (CODES.get(kind) ?? 0) + flags + ordinal * FLAGS;
}

function kindOf(value: number): Kind | undefined {
  return KINDS[value & 15];
}

/** Inside a container the root is its own parent, but whoever resolves the link elsewhere would leave the image. */
function refuseClimbing(path: string, target: string): void {
  if (target.startsWith("/") || !target.includes("..")) return;
  let depth = path.split("/").length - 1;
  for (const component of target.split("/")) {
    if (component === "..") depth--;
    else if (component !== "" && component !== ".") depth++;
    if (depth < 0) throw unsafeEntry(path, "it is a symbolic link whose target climbs out of the root");
  }
}
