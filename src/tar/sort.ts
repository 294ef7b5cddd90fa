/**
 * The order of entries in what lading writes.
 *
 * @module
 */

import type { WriteEntry } from "./entry.js";
import { WHITEOUT } from "./path.js";
import { unsafeEntry } from "./refusal.js";

/**
 * Entries in the order of their paths' bytes: so parents come before what is in them. Whiteouts come before their siblings.
 * Of the paths that are hard links to one file, the smallest becomes the file and the others name it, so that no link comes
 * before its target.
 *
 * @param entries No path may come twice. The list stays as it is.
 * @throws {LadingError} `UNSAFE_ENTRY` for a path that is there twice, and a hard link whose target is no file among the
 * entries.
 */
export function sortEntries(entries: readonly WriteEntry[]): WriteEntry[] {
  const byPath = new Map<string, WriteEntry>();
  for (const entry of entries) {
    if (byPath.has(entry.path)) throw unsafeEntry(entry.path, "its path is there twice");
    byPath.set(entry.path, entry);
  }
  const keyed = relink(entries, byPath).map((entry) => ({ key: sortKey(entry.path), entry }));
  // One character is one byte, so this is the order of bytes.
  keyed.sort((left, right) => (left.key < right.key ? -1 : 1));
  return keyed.map(({ entry }) => entry);
}

/** A NUL, which no name has, puts a whiteout before every other name of its directory. */
function sortKey(path: string): string {
  const name = path.lastIndexOf("/") + 1;
  return path.startsWith(WHITEOUT, name) ? `${path.slice(0, name)}\0${path.slice(name)}` : path;
}

function relink(entries: readonly WriteEntry[], byPath: ReadonlyMap<string, WriteEntry>): readonly WriteEntry[] {
  /** The file at the end of each chain of links, and the smallest path that leads there. */
  const smallest = new Map<WriteEntry, string>();
  const files = new Map<WriteEntry, WriteEntry>();
  for (const entry of entries) {
    if (entry.type !== "hardlink") continue;
    const file = follow(entry, byPath);
    files.set(entry, file);
    const known = smallest.get(file) ?? file.path;
    if (entry.path < known) smallest.set(file, entry.path);
    else smallest.set(file, known);
  }
  if (files.size === 0) return entries;
  return entries.map((entry) => {
    const file = files.get(entry) ?? entry;
    const path = smallest.get(file);
    if (path === undefined) return entry;
    if (path === entry.path) return { ...file, path };
    const { open: _, ...attributes } = file;
    return { ...attributes, type: "hardlink" as const, path: entry.path, linkpath: path, size: 0 };
  });
}

function follow(link: WriteEntry, byPath: ReadonlyMap<string, WriteEntry>): WriteEntry {
  const seen = new Set<WriteEntry>();
  let at: WriteEntry | undefined = link;
  while (at?.type === "hardlink" && !seen.has(at)) {
    seen.add(at);
    at = byPath.get(at.linkpath ?? "");
  }
  if (at?.type !== "file") throw unsafeEntry(link.path, "it is a hard link to what is no file of the same archive");
  return at;
}
