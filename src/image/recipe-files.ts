/**
 * A recipe's own files as tar entries, where they belong in the image.
 *
 * `from` is a file, a folder, or a glob; it is relative to the recipe's folder and may not leave it. The content of a folder
 * goes into `to`, which is made if it is missing; a file goes to `to`, or into it where `to` ends in `/`; what a glob finds
 * goes into `to` under the part of its path that begins at the first component with a wildcard. What is ignored is meant
 * from the folder, or from the last folder before that component.
 *
 * @module
 */

import { lstat, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, normalize } from "node:path";
import { ioError, LadingError } from "../errors.js";
import type { RecipeFiles } from "../recipe/recipe.js";
import type { IoOptions } from "../stream/bytes.js";
import type { WriteEntry } from "../tar/entry.js";
import { escapePath } from "../tar/escape.js";
import { readFolder } from "../tar/folder.js";
import { folderEntry, toListedFile } from "./root-files.js";
import type { OpenLayer, Tree } from "./tree.js";
import { splitPath } from "./tree-path.js";

export interface RecipeFilesOptions extends IoOptions {
  /** The recipe's folder. */
  readonly folder: string;
  /** Whole seconds for every entry. */
  readonly mtime: number;
}

const WILDCARD = /[*?[\]]/;
/** Loaded when needed: most images have no files of a recipe's. */
const loadFilter = () => import("../tar/filter.js");
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
  const { parseIgnoreFile } = await loadFilter();
  return [...parseIgnoreFile(text), ...files.ignore];
}

function leaves(files: RecipeFiles): LadingError<"SYNTAX"> {
  return refuse(files, "it leaves the recipe's folder", "a path inside it");
}

/** Is it a folder, or a symlink to one? A symlink out of the recipe's folder is refused: the recipe may be a stranger's. */
async function isFolder(files: RecipeFiles, source: string, root: string): Promise<boolean> {
  try {
    const isLink = (await lstat(source)).isSymbolicLink();
    const found = await stat(source).catch((error) => {
      if (!isLink) throw error;
    });
    const isFolder = found?.isDirectory() === true;
    if (!isFolder && files.from.endsWith("/") && !WILDCARD.test(files.from))
      throw refuse(files, "it is no folder", "one, or a path without / at its end");
    const real = await realpath(isFolder ? source : dirname(source));
    const top = await realpath(root);
    if (real !== top && !real.startsWith(`${top.replace(/\/$/, "")}/`)) throw leaves(files);
    return isFolder;
  } catch (error) {
    throw ioError(error, "take files from", source);
  }
}

/** Entries of one item of `files`, before symlinks of lower layers are followed. */
async function readItem(files: RecipeFiles, options: RecipeFilesOptions): Promise<readonly WriteEntry[]> {
  const { folder, mtime, signal } = options;
  const from = normalize(files.from);
  if (isAbsolute(from) || from === ".." || from.startsWith("../")) throw leaves(files);
  const { folder: fixed, pattern } = splitGlob(from);
  const source = join(folder, fixed);
  const to = latin1(files.to.replace(/^\/+|\/+$/g, ""));
  const isWhole = await isFolder(files, source, folder);
  if (!isWhole && pattern === undefined) return await readOneFile(files, source, to, options);
  const ignore = await ignorePatterns(files, folder);
  const { createFilter } = await loadFilter();
  const filter = createFilter({ ignore, ...(pattern === undefined ? {} : { include: [pattern] }) });
  const entries = await readFolder(source, { signal, mtime, filter });
  if (pattern !== undefined && entries.length === 0)
    throw refuse(files, "nothing matches it", "a pattern that matches");
  const placed = entries.map((entry) => placeUnder(to, entry));
  return pattern === undefined && to !== "" ? [folderEntry(to, mtime), ...placed] : placed;
}

async function readOneFile(files: RecipeFiles, source: string, to: string, options: RecipeFilesOptions) {
  const text = basename(source);
  const name = latin1(text);
  const filter = { accepts: (path: string) => path === text, enters: (path: string) => path === "" };
  const { signal, mtime } = options;
  const [entry] = await readFolder(dirname(source), { signal, mtime, filter });
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
): Promise<readonly Pick<WriteEntry, "path" | "type" | "mode" | "linkpath" | "identity">[]> {
  const items = await Promise.all(files.map((item) => readItem(item, options)));
  return items.flat().map(({ path, type, mode, linkpath, identity }) => ({
    path,
    type,
    mode,
    ...(linkpath === undefined ? {} : { linkpath }),
    ...(identity === undefined ? {} : { identity }),
  }));
}

/** What the recipe's files have come to so far. Whatever is settled is in the tree, too. */
interface Settling {
  readonly tree: Tree;
  readonly layer: OpenLayer;
  /** By real path. */
  readonly settled: Map<string, WriteEntry>;
  readonly mtime: number;
}

/** Takes an entry out again. Hard links to it keep its content. */
function unsettle({ settled }: Settling, path: string): void {
  const entry = settled.get(path);
  if (entry === undefined || !settled.delete(path) || entry.type !== "file") return;
  const links = [...settled.values()].filter((each) => each.type === "hardlink" && each.linkpath === path);
  const [first, ...others] = links.map((each) => each.path);
  if (first === undefined) return;
  settled.set(first, { ...entry, path: first });
  for (const other of others) settled.set(other, { ...(settled.get(other) as WriteEntry), linkpath: first });
}

function put(work: Settling, entry: WriteEntry): void {
  const { tree, layer, settled } = work;
  const { path } = entry;
  unsettle(work, path);
  if (entry.type !== "directory" && tree.lookup(path)?.type === "directory") {
    for (const below of [...settled.keys()]) if (below.startsWith(`${path}/`)) unsettle(work, below);
  }
  settled.set(path, entry);
  layer.add([toListedFile(entry)]);
}

/** Of two items, one would take away what the other brings. */
function fileInTheWay(path: string, parent: string): LadingError<"SYNTAX"> {
  const [shown, file] = [escapePath(path), escapePath(parent)];
  const message = `Cannot take files to "/${shown}": another item makes "/${file}" a file, wanted a folder; change one of the two`;
  return new LadingError("SYNTAX", message, { kind: "recipe", input: shown });
}

/** Folders that are on the way and in no layer. One that is a file there takes its place. */
function putParents(work: Settling, path: string): void {
  const { parent } = splitPath(path);
  if (parent === "" || work.tree.lookup(parent)?.type === "directory") return;
  if (work.settled.has(parent)) throw fileInTheWay(path, parent);
  putParents(work, parent);
  put(work, folderEntry(parent, work.mtime));
}

/** Where a folder belongs; undefined where there is one already, perhaps through a symlink. */
function newFolderPath(tree: Tree, path: string): string | undefined {
  const folder = tree.realFolder(path);
  const type = folder === "" ? "directory" : tree.lookup(folder)?.type;
  if (type === "directory") return undefined;
  return type === undefined ? folder : tree.realPath(path);
}

function settleItem(work: Settling, entries: readonly WriteEntry[]): void {
  const { tree } = work;
  const placed = new Map<string, string>();
  for (const entry of entries) {
    const isFolder = entry.type === "directory";
    const path = isFolder ? newFolderPath(tree, entry.path) : tree.realPath(entry.path);
    if (path === undefined) continue;
    putParents(work, path);
    placed.set(entry.path, path);
    const linkpath = entry.type === "hardlink" ? placed.get(entry.linkpath ?? "") : entry.linkpath;
    put(work, { ...entry, path, ...(linkpath === undefined ? {} : { linkpath }) });
  }
}

/** A file that took the place of a folder would hide all that is in it, and is never meant. */
function checkTarget(tree: Tree, files: RecipeFiles, entries: readonly WriteEntry[]): void {
  const [first] = entries;
  const isFile = first !== undefined && first.type !== "directory" && `/${first.path}` === latin1(files.to);
  if (!isFile || tree.lookup(tree.realFolder(first.path))?.type !== "directory") return;
  throw refuse(files, `"${files.to}" is a folder in the image`, `"${files.to}/" to put it there, or a file's path`);
}

/**
 * The entries of a recipe's files, put on top of what `tree` has. A later item replaces an earlier one's file. Folders that
 * are there already keep their attributes.
 *
 * @throws {LadingError} `SYNTAX` for a `from` that leaves the recipe's folder, by its text or through a symlink, or matches
 * nothing, and for a file whose `to` is a folder in the image; `IO` for a `from` that is missing; what reading a folder
 * throws.
 */
export async function readRecipeFiles(
  tree: Tree,
  files: readonly RecipeFiles[],
  options: RecipeFilesOptions,
): Promise<readonly WriteEntry[]> {
  const work: Settling = { tree, layer: tree.begin(), settled: new Map(), mtime: options.mtime };
  for (const item of files) {
    const entries = await readItem(item, options);
    checkTarget(tree, item, entries);
    settleItem(work, entries);
  }
  return [...work.settled.values()];
}
