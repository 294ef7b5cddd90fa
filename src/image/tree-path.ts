/**
 * Ways through a {@link Tree}.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { escapePath } from "../tar/path.js";
import type { Nodes } from "./tree-nodes.js";

/** Where a path leads once every symlink on it is followed, its last component too. */
export interface Way {
  readonly parts: readonly string[];
  /** What lies there; 0 where nothing does. */
  readonly node: number;
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

/** What a folder, or what is taken for one, has under a name; 0 where it has nothing or is no folder. */
export function childOf(nodes: Nodes, folder: number, name: string): number {
  return folder !== 0 && nodes.typeOf(folder) === "directory" ? nodes.child(folder, name) : 0;
}

/**
 * Follows a path from the root, which no `..` leaves. What is missing is taken for folders.
 *
 * @throws {LadingError} `UNSAFE_ENTRY` for more than 40 symlinks.
 */
export function follow(nodes: Nodes, path: string): Way {
  const pending = path.split("/").reverse();
  const parts: string[] = [];
  let way = [nodes.root];
  let followed = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.pop() !== undefined) way.pop();
      continue;
    }
    const node = childOf(nodes, way.at(-1) ?? 0, part);
    if (node === 0 || nodes.typeOf(node) !== "symlink") {
      parts.push(part);
      way.push(node);
      continue;
    }
    if (++followed > MAX_SYMLINKS)
      throw cannotPlace(path, "symbolic links lead in a circle there; remove one of them", "symlink loop");
    const { target = "" } = nodes.factsOf(node);
    if (target.startsWith("/")) {
      parts.length = 0;
      way = [nodes.root];
    }
    pending.push(...target.split("/").reverse());
  }
  return { parts, node: way.at(-1) ?? 0, followed };
}
