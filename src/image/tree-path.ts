/**
 * Ways through what lies where.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { escapePath } from "../tar/path.js";

/** Something to walk in. `N` is what stands for one thing in it. */
export interface Walk<N> {
  readonly root: N;
  /** What a folder has under a name; undefined where it has nothing, and of what is no folder. */
  child(folder: N, name: string): N | undefined;
  /** Of a symlink. */
  targetOf(node: N): string | undefined;
}

/** Where a path leads once every symlink on it is followed, its last component too. */
export interface Way<N> {
  readonly parts: readonly string[];
  /** What lies there; undefined where nothing does. */
  readonly node: N | undefined;
  /** Count of symlinks that were followed. */
  readonly followed: number;
}

/** Symlinks that are followed on one way, Linux's `MAXSYMLINKS`. */
const MAX_SYMLINKS = 40;

/** `usr/bin/jq` in its two parts, `usr/bin` and `jq`. */
export function splitPath(path: string): { readonly parent: string; readonly name: string } {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? { parent: "", name: path } : { parent: path.slice(0, slash), name: path.slice(slash + 1) };
}

/** `UNSAFE_ENTRY` for a path that cannot be where it should. */
export function cannotPlace(path: string, state: string, why: string): LadingError<"UNSAFE_ENTRY"> {
  const shown = escapePath(path);
  return new LadingError("UNSAFE_ENTRY", `Cannot place "${shown}": ${state}`, { path: shown, why });
}

/**
 * Follows a path from the root, which no `..` leaves. What is missing is taken for folders.
 *
 * @throws {LadingError} `UNSAFE_ENTRY` for more than 40 symlinks.
 */
export function follow<N>(walk: Walk<N>, path: string): Way<N> {
  const pending = path.split("/").reverse();
  const parts: string[] = [];
  let way: (N | undefined)[] = [walk.root];
  let followed = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.pop() !== undefined) way.pop();
      continue;
    }
    const folder = way.at(-1);
    const node = folder === undefined ? undefined : walk.child(folder, part);
    const target = node === undefined ? undefined : walk.targetOf(node);
    if (target === undefined) {
      parts.push(part);
      way.push(node);
      continue;
    }
    if (++followed > MAX_SYMLINKS)
      throw cannotPlace(path, "symbolic links lead in a circle there; remove one of them", "symlink loop");
    if (target.startsWith("/")) {
      parts.length = 0;
      way = [walk.root];
    }
    pending.push(...target.split("/").reverse());
  }
  return { parts, node: way.at(-1), followed };
}

/** What lies at a path, symlinks on the way followed and the last component not; undefined where nothing does. */
export function findNode<N>(walk: Walk<N>, path: string): N | undefined {
  const { parent, name } = splitPath(path);
  const { node } = follow(walk, parent);
  return name === "" || node === undefined ? node : walk.child(node, name);
}

/** The real path of `path`: symlinks on the way to its last component followed inside the root. */
export function realPath<N>(walk: Walk<N>, path: string): string {
  const { parent, name } = splitPath(path);
  return [...follow(walk, parent).parts, name].join("/");
}
