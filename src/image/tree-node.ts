/**
 * The nodes of a {@link Tree}, and ways through them.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Digest } from "../oci/digest.js";
import type { ListedFile } from "../package/file-list.js";
import { escapePath } from "../tar/path.js";

/** One thing in the tree. Children are there for directories only. A hard link is the file that it names. */
export interface Node {
  readonly type: ListedFile["type"];
  readonly mode: number;
  readonly digest?: Digest | undefined;
  readonly target?: string | undefined;
  /** Number of the layer that put it there. */
  readonly layer: number;
  readonly children?: Map<string, Node>;
}

/** Where a path leads once every symlink on it is followed, its last component too. */
export interface Way {
  readonly parts: readonly string[];
  /** What lies there; undefined where nothing does. */
  readonly node: Node | undefined;
  /** Count of symlinks that were followed. */
  readonly followed: number;
}

/** Symlinks that are followed on one way, Linux's `MAXSYMLINKS`. */
const MAX_SYMLINKS = 40;

export function newDirectory(layer: number, mode = 0o755, children = new Map<string, Node>()): Node {
  return { type: "directory", mode, layer, children };
}

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
export function follow(root: Node, path: string): Way {
  const pending = path.split("/").reverse();
  const parts: string[] = [];
  let nodes: (Node | undefined)[] = [root];
  let followed = 0;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.pop() !== undefined) nodes.pop();
      continue;
    }
    const node = nodes.at(-1)?.children?.get(part);
    if (node?.type !== "symlink") {
      parts.push(part);
      nodes.push(node);
      continue;
    }
    if (++followed > MAX_SYMLINKS)
      throw cannotPlace(path, "symbolic links lead in a circle there; remove one of them", "symlink loop");
    const { target = "" } = node;
    if (target.startsWith("/")) {
      parts.length = 0;
      nodes = [root];
    }
    pending.push(...target.split("/").reverse());
  }
  return { parts, node: nodes.at(-1), followed };
}
