/**
 * The outline of a layer: just enough to see that layers have nothing to do with each other, at a fraction of the cost of
 * reading their lists of files.
 *
 * A path stands as 96 bits of a hash, so that two layers share a path only where they share a hash. Where they do, the lists
 * are read.
 *
 * @module
 */

import { parentOf } from "../tar/path.js";
import { closeTable, createHashTable, type HashKey, hashNumber, hashPath, setHashNumber } from "../tar/path-table.js";
import type { ListedFile } from "./file-list.js";

/** What a layer has, by the hashes of paths, three words for each. */
export interface Outline {
  /** Folders, and those on the way to anything. */
  readonly folders: Uint32Array;
  /** All else. */
  readonly others: Uint32Array;
  /** Symlinks in full: path and target, as in `Entry.path`. */
  readonly symlinks: readonly (readonly [path: string, target: string])[];
}

export interface OutlineBuilder {
  add(file: Pick<ListedFile, "path" | "type" | "target">): void;
  /** Nothing comes any more. Undefined for a layer of too many entries: then its list has to be read. */
  end(): Outline | undefined;
}

/** Anybody may know it: whoever made two paths with one hash would have the lists read, no more. */
const KEY: HashKey = [0x6c616469, 0x6e670001];
/** Entries of which an outline is made: 2.4 MiB of hashes. */
export const MAX_OUTLINE = 200_000;

const hash = new Int32Array(3);

/** The three words of a path's hash, valid until the next call. */
export function outlineHash(path: string): Int32Array {
  hashPath(path, KEY, hash);
  return hash;
}

/** Hashes, one after the other. */
function createHashes() {
  let words = new Uint32Array(3 * 256);
  let length = 0;
  return {
    add(a: number, b: number, c: number): void {
      if (length === words.length) {
        const more = new Uint32Array(length * 2);
        more.set(words);
        words = more;
      }
      words[length] = a;
      words[length + 1] = b;
      words[length + 2] = c;
      length += 3;
    },
    all: () => words.slice(0, length),
    clear(): void {
      words = new Uint32Array(0);
      length = 0;
    },
  };
}

/** Begins the outline of one layer. */
export function createOutlineBuilder(): OutlineBuilder {
  const seen = createHashTable();
  const folders = createHashes();
  const others = createHashes();
  const symlinks: [string, string][] = [];
  let lastParent = "";
  let count = 0;
  const addFolder = (path: string): void => {
    if (path === "") return;
    const words = outlineHash(path);
    const a = words[0] as number;
    const b = words[1] as number;
    const c = words[2] as number;
    if (hashNumber(seen, a, b, c) !== 0) return;
    setHashNumber(seen, a, b, c, 1);
    folders.add(a, b, c);
    addFolder(parentOf(path));
  };
  const giveUp = (): void => {
    closeTable(seen);
    folders.clear();
    others.clear();
    symlinks.length = 0;
  };
  return {
    add({ path, type, target = "" }) {
      if (++count > MAX_OUTLINE) return count === MAX_OUTLINE + 1 ? giveUp() : undefined;
      if (path === "") return;
      const parent = parentOf(path);
      if (parent !== lastParent) addFolder(parent);
      lastParent = parent;
      if (type === "directory") return addFolder(path);
      const words = outlineHash(path);
      others.add(words[0] as number, words[1] as number, words[2] as number);
      if (type === "symlink") symlinks.push([path, target]);
    },
    end() {
      closeTable(seen);
      return count > MAX_OUTLINE ? undefined : { folders: folders.all(), others: others.all(), symlinks };
    },
  };
}
