/**
 * A recipe's own files as tar entries, where they belong in the image.
 *
 * `from` is a file, a folder, or a glob; it is relative to the recipe's folder and may not leave it. The content of a folder
 * goes into `to`; a file goes to `to`, or into it where `to` ends in `/`; what a glob finds goes into `to` under the part of
 * its path that begins at the first component with a wildcard.
 *
 * @module
 */

import { readFile, stat } from "node:fs/promises";
import { isAbsolute, join, normalize } from "node:path";
import { ioError, LadingError } from "../errors.js";
import type { RecipeFiles } from "../recipe/recipe.js";
import type { IoOptions } from "../stream/bytes.js";
import type { WriteEntry } from "../tar/entry.js";
import { createFilter, parseIgnoreFile } from "../tar/filter.js";
import { readFolder } from "../tar/folder.js";
import { folderEntry } from "./root-files.js";
import type { Tree } from "./tree.js";

export interface RecipeFilesOptions extends IoOptions {
  /** The recipe's folder. */
  readonly folder: string;
  /** Whole seconds for every entry. */
  readonly mtime: number;
}

const WILDCARD = /[*?[\]{}]/;
const latin1 = (text: string) => Buffer.from(text, "utf8").toString("latin1");

function refuse(files: RecipeFiles, why: string, wanted: string): LadingError<"SYNTAX"> {
  const message = `Cannot take files from "${files.from}": ${why}, wanted ${wanted}`;
  return new LadingError("SYNTAX", message, { kind: "recipe", input: files.from });
}

/** The fixed folder before the first wildcard, and the pattern after it. */
function splitGlob(from: string): { folder: string; pattern: string | undefined } {
  const parts = from.split("/").filter((part) => part !== "" && part !== ".");
  const at = parts.findIndex((part) => WILDCARD.test(part));
  if (at < 0) return { folder: parts.join("/"), pattern: undefined };
  return { folder: parts.slice(0, at).join("/"), pattern: parts.slice(at).join("/") };
}

async function ignorePatterns(files: RecipeFiles, folder: string): Promise<readonly string[]> {
  if (files.ignoreFile === undefined) return files.ignore;
  const path = join(folder, files.ignoreFile);
  const text = await readFile(path, "utf8").catch((error) => {
    throw ioError(error, "read the ignore file", path);
  });
  return [...parseIgnoreFile(text), ...files.ignore];
}

async function isFolder(path: string): Promise<boolean> {
  const stats = await stat(path).catch((error) => {
    throw ioError(error, "take files from", path);
  });
  return stats.isDirectory();
}

/** Entries of one item of `files`, before symlinks of lower layers are followed. */
async function readItem(files: RecipeFiles, options: RecipeFilesOptions): Promise<readonly WriteEntry[]> {
  const { folder, mtime, signal } = options;
  const from = normalize(files.from);
  if (isAbsolute(from) || from === ".." || from.startsWith("../")) {
    throw refuse(files, "it leaves the recipe's folder", "a path inside it");
  }
  const { folder: fixed, pattern } = splitGlob(from);
  const source = join(folder, fixed);
  const ignore = await ignorePatterns(files, folder);
  const to = latin1(files.to.replace(/^\/+|\/+$/g, ""));
  if (pattern === undefined && !(await isFolder(source))) return await readOneFile(files, source, to, options);
  const filter = createFilter({ ignore, ...(pattern === undefined ? {} : { include: [pattern] }) });
  const entries = await readFolder(source, { signal, mtime, filter });
  if (pattern !== undefined && entries.length === 0)
    throw refuse(files, "nothing matches it", "a pattern that matches");
  return entries.map((entry) => placeUnder(to, entry));
}

async function readOneFile(files: RecipeFiles, source: string, to: string, options: RecipeFilesOptions) {
  const text = source.slice(source.lastIndexOf("/") + 1);
  const name = latin1(text);
  const parent = source.slice(0, source.lastIndexOf("/")) || "/";
  const filter = { accepts: (path: string) => path === text, enters: (path: string) => path === "" };
  const [entry] = await readFolder(parent, { signal: options.signal, mtime: options.mtime, filter });
  if (entry === undefined) throw refuse(files, "it is not there", "a file");
  return [{ ...entry, path: files.to.endsWith("/") ? `${to === "" ? "" : `${to}/`}${name}` : to }];
}

function placeUnder(to: string, entry: WriteEntry): WriteEntry {
  const at = (path: string) => (to === "" ? path : `${to}/${path}`);
  const { linkpath } = entry;
  const moved = { ...entry, path: at(entry.path) };
  return entry.type === "hardlink" && linkpath !== undefined ? { ...moved, linkpath: at(linkpath) } : moved;
}

/**
 * What tells one state of the recipe's files from another, without reading them: paths, kinds, and each file's identity.
 * Throws as {@link readRecipeFiles}.
 */
export async function identifyRecipeFiles(
  files: readonly RecipeFiles[],
  options: RecipeFilesOptions,
): Promise<readonly (readonly unknown[])[]> {
  const items = await Promise.all(files.map((item) => readItem(item, options)));
  return items.flat().map(({ path, type, mode, linkpath, identity }) => [path, type, mode, linkpath ?? null, identity]);
}

/** Adds the folders on the way that are in no layer, and follows symlinks of lower layers. */
function settle(tree: Tree, entries: readonly WriteEntry[], mtime: number): readonly WriteEntry[] {
  const settled = new Map<string, WriteEntry>();
  const addParents = (path: string) => {
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? "" : path.slice(0, slash);
    if (parent === "" || settled.has(parent) || tree.lookup(parent) !== undefined) return;
    addParents(parent);
    settled.set(parent, folderEntry(parent, mtime));
  };
  for (const entry of entries) {
    const path = tree.realPath(entry.path);
    const below = tree.lookup(entry.path);
    if (entry.type === "directory" && (below?.type === "directory" || below?.type === "symlink")) continue;
    addParents(path);
    const linkpath =
      entry.type === "hardlink" && entry.linkpath !== undefined ? tree.realPath(entry.linkpath) : entry.linkpath;
    settled.delete(path);
    settled.set(path, { ...entry, path, ...(linkpath === undefined ? {} : { linkpath }) });
  }
  return [...settled.values()];
}

/**
 * The entries of a recipe's files, on top of what `tree` has. A later item replaces an earlier one's file. Folders that are
 * there already keep their attributes.
 *
 * @throws {LadingError} `SYNTAX` for a `from` that leaves the recipe's folder or matches nothing; `IO` for one that is
 * missing; what reading a folder throws.
 */
export async function readRecipeFiles(
  tree: Tree,
  files: readonly RecipeFiles[],
  options: RecipeFilesOptions,
): Promise<readonly WriteEntry[]> {
  const entries: WriteEntry[] = [];
  for (const item of files) entries.push(...(await readItem(item, options)));
  return settle(tree, entries, options.mtime);
}
