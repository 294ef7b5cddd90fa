/**
 * Names that differ in letter case or Unicode form only: ordinary on Linux, one file elsewhere.
 *
 * @module
 */

import { createPathTable, type PathTable, pathNumber, setPathNumber } from "./path-table.js";
import { hasEntry, type Tree } from "./tree.js";

const MAY_FOLD = /[A-Z\x80-\xff]/;

/** What the paths so far fold to. Only names which fold to another take memory: most names are lower-case ASCII. */
export type Folds = PathTable;

/** Those of no path. */
export const createFolds: () => Folds = createPathTable;

/** Does any earlier path look like this one, which `tree` has? To be asked once for each path. */
export function isLookalike(folds: Folds, path: string, tree: Tree): boolean {
  const folded = MAY_FOLD.test(path) ? fold(path) : path;
  if (folded === path) return folds.numbers.size > 0 && pathNumber(folds, path) !== 0;
  const seen = pathNumber(folds, folded) !== 0;
  if (!seen) setPathNumber(folds, folded, 1);
  return seen || hasEntry(tree, folded);
}

function fold(path: string): string {
  const text = Buffer.from(path, "latin1").toString("utf8");
  // Bytes that are not UTF-8 have no other form.
  if (text.includes("\ufffd")) return path;
  return Buffer.from(text.normalize("NFC").toLowerCase(), "utf8").toString("latin1");
}
