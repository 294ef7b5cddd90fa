/**
 * The parts of a root file system that layers make: inodes, the names that lead to them, and how a path is followed.
 *
 * @module
 */

import type { Digest } from "../oci/digest.js";
import type { EntryType } from "../tar/entry.js";
import { unsafeEntry } from "../tar/refusal.js";

/** What a name leads to; hard links are names of one inode. */
export interface Inode {
  /** Never `hardlink`, but where a hard link's target is nowhere. */
  readonly type: EntryType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; 0 unless it is a file. */
  readonly size: number;
  /** Of a file's content. */
  readonly digest?: Digest | undefined;
  /** Of a symlink; of a hard link that leads nowhere. As in `Entry.path`. */
  readonly target?: string | undefined;
  /** `major:minor`. */
  readonly device?: string | undefined;
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
  /** Number of the layer that it comes from, lowest 0. */
  readonly layer: number;
  /** Is it a folder that no entry names, only the path of what lies in it? */
  readonly isImplied: boolean;
  /** Names that lead here. */
  links: number;
  /** Which entry gave it, by the number that came with that; of a directory the last one. */
  source: number | undefined;
}

/** A name in the tree. */
export interface Node {
  inode: Inode;
  /** Of directories only. Names as in `Entry.path`. */
  readonly children: Map<string, Node> | undefined;
  /** Number of the last layer that put something here or below. */
  touched: number;
  /** Did this directory take the place of something else, so that nothing of a lower directory can show in it? */
  readonly hides?: boolean;
}

/** Symlinks that are followed on one way, Linux's `MAXSYMLINKS`. */
const MAX_SYMLINKS = 40;
/** Folders in one another; no path may have more, but symlinks could lead to more. */
const MAX_DEPTH = 1024;

/** A folder as it comes to be where an entry's path needs one. */
export function impliedFolder(layer: number, hides = false): Node {
  const inode: Inode = {
    ...{ type: "directory", mode: 0o755, uid: 0, gid: 0, size: 0, layer, isImplied: true, links: 1 },
    source: undefined,
  };
  return { inode, children: new Map(), touched: layer, hides };
}

/** The path of the folder that a path lies in, and the name there. */
export function splitPath(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf("/");
  return { folder: path.slice(0, Math.max(slash, 0)), name: path.slice(slash + 1) };
}

/**
 * The folders on the way to `path`, the root first and what the path means last. Symlinks are followed, all of them, and
 * never out of the root.
 *
 * @param fill Gives a folder for a name that leads to none; without it the way ends there: undefined.
 * @throws {LadingError} `UNSAFE_ENTRY` for symlinks in a circle, and for more than 1024 folders in one another.
 */
export function findFolder(root: Node, path: string, fill?: (folder: Node, name: string) => Node): Node[] | undefined {
  const way = [root];
  const pending = path.split("/").reverse();
  let followed = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (way.length > 1) way.pop();
      continue;
    }
    const here = way.at(-1) ?? root;
    const next = here.children?.get(name);
    if (next?.inode.type === "symlink") {
      if (++followed > MAX_SYMLINKS) throw unsafeEntry(path, "symbolic links lead in a circle there");
      const target = next.inode.target ?? "";
      if (target.startsWith("/")) way.length = 1;
      pending.push(...target.split("/").reverse());
      continue;
    }
    const folder = next?.children === undefined ? fill?.(here, name) : next;
    if (folder === undefined) return undefined;
    if (way.push(folder) > MAX_DEPTH) throw unsafeEntry(path, `symbolic links lead deeper than ${MAX_DEPTH} folders`);
  }
  return way;
}

/** Is nothing but the layer different? */
export function isSameInode(a: Inode, b: Inode): boolean {
  return (
    a.type === b.type &&
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.size === b.size &&
    a.digest === b.digest &&
    a.target === b.target &&
    a.device === b.device &&
    isSameRecord(a.xattrs, b.xattrs)
  );
}

/** Have two records the same names and values? Absent is as good as empty. */
export function isSameRecord(
  a: Readonly<Record<string, string>> = {},
  b: Readonly<Record<string, string>> = {},
): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && a[name] === b[name]);
}
