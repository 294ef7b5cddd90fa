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
import type { PackageFile, PackageLayer } from "./package.js";
import { inFile, rememberSource, type StoreFileOptions, storeSource } from "./store-package.js";

export interface StoredTarball {
  /** The file's name without its folder. */
  readonly name: string;
  readonly layer: PackageLayer;
  readonly warnings: readonly string[];
}

function refuse({ path, head }: PackageFile): LadingError<"FORMAT"> {
  const found = describeContent(head);
  const wanted = "a tarball or a Debian package";
  const message = `Cannot build from "${path}": it is ${found}, wanted ${wanted}`;
  return new LadingError("FORMAT", message, { wanted, found, path });
}

/**
 * Puts a bare tarball into the store as a layer. A clean one is kept byte for byte.
 *
 * @returns undefined where the file is a package.
 * @throws {LadingError} `FORMAT` for a file that is neither, saying what it is; as `importPackages` for what is wrong inside.
 */
export async function storeTarball(
  store: Store,
  path: string,
  options: StoreFileOptions = {},
): Promise<StoredTarball | undefined> {
  const { signal } = options;
  const make = async (): Promise<StoredTarball | undefined> => {
    const file = await openPackageFile(path, { signal });
    if ((await formatOf(file)) !== undefined) return undefined;
    if (!isTarball(file)) throw refuse(file);
    const range = { start: 0, end: file.size };
    const source = { claims: {}, identity: file.identity, range, open: file.read, bare: true };
    const { layer, warnings } = await storeSource(store, path, source, options);
    return { name: basename(path), layer, warnings };
  };
  try {
    return (await rememberSource(store, path, ["tarball", basename(path)], options, make)).value;
  } catch (error) {
    throw isLadingError(error) ? inFile(error, path, "build from") : error;
  }
}
