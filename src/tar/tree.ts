/**
 * The tree that an archive's entries make up so far: which paths are there, and whether a new one can be.
 *
 * @module
 */

import type { Entry, EntryType } from "./entry.js";
import { parentOf } from "./path.js";
import { createPathTable } from "./path-table.js";
import { tooLarge, unsafeEntry } from "./refusal.js";

/** What is known of a path. An implied directory has entries below it but none of its own. */
type Kind = "implied" | EntryType;

const KINDS: readonly Kind[] = ["implied", "directory", "file", "symlink", "hardlink", "char", "block", "fifo"];
const CODES = new Map(KINDS.map((kind, index) => [kind, index + 1]));

/** A path's number: bits 0–3 the kind, 4 whether entries lie below it, 5 whether a hardlink names it, the rest its ordinal. */
const HAS_CHILDREN = 16;
const IS_LINKED = 32;
const FLAGS = 64;
/** As many as ordinals have room for beside the flags. */
const MAX_ENTRIES = 2 ** 32 / FLAGS;

/** Paths of one archive. */
export interface Tree {
  /**
   * Takes the next entry.
   *
   * @param ordinal Its place in the archive, from 0.
   * @returns The ordinal of the earlier entry that has the same path, if there is one: the later entry is what counts.
   */
  add(entry: Entry, ordinal: number): number | undefined;
  /** Is there an entry of that path? */
  has(path: string): boolean;
  /** Gives the memory back at once. */
  close(): void;
}

/**
 * An empty tree, 16 bytes of table for each path.
 *
 * `add()` throws {@link LadingError} `UNSAFE_ENTRY` for an entry below something that is no directory, for one that takes the
 * place of a directory which earlier entries lie in, for a hardlink whose target is not an earlier file, for one that takes
 * the place of a file which an earlier hardlink names, and for a symlink whose relative target climbs out of the root by its
 * own text; `TOO_LARGE` for more than 67 million entries or 12 million paths.
 */
export function createTree(): Tree {
  const table = createPathTable();
  let lastParent: string | undefined;

  const enterParent = (entry: Entry, parent: string): void => {
    const value = table.get(parent);
    const kind = kindOf(value);
    if (kind === undefined) {
      if (parent !== "") enterParent(entry, parentOf(parent));
      table.set(parent, pack("implied", 0, HAS_CHILDREN));
      return;
    }
    if (kind !== "implied" && kind !== "directory") {
      throw unsafeEntry(entry.path, `it lies below a ${kind} of the same archive`);
    }
    // A directory with entries below it stays one: replace() sees to that.
    if ((value & HAS_CHILDREN) === 0) table.set(parent, value | HAS_CHILDREN);
  };
  const link = (entry: Entry, target: string): void => {
    const value = table.get(target);
    const kind = kindOf(value);
    if (target === entry.path) throw unsafeEntry(entry.path, "it is a hard link to itself");
    if (kind !== "file" && kind !== "hardlink") {
      throw unsafeEntry(entry.path, "it is a hard link to what is not an earlier file of the same archive");
    }
    table.set(target, value | IS_LINKED);
  };
  return {
    add(entry, ordinal) {
      if (ordinal >= MAX_ENTRIES) throw tooLarge("the count of entries", MAX_ENTRIES, ordinal + 1);
      const { path, type, linkpath } = entry;
      const parent = parentOf(path);
      if (path !== "" && parent !== lastParent) {
        enterParent(entry, parent);
        lastParent = parent;
      }
      if (type === "hardlink") link(entry, linkpath ?? "");
      if (type === "symlink") refuseClimbing(path, linkpath ?? "");
      const before = table.get(path);
      table.set(path, pack(type, ordinal, replace(entry, before)));
      const kind = kindOf(before);
      return kind === undefined || kind === "implied" ? undefined : Math.floor((before >>> 0) / FLAGS);
    },
    has: (path) => {
      const kind = kindOf(table.get(path));
      return kind !== undefined && kind !== "implied";
    },
    close: table.close,
  };
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
  return KINDS[(value & 15) - 1];
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
