/**
 * Repositories in a folder: each is an OCI layout of its own.
 *
 * ```text
 * <root>/<name>/_layout/    the layout, which every tool can read as `oci:`
 * <root>/<name>/_uploads/   uploads under way
 * ```
 *
 * No part of a repository's name begins with `_`, so these two stand beside the repositories below `<name>/`.
 *
 * @module
 */

import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ioError } from "../errors.js";
import { isRepository } from "../oci/reference.js";
import { createLayoutStore } from "../store/layout.js";
import { blobPath, sizeToKeep } from "../store/layout-blobs.js";
import { makeFolder } from "../store/make-folder.js";
import { createRecent } from "./recent.js";
import { type Repositories, type Repository, removeFile } from "./repository.js";

/** Parts of a name that are looked into when repositories are listed. */
const MAX_DEPTH = 32;
/** Repositories that are kept open though nobody asks for them; whoever makes names up fills no memory. */
const MAX_IDLE = 1_000;

/** Where a repository's layout is, and its uploads under way. */
export function repositoryFolders(root: string, name: string): { readonly layout: string; readonly uploads: string } {
  const folder = join(root, ...name.split("/"));
  return { layout: join(folder, "_layout"), uploads: join(folder, "_uploads") };
}

/**
 * Serves the layouts below a folder.
 *
 * @throws {LadingError} From its methods: `IO` where a folder cannot be read.
 */
export function createLayoutRepositories(root: string): Repositories {
  const opened = createRecent<Repository>(MAX_IDLE);
  const seen = new WeakSet<Repository>();
  return {
    async open(name, { create }) {
      if (!isRepository(name)) return undefined;
      const { layout, uploads } = repositoryFolders(root, name);
      // Asked each time, since the folder may go while the server runs.
      const isThere = await isFile(join(layout, "oci-layout"));
      if (!create && !isThere) return undefined;
      const known = opened.get(name);
      // Who takes the folder away takes what is known of it along.
      const isSame = known !== undefined && (isThere || !seen.has(known));
      const repository = isSame ? known : createLayoutRepository(layout, uploads);
      if (isThere) seen.add(repository);
      if (!isSame) opened.set(name, repository);
      return repository;
    },
    async prepare() {
      await makeFolder(root).catch((error) => {
        throw ioError(error, "serve", root);
      });
    },
    async list() {
      const found = await findRepositories(root);
      return found.filter(({ hasLayout }) => hasLayout).map(({ name }) => name);
    },
  };
}

function createLayoutRepository(layout: string, uploads: string): Repository {
  const path = (digest: Parameters<Repository["sizeOf"]>[0]) => blobPath(layout, digest);
  return {
    store: createLayoutStore(layout, { shared: true }),
    uploads,
    sizeOf: (digest) => sizeToKeep(path(digest)),
    remove: (digest) => removeFile(path(digest)),
  };
}

async function isFile(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isFile() === true;
}

/** What stands below a folder: repositories, and names to which something was uploaded that is no repository yet. */
export interface FoundRepository {
  readonly name: string;
  readonly hasLayout: boolean;
}

/**
 * Looks through the folder, sorted by name.
 *
 * @throws {LadingError} `IO` where a folder cannot be read.
 */
export async function findRepositories(root: string): Promise<readonly FoundRepository[]> {
  const found: FoundRepository[] = [];
  await findBelow(root, [], found);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function findBelow(folder: string, parts: readonly string[], found: FoundRepository[]): Promise<void> {
  if (parts.length > MAX_DEPTH) return;
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw ioError(error, "list", folder);
  });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (parts.length > 0 && folders.some((name) => name === "_layout" || name === "_uploads")) {
    found.push({ name: parts.join("/"), hasLayout: await isFile(join(folder, "_layout", "oci-layout")) });
  }
  for (const name of folders) if (isRepository(name)) await findBelow(join(folder, name), [...parts, name], found);
}
