/**
 * Names that differ in letter case or Unicode form only: ordinary on Linux, one file elsewhere.
 *
 * @module
 */

import { createPathTable } from "./path-table.js";

const MAY_FOLD = /[A-Z\x80-\xff]/;

/** Does any earlier path look like this one? `has` says whether an entry of exactly that path is there. */
export type LookalikeCheck = (path: string, has: (path: string) => boolean) => boolean;

/** A check that sees each path once. Only names which fold to another take memory: most names are lower-case ASCII. */
export function createLookalikeCheck(): LookalikeCheck {
  const folds = createPathTable();
  return (path, has) => {
    const folded = MAY_FOLD.test(path) ? fold(path) : path;
    if (folded === path) return folds.size > 0 && folds.get(path) !== 0;
    const seen = folds.get(folded) !== 0;
    if (!seen) folds.set(folded, 1);
    return seen || has(folded);
  };
}

function fold(path: string): string {
  const text = Buffer.from(path, "latin1").toString("utf8");
  // Bytes that are not UTF-8 have no other form.
  if (text.includes("\ufffd")) return path;
  return Buffer.from(text.normalize("NFC").toLowerCase(), "utf8").toString("latin1");
}
