/**
 * The files of an OCI layout beside its blobs, read with care: `oci-layout`, `index.json`, and lading's own folder.
 *
 * @module
 */

import { join } from "node:path";
import { errnoOf, ioError, LadingError } from "../errors.js";
import type { Index } from "../oci/manifest.js";
import { files } from "../stream/files.js";
import { checkLayoutVersion, decodeLayoutIndex, EMPTY_INDEX, MAX_INDEX_BYTES } from "./layout-index.js";
import { makeFolder } from "./make-folder.js";

const MAX_VERSION_BYTES = 64 * 1024;

/** Where a layout keeps locks, temporary files and what else is lading's. */
export function hiddenFolder(root: string): string {
  return join(root, ".lading");
}

async function readSmall(path: string, limit: number, attempts = 4): Promise<Buffer | undefined> {
  try {
    const stats = await files.lstat(path);
    if (!stats.isFile()) {
      throw new LadingError("FORMAT", `Cannot read "${path}": it is not a regular file`, {
        wanted: "regular file",
        found: "something else",
        path,
      });
    }
    if (stats.size > limit) {
      const message = `Cannot read "${path}": it has ${stats.size} bytes, more than the ${limit} that are allowed`;
      throw new LadingError("TOO_LARGE", message, { what: path, limit, actual: stats.size });
    }
    return await files.readFile(path);
  } catch (error) {
    const code = errnoOf(error);
    // NFS says so when another host has replaced the file meanwhile.
    if (code === "ESTALE" && attempts > 1) return await readSmall(path, limit, attempts - 1);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw ioError(error, "read", path);
  }
}

/** Makes the folder for the lock and temporary files. Who else may write to the layout must not choose where that is. */
export async function makeHidden(folder: string): Promise<void> {
  await makeFolder(folder);
  if ((await files.lstat(folder)).isDirectory()) return;
  const message = `Cannot use "${folder}": it is a symbolic link, expected a folder; remove it`;
  throw new LadingError("FORMAT", message, { wanted: "folder", found: "symbolic link", path: folder });
}

/** True where there is a layout; checks that it is of the known version. */
export async function hasLayout(root: string): Promise<boolean> {
  const path = join(root, "oci-layout");
  const version = await readSmall(path, MAX_VERSION_BYTES);
  if (version !== undefined) checkLayoutVersion(version, path);
  return version !== undefined;
}

/** What the layout at `root` lists; undefined where there is no layout. */
export async function readLayoutIndex(root: string): Promise<Index | undefined> {
  const [versionPath, indexPath] = [join(root, "oci-layout"), join(root, "index.json")];
  const version = await readSmall(versionPath, MAX_VERSION_BYTES);
  const bytes = await readSmall(indexPath, MAX_INDEX_BYTES);
  if (version === undefined && bytes === undefined) return undefined;
  checkLayoutVersion(version ?? new Uint8Array(), versionPath);
  return bytes === undefined ? EMPTY_INDEX : decodeLayoutIndex(bytes, indexPath);
}
