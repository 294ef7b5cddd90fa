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
import { type Repositories, type Repository, removeFile } from "./repository.js";

/** Parts of a name that are looked into when repositories are listed. */
const MAX_DEPTH = 32;

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
  const opened = new Map<string, Repository>();
  return {
    async open(name, { create }) {
      if (!isRepository(name)) return undefined;
      const { layout, uploads } = repositoryFolders(root, name);
      // Asked each time, since the folder may go while the server runs.
      if (!create && !(await isFile(join(layout, "oci-layout")))) return undefined;
      const known = opened.get(name);
      if (known !== undefined) return known;
      const repository = createLayoutRepository(layout, uploads);
      opened.set(name, repository);
      return repository;
    },
    async prepare() {
      await makeFolder(root).catch((error) => {
        throw ioError(error, "serve", root);
      });
    },
    async list() {
      const names: string[] = [];
      await findLayouts(root, [], names);
      return names.sort();
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

async function findLayouts(folder: string, parts: readonly string[], names: string[]): Promise<void> {
  if (parts.length > MAX_DEPTH) return;
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw ioError(error, "list", folder);
  });
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    if (entry.name === "_layout" && parts.length > 0 && (await isFile(join(path, "oci-layout"))))
      names.push(parts.join("/"));
    else if (isRepository(entry.name)) await findLayouts(path, [...parts, entry.name], names);
  }
}
