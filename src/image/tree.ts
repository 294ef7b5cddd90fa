/**
 * What lies where once layers are put on one another: only paths and kinds, never content.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#applying-changesets
 * @module
 */

import { LadingError } from "../errors.js";
import type { Digest } from "../oci/digest.js";
import type { ListedFile } from "../package/file-list.js";
import { escapePath, whiteoutOf } from "../tar/path.js";
import type { PathRewrites } from "./layer-plan.js";

/** One thing in the tree. Children are there for directories only. */
interface Node {
  readonly type: ListedFile["type"];
  readonly mode: number;
  readonly digest?: Digest | undefined;
  readonly target?: string | undefined;
  /** Number of the layer that put it there. */
  readonly layer: number;
  readonly children?: Map<string, Node>;
}

/** A path that a later layer gave another content. */
export interface Replacement {
  readonly path: string;
  /** Numbers of the layers. */
  readonly from: number;
  readonly by: number;
}

/** Where a layer's paths lead. */
export interface Resolved {
  /** The real path, symlinks of lower layers followed. */
  readonly path: string;
}

export interface Tree {
  /** Puts a layer on top. Returns which paths it replaces, and which of its paths lead through symlinks of lower layers. */
  apply(files: readonly ListedFile[]): { readonly replaced: readonly Replacement[]; readonly through: PathRewrites };
  /** The real path of `path`: symlinks on the way to its last component followed inside the root. */
  realPath(path: string): string;
  /** What lies at a path, symlinks on the way followed; undefined where nothing does. */
  lookup(
    path: string,
  ): { readonly type: ListedFile["type"]; readonly mode: number; readonly layer: number } | undefined;
}

/** Symlinks that are followed on one way, Linux's `MAXSYMLINKS`. */
const MAX_SYMLINKS = 40;

function newDirectory(layer: number, mode = 0o755): Node {
  return { type: "directory", mode, layer, children: new Map() };
}

function loop(path: string): LadingError<"UNSAFE_ENTRY"> {
  const shown = escapePath(path);
  return new LadingError("UNSAFE_ENTRY", `Cannot place "${shown}": symbolic links lead in a circle there`, {
    path: shown,
    why: "symlink loop",
  });
}

/** Follows symlinks in all components of `parts` but a last one that is given apart. Missing folders are taken as they are. */
function walk(root: Node, path: string): { parts: string[]; last: string } {
  const pending = path.split("/");
  const last = pending.pop() ?? "";
  const done: string[] = [];
  let followed = 0;
  while (pending.length > 0) {
    const part = pending.shift() ?? "";
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done.pop();
      continue;
    }
    const node = find(root, [...done, part]);
    if (node?.type !== "symlink") {
      done.push(part);
      continue;
    }
    if (++followed > MAX_SYMLINKS) throw loop(path);
    const target = node.target ?? "";
    if (target.startsWith("/")) done.length = 0;
    pending.unshift(...target.split("/"));
  }
  return { parts: done, last };
}

function find(root: Node, parts: readonly string[]): Node | undefined {
  let node: Node | undefined = root;
  for (const part of parts) node = node?.children?.get(part);
  return node;
}

/** The folder at `parts`, made with its parents where it is missing; what is no folder there gives way. */
function folderAt(root: Node, parts: readonly string[], layer: number): Node {
  let node = root;
  for (const part of parts) {
    let child = node.children?.get(part);
    if (child?.children === undefined) {
      child = newDirectory(layer);
      node.children?.set(part, child);
    }
    node = child;
  }
  return node;
}

function isSame(a: Node, b: Node): boolean {
  if (a.type !== b.type) return false;
  if (a.type === "symlink") return a.target === b.target;
  return a.type === "directory" || (a.digest !== undefined && a.digest === b.digest && a.mode === b.mode);
}

function toNode(file: ListedFile, layer: number, lower: Node | undefined): Node {
  const { type, mode, digest, target } = file;
  if (type !== "directory") return { type, mode, digest, target, layer };
  return { ...newDirectory(layer, mode), children: lower?.children ?? new Map() };
}

/** An empty tree. Memory grows with the count of paths. */
export function createTree(): Tree {
  const root = newDirectory(-1);
  let layers = 0;

  function removeHidden(path: string, kind: "remove" | "opaque", layer: number): void {
    const { parts, last } = walk(root, path);
    const parent = find(root, parts);
    const hidden = kind === "remove" ? parent : path === "" ? root : parent?.children?.get(last);
    if (kind === "remove") hidden?.children?.delete(last);
    else for (const [name, node] of hidden?.children ?? []) if (node.layer < layer) hidden?.children?.delete(name);
  }

  function place(file: ListedFile, layer: number): Replacement | undefined {
    const { parts, last } = walk(root, file.path);
    const folder = folderAt(root, parts, layer);
    const lower = folder.children?.get(last);
    // A directory never takes the place of a symlink to a directory: its content goes through the link.
    if (file.type === "directory" && lower?.type === "symlink" && lower.layer < layer) return undefined;
    const node = toNode(file, layer, lower);
    folder.children?.set(last, node);
    const replaces = lower !== undefined && lower.layer >= 0 && lower.layer < layer && !isSame(lower, node);
    return replaces ? { path: [...parts, last].join("/"), from: lower.layer, by: layer } : undefined;
  }

  /** Symlinks of lower layers that a path of a new layer leads through, or takes the place of as a directory. */
  function noteRewrites(file: ListedFile, layer: number, rewrites: Map<string, string>): void {
    const parts = file.path.split("/");
    if (file.type !== "directory") parts.pop();
    for (let depth = 1; depth <= parts.length; depth++) {
      const prefix = parts.slice(0, depth).join("/");
      const parent = walk(root, prefix);
      const node = find(root, [...parent.parts, parent.last]);
      if (node?.type !== "symlink" || node.layer >= layer || rewrites.has(prefix)) continue;
      rewrites.set(prefix, walk(root, `${prefix}/.`).parts.join("/"));
    }
  }

  return {
    apply(files) {
      const layer = layers++;
      const rewrites = new Map<string, string>();
      const replaced: Replacement[] = [];
      for (const file of files) {
        const whiteout = whiteoutOf(file.path, true);
        if (whiteout !== undefined) removeHidden(whiteout.path, whiteout.kind, layer);
      }
      for (const file of files) {
        if (file.path === "" || whiteoutOf(file.path, true) !== undefined) continue;
        noteRewrites(file, layer, rewrites);
        const replacement = place(file, layer);
        if (replacement !== undefined) replaced.push(replacement);
      }
      const through = [...rewrites].sort(([a], [b]) => (a < b ? -1 : 1));
      return { replaced, through: through.map(([symlink, folder]) => ({ symlink, folder })) };
    },
    realPath(path) {
      const { parts, last } = walk(root, path);
      return [...parts, last].join("/");
    },
    lookup(path) {
      const { parts, last } = walk(root, path);
      return last === "" ? find(root, parts) : find(root, [...parts, last]);
    },
  };
}
