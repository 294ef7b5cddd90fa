/**
 * Where a recipe's lock file is.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import { join } from "node:path";

/** The recipe of an argument: itself, or a folder's `lading.yaml`. */
export async function recipePath(argument: string): Promise<string> {
  const isFolder = (await stat(argument).catch(() => undefined))?.isDirectory() === true;
  return isFolder ? join(argument, "lading.yaml") : argument;
}

/** What `--lock [FILE]` means: FILE, else `lading.lock.json` beside `lading.yaml`. */
export function lockPath(flag: string | true, recipe: string): string {
  return flag === true ? `${recipe.replace(/\.[^./]*$/, "")}.lock.json` : flag;
}
