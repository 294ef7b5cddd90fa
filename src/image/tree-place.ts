/**
 * One entry of a layer on its way into a {@link Tree}.
 *
 * @module
 */

import type { ListedFile } from "../package/file-list.js";
import { escapePath } from "../tar/path.js";
import type { PathRewrites } from "./layer-plan.js";
import { contentOf, type NodeFacts, type Nodes } from "./tree-nodes.js";
import { cannotPlace, childOf, follow, splitPath } from "./tree-path.js";

/** Paths of one lower layer that a later layer gave another content. */
export interface Replacement {
  /** Numbers of the layers. */
  readonly from: number;
  readonly by: number;
  /** How many paths. */
  readonly count: number;
  /** The first of them, at most {@link SHOWN}. */
  readonly paths: readonly string[];
}

/** Paths that a {@link Replacement} names. */
export const SHOWN = 3;

/** A layer that is being put on top. */
export interface Layering {
  readonly nodes: Nodes;
  readonly layer: number;
  readonly asIs: boolean;
  /** By the number of the lower layer. */
  readonly replaced: Map<number, Replacement>;
  readonly through: Map<string, PathRewrites[number]>;
  /** Folders whose symlinks are noted in `through`. */
  readonly noted: Set<string>;
  changed: boolean;
  /** The folder of the path before. */
  last: { readonly parent: string; readonly parts: readonly string[]; readonly folder: number } | undefined;
}

/** The folder at `parts`, made with its parents where it is missing. */
function folderAt(work: Layering, parts: readonly string[], path: string): number {
  const { nodes, layer, asIs } = work;
  let folder = nodes.root;
  for (const [at, part] of parts.entries()) {
    const child = nodes.child(folder, part);
    const type = child === 0 ? undefined : nodes.typeOf(child);
    if (type !== undefined && type !== "directory" && !asIs) {
      const file = `"${escapePath(parts.slice(0, at + 1).join("/"))}" is a ${type} of a lower layer`;
      throw cannotPlace(path, `${file}, expected a folder; leave one of the two out`, "below what is no folder");
    }
    if (type !== "directory") work.changed = true;
    folder = type === "directory" ? child : nodes.put(folder, part, { type: "directory", mode: 0o755 }, layer);
  }
  return folder;
}

/** Are both the same to whoever looks at the path? The modes of folders may differ. */
function isSame(a: NodeFacts, b: NodeFacts): boolean {
  if (a.type !== b.type) return false;
  if (a.type === "symlink") return a.target === b.target;
  if (a.type === "directory") return true;
  const isKnown = a.content !== undefined && b.content !== undefined;
  return isKnown && a.content[0] === b.content[0] && a.content[1] === b.content[1] && a.mode === b.mode;
}

function factsOf({ nodes }: Layering, { type, mode, digest, target = "" }: ListedFile): NodeFacts {
  if (type === "symlink") return { type, mode, target };
  if (type === "file") return { type, mode, content: digest && contentOf(digest) };
  if (type !== "hardlink") return { type, mode };
  const { node } = follow(nodes, target);
  const linked = node === 0 ? { mode } : nodes.factsOf(node);
  return { type: "file", mode: linked.mode, content: "content" in linked ? linked.content : undefined };
}

/** Notes each symlink among the parents of a path, and where it leads. No archive has entries below a symlink of its own. */
function noteSymlinks({ nodes, through, noted }: Layering, folder: string): void {
  if (noted.has(folder)) return;
  noted.add(folder);
  const parts = folder.split("/");
  for (let depth = 1; depth <= parts.length; depth++) {
    const symlink = parts.slice(0, depth).join("/");
    if (through.has(symlink)) continue;
    const { parent, name } = splitPath(symlink);
    const node = childOf(nodes, follow(nodes, parent).node, name);
    if (node === 0 || nodes.typeOf(node) !== "symlink") continue;
    through.set(symlink, { symlink, folder: follow(nodes, symlink).parts.join("/") });
  }
}

/** Lets a directory go through the symlink in its place. False where that leads to a file: then it takes the place. */
function goThrough(work: Layering, { path, mode }: ListedFile): boolean {
  const { nodes, layer, through } = work;
  const { parts, node } = follow(nodes, path);
  if (node !== 0 && nodes.typeOf(node) !== "directory") return false;
  const folder = parts.join("/");
  if (node !== 0) {
    through.set(path, { symlink: path, folder });
    return true;
  }
  const { parent, name } = splitPath(folder);
  nodes.put(folderAt(work, parts.slice(0, -1), parent), name, { type: "directory", mode }, layer);
  through.set(path, { symlink: path, folder, create: true });
  work.changed = true;
  return true;
}

/** The real folder in which a path lies. Archives go folder by folder, so that it mostly is the one of the path before. */
function parentOf(work: Layering, parent: string, path: string): NonNullable<Layering["last"]> {
  if (work.last?.parent === parent) return work.last;
  const { parts, followed } = follow(work.nodes, parent);
  if (followed > 0) noteSymlinks(work, parent);
  work.last = { parent, parts, folder: folderAt(work, parts, path) };
  return work.last;
}

function noteReplaced({ replaced, layer }: Layering, from: number, path: string): void {
  const { count = 0, paths = [] } = replaced.get(from) ?? {};
  replaced.set(from, { from, by: layer, count: count + 1, paths: count < SHOWN ? [...paths, path] : paths });
}

/** Puts one entry into the tree. Throws as `OpenLayer.add()`. */
export function place(work: Layering, file: ListedFile): void {
  const { nodes, layer, asIs } = work;
  const { parent, name } = splitPath(file.path);
  const { parts, folder } = parentOf(work, parent, file.path);
  const before = nodes.child(folder, name);
  const lower = before === 0 ? undefined : nodes.factsOf(before);
  const from = before === 0 ? layer : nodes.layerOf(before);
  if (!asIs && file.type === "directory" && lower?.type === "symlink" && from < layer && goThrough(work, file)) return;
  const facts = factsOf(work, file);
  nodes.put(folder, name, facts, layer);
  // The folder of the path before may have been found through what is gone now.
  if (lower !== undefined && lower.type !== facts.type) work.last = undefined;
  if (lower === undefined || !isSame(lower, facts) || lower.mode !== facts.mode) work.changed = true;
  if (lower !== undefined && from < layer && !isSame(lower, facts))
    noteReplaced(work, from, [...parts, name].join("/"));
}
