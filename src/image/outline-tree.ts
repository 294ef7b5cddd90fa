/**
 * What lies where in layers that have nothing to do with each other, seen from their outlines alone.
 *
 * Most images are like that: no file of one package is in the way of another's. Then no path is replaced and none leads through
 * a symlink of another layer, and what little else is asked of the tree can be told without reading a list of files.
 *
 * @module
 */

import type { ListedFile } from "../package/file-list.js";
import { type Outline, outlineHash } from "../package/outline.js";
import { closeTable, createHashTable, type HashTable, hashNumber, setHashNumber } from "../tar/path-table.js";
import type { TreeView } from "./tree.js";
import { findNode, realPath, type Walk } from "./tree-path.js";

const FOLDER = 1;
const OTHER = 2;
const WORDS = 3;

/** Takes the hashes of one layer; false where one of them stands for something else already. */
function takeAll(table: HashTable, hashes: Uint32Array, kind: number): boolean {
  for (let at = 0; at < hashes.length; at += WORDS) {
    const a = hashes[at] as number;
    const b = hashes[at + 1] as number;
    const c = hashes[at + 2] as number;
    const before = hashNumber(table, a, b, c);
    if (before !== 0 && (before !== FOLDER || kind !== FOLDER)) return false;
    if (before === 0) setHashNumber(table, a, b, c, kind);
  }
  return true;
}

/** What a path stands for; 0 where it is not there. */
type KindOf = (path: string) => number;

/** The way through hashes: a node is its path. */
function walkOutlines(kindOf: KindOf, targets: ReadonlyMap<string, string>): Walk<string> {
  return {
    root: "",
    child(folder, name) {
      const path = folder === "" ? name : `${folder}/${name}`;
      return kindOf(folder) === FOLDER && kindOf(path) !== 0 ? path : undefined;
    },
    targetOf: (path) => targets.get(path),
  };
}

/**
 * The tree of layers that share nothing but folders, and each of which has more than folders; undefined where they do share
 * something, and only their lists of files can tell what comes of it.
 *
 * @param outlines One for each layer, in any order.
 */
export function stackOutlines(outlines: readonly Outline[]): TreeView | undefined {
  const table = createHashTable();
  const targets = new Map<string, string>();
  for (const { folders, others, symlinks } of outlines) {
    if (others.length === 0 || !takeAll(table, folders, FOLDER) || !takeAll(table, others, OTHER)) return undefined;
    for (const [path, target] of symlinks) targets.set(path, target);
  }
  const kindOf: KindOf = (path) => {
    const [a = 0, b = 0, c = 0] = outlineHash(path);
    return path === "" ? FOLDER : hashNumber(table, a, b, c);
  };
  const walk = walkOutlines(kindOf, targets);
  return {
    close: () => closeTable(table),
    realPath: (path) => realPath(walk, path),
    lookup(path) {
      const found = findNode(walk, path);
      if (found === undefined) return undefined;
      const target = targets.get(found);
      if (target !== undefined) return { type: "symlink", target };
      return { type: kindOf(found) === FOLDER ? "directory" : "file" };
    },
    put(files: readonly Pick<ListedFile, "path" | "type">[]) {
      for (const { path, type } of files) {
        const [a = 0, b = 0, c = 0] = outlineHash(path);
        setHashNumber(table, a, b, c, type === "directory" ? FOLDER : OTHER);
      }
    },
  };
}
