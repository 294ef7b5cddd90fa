/**
 * A tarball without a document: no package, just a layer.
 *
 * @module
 */

import { basename } from "node:path";
import { isLadingError, LadingError } from "../errors.js";
import type { Store } from "../store/store.js";
import { describeContent } from "../stream/detect.js";
import { openPackageFile } from "./file.js";
import { formatOf } from "./formats/index.js";
import { isTarball } from "./formats/tarball.js";
import { type ImportOptions, inFile, storeSource } from "./import.js";
import { rememberFile } from "./import-cache.js";
import type { PackageLayer } from "./package.js";

/** What a file on disk is, for a build that was given files alone. */
export type FileKind = "package" | "tarball";

export interface StoredTarball {
  /** The file's name without its folder. */
  readonly name: string;
  readonly layer: PackageLayer;
  readonly warnings: readonly string[];
}

/** Is it a package or a bare tarball? Throws `FORMAT`, saying what it is, where it is neither. */
export async function fileKind(path: string): Promise<FileKind> {
  const file = await openPackageFile(path);
  if ((await formatOf(file)) !== undefined) return "package";
  if (isTarball(file)) return "tarball";
  const found = describeContent(file.head);
  const wanted = "a tarball or a Debian package";
  throw new LadingError("FORMAT", `Cannot build from "${path}": it is ${found}, wanted ${wanted}`, {
    wanted,
    found,
    path,
  });
}

/**
 * Puts a bare tarball into the store as a layer. A clean one is kept byte for byte.
 *
 * @throws {LadingError} as `importPackages` for what is wrong inside.
 */
export async function storeTarball(store: Store, path: string, options: ImportOptions = {}): Promise<StoredTarball> {
  const { signal, cache, compression, transform, limits } = options;
  const make = async (): Promise<StoredTarball> => {
    const file = await openPackageFile(path, { signal });
    const range = { start: 0, end: file.size };
    const source = { claims: {}, identity: file.identity, range, open: file.read, listDigests: false };
    const { layer, warnings } = await storeSource(store, path, source, options);
    return { name: basename(path), layer, warnings };
  };
  try {
    const how = [compression ?? null, limits ?? null, ...(transform === undefined ? [] : [transform])];
    const variant = ["tarball", basename(path), ...how];
    return (await rememberFile(store, path, { cache, variant, signal }, make)).value;
  } catch (error) {
    throw isLadingError(error) ? inFile(error, path, "build from") : error;
  }
}
