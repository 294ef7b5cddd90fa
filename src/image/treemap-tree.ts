/**
 * The tree that a treemap draws: the largest folders and files, and what is left of each folder as one.
 *
 * @module
 */

import type { FileReport } from "./files-report.js";

/** A folder, a file, or what is left of a folder. Names are short since a page holds thousands of them. */
export interface TreemapNode {
  /** Name; of what is left, absent. */
  readonly n?: string;
  /** Bytes. */
  readonly b: number;
  /** Files. */
  readonly f: number;
  /** Index of the layer that most of the bytes come from. */
  readonly l: number;
  /** What is in a folder, largest first; absent for files, and for folders that are told as one. */
  readonly k?: readonly TreemapNode[];
  /** 1 for folders. */
  readonly d?: 1;
}

interface Draft {
  readonly name: string;
  readonly isFolder: boolean;
  bytes: number;
  count: number;
  /** Place in the order of files, before its children's. */
  readonly index: number;
  readonly children: Draft[];
  /** A file's own. */
  readonly layer: number;
  /** A folder's bytes by layer. */
  readonly layers: Map<number, number> | undefined;
}

function newDraft(name: string, index: number, layer: number, isFolder: boolean): Draft {
  const layers = isFolder ? new Map<number, number>() : undefined;
  return { name, isFolder, bytes: 0, count: 0, index, children: [], layer, layers };
}

/** The tree with sums. Files come folder by folder, so that the folders on the way to one are the last ones seen. */
function sumUp(files: readonly FileReport[]): { readonly root: Draft; readonly drafts: Draft[] } {
  const root = newDraft("/", 0, 0, true);
  const drafts = [root];
  const way = [root];
  for (const [index, { path, type, size, layer }] of files.entries()) {
    if (path === "/" || (type !== "directory" && type !== "file")) continue;
    const names = path.slice(1).split("/");
    way.length = names.length;
    const draft = newDraft(names.at(-1) ?? "", index, layer, type === "directory");
    way.at(-1)?.children.push(draft);
    drafts.push(draft);
    way.push(draft);
    if (type === "directory") continue;
    for (const each of way) {
      each.bytes += size;
      each.count++;
      each.layers?.set(layer, (each.layers.get(layer) ?? 0) + size);
    }
  }
  return { root, drafts };
}

function mainLayer(drafts: readonly Draft[]): number {
  const sums = new Map<number, number>();
  for (const { layers, layer: own, bytes: size } of drafts) {
    for (const [layer, bytes] of layers ?? [[own, size] as const]) sums.set(layer, (sums.get(layer) ?? 0) + bytes);
  }
  return [...sums].sort(([a, x], [b, y]) => y - x || a - b)[0]?.[0] ?? 0;
}

function toNode(draft: Draft, kept: ReadonlySet<Draft>): TreemapNode {
  const { name, bytes, count, children, isFolder } = draft;
  const common = { n: name, b: bytes, f: count, l: mainLayer([draft]), ...(isFolder ? { d: 1 as const } : {}) };
  const shown = children.filter((child) => kept.has(child));
  if (shown.length === 0) return common;
  const rest = children.filter((child) => !kept.has(child) && child.bytes > 0);
  const left = {
    b: rest.reduce((sum, child) => sum + child.bytes, 0),
    f: rest.reduce((sum, child) => sum + child.count, 0),
    l: mainLayer(rest),
  };
  const nodes = [...shown.map((child) => toNode(child, kept)), ...(left.b > 0 ? [left] : [])];
  return { ...common, k: nodes.sort((a, b) => b.b - a.b) };
}

/**
 * The tree of files by bytes, with the `budget` largest files and folders in it; the others of a folder become one node.
 *
 * @param files As `reportFiles` gives them: folder by folder.
 */
export function createTreemapTree(files: readonly FileReport[], budget: number): TreemapNode {
  const { root, drafts } = sumUp(files);
  // No folder is smaller than what is in it, and it comes first: whoever is kept has its folder kept.
  const largest = drafts.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes || a.index - b.index);
  return toNode(root, new Set(largest.slice(0, budget)));
}
