/**
 * Whiteouts of a base image's layers, at work in a {@link Tree}.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts
 * @module
 */

import { whiteoutOf } from "../tar/path.js";
import type { Nodes } from "./tree-nodes.js";
import { childOf, follow, splitPath } from "./tree-path.js";
import type { Layering } from "./tree-place.js";

/** What AUFS, which wrote the layers of old images, kept for itself. */
const AUFS = /(?:^|\/)\.wh\.\.wh\.(?!\.opq$)/;

/** Takes away what lower layers have in a folder. Is anything left? */
function dropLower(nodes: Nodes, folder: number, layer: number): boolean {
  if (nodes.typeOf(folder) !== "directory") return false;
  let left = 0;
  for (const child of nodes.children(folder)) {
    const isLeft = dropLower(nodes, child, layer);
    if (nodes.layerOf(child) < layer && !isLeft) nodes.remove(child);
    else left++;
  }
  return left > 0;
}

/** Takes away what the entry at `path` hides, if it is a whiteout. Whatever its own layer has stays. */
export function hide(work: Layering, path: string): boolean {
  const { nodes, layer } = work;
  if (AUFS.test(path)) return true;
  const whiteout = whiteoutOf(path, true);
  if (whiteout === undefined) return false;
  work.last = undefined;
  const { parent, name } = splitPath(whiteout.path);
  const isOpaque = whiteout.kind === "opaque";
  const node = isOpaque ? follow(nodes, whiteout.path).node : childOf(nodes, follow(nodes, parent).node, name);
  if (node === 0) return true;
  const isLeft = dropLower(nodes, node, layer);
  if (!isOpaque && nodes.layerOf(node) < layer && !isLeft) nodes.remove(node);
  return true;
}
