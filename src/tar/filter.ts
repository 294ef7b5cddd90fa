/**
 * Which paths to take: globs to include, and lists of globs to leave out as `.gitignore` files hold them.
 *
 * In a glob `*` and `?` stand for anything but `/`, `[a-z]` and `[!a-z]` for one character, `**` as a whole part for any
 * number of parts, and `\` takes the meaning from the next character. Files whose name starts with a dot are matched like
 * any other; braces mean themselves; letter case counts.
 *
 * What a glob to leave out means beside that:
 * - with a `/` at its start or within, it is meant from the root of the tree; else it is a name at any depth
 * - with a `/` at its end, it is meant for directories only
 * - with a `!` at its start, it takes back what an earlier one left out; the last that matches counts
 * - what is in a directory that is left out is left out, and nothing takes it back
 *
 * @see https://github.com/git/git/blob/v2.47.0/Documentation/gitignore.txt
 * @module
 */

import { Minimatch } from "minimatch";
import { LadingError } from "../errors.js";

export interface FilterOptions {
  /** Globs or paths from the root of the tree; with each goes all that is below it. None: everything. */
  readonly include?: readonly string[] | undefined;
  /** Globs that are left out, in order. */
  readonly ignore?: readonly string[] | undefined;
}

/** Paths are relative, parts joined by `/`, without `./` before or `/` after; `""` is the root, which always passes. */
export interface Filter {
  /** Is this path taken? */
  accepts(path: string, isDirectory?: boolean): boolean;
  /** May something below this directory be taken? A walk need not enter where it says no. */
  enters(directory: string): boolean;
}

interface Rule {
  readonly takesBack: boolean;
  readonly directoryOnly: boolean;
  readonly glob: Minimatch;
}

/** Characters. */
const MAX_GLOB = 1024;
const MAX_GLOBS = 10_000;
/** Directories whose verdict is remembered; more than any walk is deep or wide at once. */
const MAX_REMEMBERED = 10_000;

const OPTIONS = { dot: true, nobrace: true, noext: true, nocomment: true, nonegate: true, platform: "linux" } as const;

/**
 * Creates a filter. Globs are compiled once; matching takes time in proportion to the path and the globs, whatever they are.
 *
 * @throws {LadingError} `SYNTAX` for a glob that is empty, is longer than 1024 characters or holds a NUL.
 * @throws {LadingError} `TOO_LARGE` for more than 10,000 globs.
 */
export function createFilter({ include = [], ignore = [] }: FilterOptions): Filter {
  const count = include.length + ignore.length;
  if (count > MAX_GLOBS) {
    const message = `Cannot use ${count} globs: expected at most ${MAX_GLOBS}`;
    throw new LadingError("TOO_LARGE", message, { what: "count of globs", limit: MAX_GLOBS, actual: count });
  }
  const isIgnored = rememberDirectories(ignore.map(compileRule));
  const globs = include.map((text) => trimSlashes(checkGlob(text, text)));
  const included = globs.map((glob) => new Minimatch(glob, OPTIONS));
  const towards = globs.map((glob) => new Minimatch(glob, { ...OPTIONS, partial: true }));
  const isIncluded = (path: string) =>
    included.length === 0 || [...ancestors(path), path].some((each) => included.some((glob) => glob.match(each)));
  return {
    accepts: (path, isDirectory = false) => path === "" || (!isIgnored(path, isDirectory) && isIncluded(path)),
    enters(directory) {
      if (directory === "") return true;
      if (isIgnored(directory, true)) return false;
      return isIncluded(directory) || towards.some((glob) => glob.match(directory));
    },
  };
}

/**
 * Reads an ignore file: one glob a line; blank lines and those that start with `#` say nothing; blanks at the end of a line
 * go unless a `\` stands before them. `\#` and `\!` at the start mean those characters.
 */
export function parseIgnoreFile(text: string): readonly string[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  return lines.map(trimEnd).filter((line) => line !== "" && !line.startsWith("#"));
}

function trimEnd(line: string): string {
  let end = line.length;
  while (/[ \t]/.test(line[end - 1] ?? "") && line[end - 2] !== "\\") end--;
  return line.slice(0, end);
}

function compileRule(text: string): Rule {
  const takesBack = text.startsWith("!");
  const plain = takesBack ? text.slice(1) : text;
  const glob = checkGlob(text, plain);
  const anchored = plain.startsWith("./") || /\/./.test(plain);
  return {
    takesBack,
    directoryOnly: plain.endsWith("/"),
    glob: new Minimatch(anchored ? trimSlashes(glob) : `**/${trimSlashes(glob)}`, OPTIONS),
  };
}

function checkGlob(text: string, glob: string): string {
  if (trimSlashes(glob) !== "" && text.length <= MAX_GLOB && !text.includes("\0")) return glob;
  const shown = text.slice(0, 80);
  const message = `Cannot parse glob ${JSON.stringify(shown)}: expected 1 to ${MAX_GLOB} characters without NUL`;
  throw new LadingError("SYNTAX", message, { kind: "glob", input: shown });
}

function trimSlashes(glob: string): string {
  return glob
    .replace(/^(?:\.\/)+/, "")
    .replace(/^\/+/, "")
    .replace(/(?<!\/)\/+$/, "");
}

function rememberDirectories(rules: readonly Rule[]): (path: string, isDirectory: boolean) => boolean {
  const remembered = new Map<string, boolean>();
  function isDirectoryIgnored(directory: string): boolean {
    const known = remembered.get(directory);
    if (known !== undefined) return known;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    const verdict = isMatched(rules, directory, true);
    remembered.set(directory, verdict);
    return verdict;
  }
  return (path, isDirectory) => {
    if (rules.length === 0) return false;
    if (ancestors(path).some(isDirectoryIgnored)) return true;
    return isDirectory ? isDirectoryIgnored(path) : isMatched(rules, path, false);
  };
}

/** The verdict of the last rule that matches. */
function isMatched(rules: readonly Rule[], path: string, isDirectory: boolean): boolean {
  const last = rules.findLast((rule) => (isDirectory || !rule.directoryOnly) && rule.glob.match(path));
  return last !== undefined && !last.takesBack;
}

/** `a`, `a/b` for `a/b/c`. */
function ancestors(path: string): string[] {
  const parts: string[] = [];
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1))
    parts.push(path.slice(0, slash));
  return parts;
}
