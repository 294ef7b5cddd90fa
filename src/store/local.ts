/**
 * The local store: where packages are imported to and images are built.
 *
 * It is an OCI layout, so that every other tool can read it, with a cache of what was computed.
 *
 * @module
 */

import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { type Cache, createFolderCache } from "./cache.js";
import { createFolderJournal, type Journal } from "./journal.js";
import { createLayoutStore } from "./layout.js";
import type { Store } from "./store.js";

/** A store and its cache. */
export interface LocalStore {
  readonly store: Store;
  readonly cache: Cache;
  /** What is under way and goes on in the next process, should this one die (nothing). */
  readonly journal?: Journal | undefined;
}

/**
 * The folder of the local store: `$LADING_STORE`, else `$XDG_DATA_HOME/lading`, else `~/.local/share/lading`.
 *
 * @param env The environment to read; lading never reads it by itself.
 * @see https://specifications.freedesktop.org/basedir-spec/0.8/
 */
export function localStoreFolder(env: Readonly<Record<string, string | undefined>>): string {
  const { LADING_STORE, XDG_DATA_HOME, HOME } = env;
  if (LADING_STORE) return LADING_STORE;
  // The specification says that a relative path there is to be ignored.
  const data = XDG_DATA_HOME && isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : join(HOME || homedir(), ".local", "share");
  return join(data, "lading");
}

/** Opens the local store in a folder; it is made on the first write. */
export function openLocalStore(folder: string): LocalStore {
  const store = createLayoutStore(folder, { label: `store in "${folder}"`, shared: true });
  const hidden = join(folder, ".lading");
  const journal = createFolderJournal(join(hidden, "journal"), hidden);
  return { store, cache: createFolderCache(join(hidden, "cache"), hidden), journal };
}
